from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from integration.conftest import postgres_server
from integration.provisioner.conftest import migrated, place
from support import charts_helm, charts_site, node_backing
from support import operator_stage as stages
from testbed import archive, building, cache, parts
from testbed import cluster as clusters

__all__ = ["migrated", "place", "postgres_server"]

LAST = Path(__file__).with_name("test_selling.py")
"""From an empty cluster to a customer: the end of all tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path == LAST)


@pytest.fixture(scope="session")
def helm_program() -> Path:
    try:
        return charts_helm.find()
    except building.PartsMissingError as error:
        pytest.skip(f"{error.message} {error.advice}")


@pytest.fixture(scope="session")
def helm_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("helm")


@pytest.fixture(scope="session")
def helm(helm_program: Path, helm_home: Path) -> charts_helm.Helm:
    """Helm without a cluster."""
    return charts_helm.Helm(helm_program, helm_home)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def empty_cluster(
    helm_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[clusters.Cluster]:
    """A cluster with controllers and pretended nodes: what charts bring is all that is there."""
    assert helm_program
    try:
        building.require(parts.NEEDED[parts.Level.CONTROLLERS], cache.Cache(cache.default_folder()))
    except building.PartsMissingError as error:
        pytest.skip(f"{error.message} {error.advice}")
    async with clusters.running(tmp_path_factory.mktemp("cluster"), nodes=2) as up:
        yield up


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def our_image(helm_program: Path, node_cluster: clusters.Cluster) -> AsyncGenerator[archive.Written]:
    """Our image, on the node."""
    assert helm_program
    with charts_site.scratch() as folder:
        yield await charts_site.our_image(node_cluster, folder)


@pytest.fixture
async def site(
    helm_program: Path, helm_home: Path, node_cluster: clusters.Cluster, our_image: archive.Written
) -> AsyncGenerator[charts_site.Site]:
    """A real node with our image and all its room, where nobody installed a chart before."""
    helm = charts_helm.Helm(helm_program, helm_home, node_cluster.kubeconfig)
    async with node_cluster.connected() as api:
        made = charts_site.Site(up=node_cluster, api=api, helm=helm, image=our_image)
        await stages.eventually(made.is_free, within=timedelta(seconds=90), about=made.others)
        await made.forget_definitions()
        yield made


@pytest.fixture
def postgres() -> Iterator[node_backing.Postgres]:
    with node_backing.postgres() as running:
        yield running
