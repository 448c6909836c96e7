"""A real PostgreSQL for provisioners that reach a real Kubernetes, and an operator that acts there."""

from collections.abc import AsyncGenerator

import pytest

from integration.conftest import postgres_server
from integration.provisioner.conftest import migrated, place
from support import operator_stage
from testbed import cluster as clusters

__all__ = ["migrated", "place", "postgres_server"]


@pytest.fixture
async def stage(cluster: clusters.Cluster) -> AsyncGenerator[operator_stage.Stage]:
    """The shared cluster with an operator under exactly its role."""
    async with cluster.connected() as api:
        made = operator_stage.Stage(cluster, api)
        await made.prepare()
        async with made.operator():
            yield made
