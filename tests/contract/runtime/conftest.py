"""Whoever runs installations, as the contract suite sees it: the agent of one machine, and the operator on Kubernetes.

Tests say what both promise, in the words of `runtime_stage`. What only one of them has is tested where it is: limits of
open files, users and processes in `tests/integration/agent`, objects, roles and nodes in `tests/kubernetes`.
"""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from support import cluster_stage, runtime_stage
from support.agent_fixtures import package_cache
from support.agent_fixtures import stage as agent
from testbed import cluster as clusters

__all__ = ["agent", "package_cache"]

HERE = Path(__file__).parent
KUBERNETES = [pytest.mark.kubernetes, pytest.mark.xdist_group("node_cluster"), pytest.mark.timeout(300)]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kubernetes(
    node_cluster: clusters.Cluster,
    python_image: str,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> AsyncGenerator[cluster_stage.Stage]:
    """A real node with an operator that knows the tiny application."""
    ahead = sum(_takes_ready(item) for item in request.session.items)
    folder = tmp_path_factory.mktemp("stage")
    async with cluster_stage.opened(node_cluster, python_image, folder, ahead=ahead) as opened:
        yield opened


@pytest.fixture(
    scope="module",
    params=[pytest.param("agent", marks=pytest.mark.embedded), pytest.param("kubernetes", marks=KUBERNETES)],
)
def stage(request: pytest.FixtureRequest) -> runtime_stage.Stage:
    """Each of them in turn."""
    return request.getfixturevalue(request.param)


@pytest_asyncio.fixture(loop_scope="module")
async def name(stage: runtime_stage.Stage) -> AsyncGenerator[str]:
    """The name of an installation that nobody has ordered; it is removed afterwards."""
    chosen = runtime_stage.fresh()
    yield chosen
    await stage.runtime.delete(chosen)


@pytest_asyncio.fixture(loop_scope="module")
async def ready(stage: runtime_stage.Stage) -> AsyncGenerator[str]:
    """The name of an installation that is ready; it is removed afterwards."""
    taken = await stage.take_ready()
    yield taken
    await stage.runtime.delete(taken)


def _takes_ready(item: pytest.Item) -> bool:
    used: list[str] = getattr(item, "fixturenames", [])
    return item.path.parent == HERE and "ready" in used and item.get_closest_marker("kubernetes") is not None
