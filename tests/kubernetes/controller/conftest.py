from collections.abc import AsyncGenerator

import pytest

from support import operator_reach, operator_stage
from tenantry.kernel import randomness
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import kinds
from testbed import cluster as clusters


@pytest.fixture
async def client(bare_cluster: clusters.Cluster) -> AsyncGenerator[clients.Client]:
    """The operator's client, as the administrator of an API server that nothing acts on."""
    allowed = operator_reach.all_of(
        kinds.NAMESPACE, kinds.CONFIG_MAP, kinds.SECRET, kinds.SERVICE, kinds.DEPLOYMENT, kinds.STATEFUL_SET
    )
    async with operator_reach.connected(bare_cluster.kubeconfig, allowed) as connected:
        yield connected


@pytest.fixture
async def space(client: clients.Client) -> str:
    """A namespace of the test's own on that API server."""
    name = f"test-{randomness.SystemRandomness().token_bytes(4).hex()}"
    await client.create(kinds.NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


@pytest.fixture
async def stage(cluster: clusters.Cluster) -> AsyncGenerator[operator_stage.Stage]:
    """The shared cluster, made ready for the operator."""
    async with cluster.connected() as api:
        made = operator_stage.Stage(cluster, api)
        await made.prepare()
        yield made
