"""What holds for every ring: which tests share a worker, which are tried again, and how they leave the process."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from _pytest import nodeid

from support.node_fixtures import node_cluster, python_image

__all__ = ["node_cluster", "python_image"]

HERE = Path(__file__).parent
REAL = frozenset({"acceptance", "browser", "integration", "kubernetes"})
"""Rings whose tests run several programs, and are tried once more where they fail (docs/decisions/0019).

So is whatever runs on a cluster that is shared, in any ring.
"""
CLUSTERS = ("node_cluster", "cluster", "bare_cluster")
"""What takes longest to make, and the tests that use it longest to run: they begin first."""

hypothesis.settings.register_profile(
    "unhurried", hypothesis.settings(), deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep in one worker what shares a cluster or the servers of a folder, and begin with what takes longest."""
    together = [(_shares(item), item) for item in items]
    has_workers = bool(config.getoption("loadgroup", False))
    for name, item in together:
        if has_workers:
            _keep_together(item, name)
        if name in CLUSTERS or item.path.relative_to(HERE).parts[0] in REAL:
            item.add_marker(pytest.mark.flaky(reruns=1))
    first = {name: place for place, name in enumerate(CLUSTERS)}
    together.sort(key=lambda each: first.get(each[0], len(first)))
    items[:] = [item for _, item in together]


def _keep_together(item: pytest.Item, name: str) -> None:
    """Say it at the end of the test's identifier, where xdist reads it; since pytest 9.2 it fails to write it there."""
    item._id = nodeid.NodeId.parse(f"{item.nodeid}@{name}")  # pyright: ignore[reportPrivateUsage] - there is no other way


def _shares(item: pytest.Item) -> str:
    said = item.get_closest_marker("xdist_group")
    if said is not None:
        return str(said.args[0])
    used: list[str] = getattr(item, "fixturenames", [])
    for each in CLUSTERS:
        if each in used:
            return each
    place = item.path.relative_to(HERE)
    return str(place if place.parts[0] in {"kubernetes", "unit"} else place.parent)


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Bringing a stack up within the process tightens the umask; the next test must not inherit that."""
    before = os.umask(0o022)
    yield
    os.umask(before)
