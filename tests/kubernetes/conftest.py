"""A real Kubernetes for the session; a test that needs a part that is not built is skipped, and the part is named.

Nothing is built here, since that takes minutes: `make test-kubernetes` does it. Tests share one cluster and keep to
namespaces of their own; those that end or freeze programs bring up a cluster of their own with `testbed.cluster`.
"""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from support import node_fixtures
from tenantry.kernel import randomness
from testbed import building, cache, parts
from testbed import cluster as clusters
from testbed.api import Api

HERE = Path(__file__).parent
_NODES = 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.kubernetes)


def require(wanted: Sequence[parts.Part]) -> cache.Cache:
    """Return the cache with these parts, or skip and name those that are missing."""
    kept = cache.Cache(cache.default_folder())
    try:
        building.require(wanted, kept)
    except building.PartsMissingError as error:
        pytest.skip(f"{error.message} {error.advice}")
    return kept


@pytest.fixture(scope="session")
def api_server() -> cache.Cache:
    """The built programs of an API server alone."""
    return require(parts.NEEDED[parts.Level.API])


@pytest.fixture(scope="session")
def control_plane() -> cache.Cache:
    """The built programs of a control plane."""
    return require(parts.NEEDED[parts.Level.CONTROLLERS])


@pytest.fixture(scope="session")
def definitions_there() -> cache.Cache:
    """The custom resource definitions of others."""
    return require(parts.DEFINITIONS)


@pytest.fixture(scope="session")
def kubectl() -> Path:
    """The path of kubectl."""
    return require([parts.KUBECTL]).place(parts.KUBECTL) / parts.KUBECTL.name


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster() -> AsyncGenerator[clusters.Cluster]:
    """A cluster with controllers and pretended nodes, for the whole session."""
    require(parts.NEEDED[parts.Level.CONTROLLERS])
    folder = Path(tempfile.mkdtemp(prefix="tenantry-cluster-", dir="/tmp"))
    async with clusters.running(folder, nodes=_NODES) as up:
        yield up
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bare_cluster() -> AsyncGenerator[clusters.Cluster]:
    """An API server alone, for the whole session: it checks and keeps what it is told, and nothing acts on it."""
    require(parts.NEEDED[parts.Level.API])
    folder = Path(tempfile.mkdtemp(prefix="tenantry-cluster-", dir="/tmp"))
    async with clusters.running(folder, level=clusters.Level.API) as up:
        yield up
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def real_parts() -> cache.Cache:
    """The built and the system's programs of a real node."""
    return node_fixtures.require_node()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for a cluster of the test's own."""
    made = Path(tempfile.mkdtemp(prefix="tenantry-cluster-", dir="/tmp"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
async def api(cluster: clusters.Cluster) -> AsyncGenerator[Api]:
    """A connection to the shared cluster as its administrator."""
    async with cluster.connected() as connected:
        yield connected


@pytest.fixture
async def namespace(api: Api) -> AsyncGenerator[str]:
    """A namespace of the test's own in the shared cluster."""
    name = f"test-{randomness.SystemRandomness().token_bytes(4).hex()}"
    await api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    await api.delete(f"/api/v1/namespaces/{name}")
