"""The page that says how a cluster is registered: what it writes is the account's own kubeconfig, and is taken."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from support import charts_reader as readers
from tenantry.provisioner.adapters.kubernetes import kubeconfig
from testbed import cluster as clusters

PAGE = readers.Page("register-a-kubernetes-cluster.md")
_GONE = """
kubectl delete clusterrolebinding tenantry-provisioner --ignore-not-found
kubectl delete namespace tenantry-provisioner --ignore-not-found
"""


@pytest.fixture
async def reader(cluster: clusters.Cluster, kubectl: Path, tmp_path: Path) -> AsyncGenerator[readers.Reader]:
    """Somebody who may do everything in the shared cluster, and leaves nothing of the account there."""
    made = readers.Reader(tmp_path, cluster.kubeconfig, [kubectl])
    yield made
    await made.run(_GONE)


async def test_it_leads_to_a_kubeconfig_of_the_accounts_own(
    reader: readers.Reader, cluster: clusters.Cluster, tmp_path: Path
) -> None:
    said = await reader.run(PAGE.commands("2. Make an account for the provisioner", {}))
    assert said.splitlines()[-1].startswith("Renew it before 20")
    file = tmp_path / "eu-1.kubeconfig"
    assert kubeconfig.finder()(file.read_text()) == cluster.endpoint
    whoever = f"kubectl --kubeconfig {file.name} auth"
    assert "system:serviceaccount:tenantry-provisioner:provisioner" in await reader.run(f"{whoever} whoami")
    asked = (f"{whoever} can-i list pods", f"{whoever} can-i get secrets || true")
    assert [(await reader.run(each)).strip() for each in asked] == ["yes", "no"]
