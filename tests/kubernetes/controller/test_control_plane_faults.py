"""What happens to installations while parts of the control plane die or stand still, in a cluster of their own."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.runtime import document
from testbed import cache
from testbed import cluster as clusters

pytestmark = pytest.mark.asyncio(loop_scope="module")

Phase = document.Phase
WITHIN = timedelta(seconds=90)
MANY = 3
NODE_LEASES = "kube-node-lease"
CONTROLLERS = "kube-controller-manager"
PAUSE = 2
"""Seconds that a program stands still at least."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(control_plane: cache.Cache, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[stages.Stage]:
    del control_plane
    async with clusters.running(tmp_path_factory.mktemp("cluster"), nodes=1) as up, up.connected() as api:
        made = stages.Stage(up, api)
        await made.prepare()
        await made.offer(stages.application("tiny", jobs=stages.JOBS))
        async with made.operator():
            yield made


class Changes:
    """Installations of which each is on its way to something else; nothing has come to its end yet."""

    def __init__(self, stage: stages.Stage) -> None:
        """Take the cluster."""
        self._stage = stage
        self._before: dict[str, Any] = {}
        self._ordered: dict[str, stages.Ordered] = {}

    async def prepare(self) -> None:
        """Have what can be updated, put to sleep, woken and deleted."""
        for change in ("update", "sleep", "wake", "delete"):
            self._ordered[change] = await self._stage.order("tiny", namespace=stages.fresh(change))
        for each in self._ordered.values():
            await each.until(Phase.READY, within=WITHIN)
        await self._ordered["wake"].want(runPolicy="Asleep")
        await self._ordered["wake"].until(Phase.ASLEEP, within=WITHIN)

    async def begin(self) -> None:
        """Ask for every change at once, and wait until the operator has begun with each."""
        self._before = {change: await each.contents() for change, each in self._ordered.items()}
        self._ordered["make"] = await self._stage.order("tiny", namespace=stages.fresh("make"))
        await self._ordered["update"].want(version="1.1")
        await self._ordered["sleep"].want(runPolicy="Asleep")
        await self._ordered["wake"].want(runPolicy="Running")
        await self._ordered["delete"].delete()
        await stages.eventually(self._have_begun)

    async def _have_begun(self) -> bool:
        return all([await each.contents() != self._before.get(change, {}) for change, each in self._ordered.items()])

    async def come_to_their_end(self) -> None:
        """Wait until everything is as wanted, with nothing left, nothing made twice and nothing run twice."""
        ends = {"make": "1.0", "update": "1.1", "sleep": None, "wake": "1.0"}
        for change, version in ends.items():
            phase = Phase.READY if version else Phase.ASLEEP
            await self._ordered[change].until(phase, within=WITHIN, serving_version=version)
            made = [kind for kind, _ in await self._ordered[change].objects()]
            assert made.count("Deployment") == 2
            ran = await self._ordered[change].jobs()
            once = {"initialise": 1, "first-administrator": 1, "migrate": 1 if change == "update" else 0}
            assert {name: ran[name] for name in once} == once
        await self._ordered["delete"].gone(within=WITHIN)
        await stages.eventually(self._is_nothing_left)

    async def _is_nothing_left(self) -> bool:
        return not await self._ordered["delete"].objects()


@pytest.mark.parametrize("program", ["kube-apiserver", "etcd", CONTROLLERS, "kube-scheduler"])
async def test_one_that_is_killed_holds_nothing_up_for_good(stage: stages.Stage, program: str) -> None:
    """Installations are made, updated, put to sleep, woken and deleted meanwhile."""
    changes = Changes(stage)
    await changes.prepare()
    with frozen(stage, CONTROLLERS):
        await changes.begin()
        await stage.up.programs.kill(program)
        await stage.up.programs.start(program)
    await look_anew(stage)
    await changes.come_to_their_end()


@pytest.mark.parametrize("program", ["kube-apiserver", "etcd"])
async def test_one_that_stands_still_holds_nothing_up_for_good(stage: stages.Stage, program: str) -> None:
    ordered = await begun(stage)
    with frozen(stage, program):
        late = asyncio.create_task(stage.order("tiny", namespace=stages.fresh("acme")))
        done, _ = await asyncio.wait({late}, timeout=PAUSE)
        assert not done
    await look_anew(stage)
    await are_ready([*ordered, await late])


@contextmanager
def frozen(stage: stages.Stage, program: str) -> Generator[None]:
    """Let a program stand still until the block ends."""
    stage.up.programs.freeze(program)
    try:
        yield
    finally:
        stage.up.programs.thaw(program)


async def begun(stage: stages.Stage) -> list[stages.Ordered]:
    """Order installations, and let the first of them have begun."""
    ordered = [await stage.order("tiny", namespace=stages.fresh("acme")) for _ in range(MANY)]

    async def has_begun() -> bool:
        return bool(await ordered[0].objects())

    await stages.eventually(has_begun)
    return ordered


async def look_anew(stage: stages.Stage) -> None:
    """Let the pretended nodes look at all pods: unlike a kubelet, kwok never tries again what could not be written.

    It does not give back the leases of its nodes, for whose end another would wait.
    """
    await stage.up.programs.stop("kwok")
    for each in await stage.api.items(kinds.LEASE.path(NODE_LEASES)):
        await stage.api.delete(kinds.LEASE.path(NODE_LEASES, each["metadata"]["name"]))
    await stage.up.programs.start("kwok")


async def are_ready(ordered: list[stages.Ordered]) -> None:
    """Wait until they are ready, with nothing made twice."""
    for each in ordered:
        await each.until(Phase.READY, within=WITHIN)
    made = [kind for kind, _ in await ordered[0].objects()]
    assert (made.count("Deployment"), made.count("Job")) == (2, 3)
