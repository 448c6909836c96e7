"""What happens to installations while parts of the control plane die or stand still, in a cluster of their own."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
import pytest_asyncio

from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.runtime import document
from testbed import cache
from testbed import cluster as clusters

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN = timedelta(seconds=90)
MANY = 3
NODE_LEASES = "kube-node-lease"
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


@pytest.mark.parametrize("program", ["kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler"])
async def test_one_that_is_killed_holds_nothing_up_for_good(stage: stages.Stage, program: str) -> None:
    ordered = await begun(stage)
    await stage.up.programs.kill(program)
    await stage.up.programs.start(program)
    await look_anew(stage)
    await are_ready(ordered)


@pytest.mark.parametrize("program", ["kube-apiserver", "etcd"])
async def test_one_that_stands_still_holds_nothing_up_for_good(stage: stages.Stage, program: str) -> None:
    ordered = await begun(stage)
    stage.up.programs.freeze(program)
    try:
        late = asyncio.create_task(stage.order("tiny", namespace=stages.fresh("acme")))
        done, _ = await asyncio.wait({late}, timeout=PAUSE)
        assert not done
    finally:
        stage.up.programs.thaw(program)
    await look_anew(stage)
    await are_ready([*ordered, await late])


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
        await each.until(document.Phase.READY, within=WITHIN)
    made = [kind for kind, _ in await ordered[0].objects()]
    assert (made.count("Deployment"), made.count("Job")) == (2, 3)
