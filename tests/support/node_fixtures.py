"""A cluster with a real node for the session, shared by all rings whose tests need pods that run.

Whatever has to be the same for all of them is defined once for the whole suite: a fixture that two rings define would
bring up two clusters.
"""

import shutil
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from support import node_python
from testbed import building, cache, parts, requirements
from testbed import cluster as clusters


def require_node() -> cache.Cache:
    """Return the cache with all that a real node needs, or skip and name what is missing, built or the system's."""
    kept = cache.Cache(cache.default_folder())
    try:
        requirements.check(parts.Level.NODE, kept)
    except building.PartsMissingError as error:
        pytest.skip(f"{error.message} {error.advice}")
    return kept


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def node_cluster() -> AsyncGenerator[clusters.Cluster]:
    """A cluster with one real node, for the whole session: pods run, in a network of their own."""
    require_node()
    folder = Path(tempfile.mkdtemp(prefix="tenantry-cluster-", dir="/tmp"))
    async with clusters.running(folder, level=clusters.Level.NODE) as up:
        yield up
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def python_image(node_cluster: clusters.Cluster) -> str:
    """The reference of an image with nothing but a Python, on the node."""
    return await node_python.image(node_cluster)
