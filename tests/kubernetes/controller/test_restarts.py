"""Containers that end by themselves are counted in the status, and however often they do, few reports are written.

The pods are pretended: what a kubelet would say of them is written into their status.
"""

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.runtime import document

Phase = document.Phase
REPORTS = "patch installations/status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An installation that is ready, and the operator that cares for it."""

    operator: stages.Operator
    ordered: stages.Ordered

    def reports(self) -> int:
        """Return how many times a status was written."""
        return self.operator.writes()[REPORTS]

    async def pod(self) -> str:
        """Return where the pod of the workload `clock` is."""
        found = await self.ordered.objects()
        [name] = [
            name
            for (kind, name), each in found.items()
            if kind == "Pod" and each["metadata"]["labels"]["tenantry.dev/workload"] == "clock"
        ]
        return kinds.POD.path(self.ordered.namespace, name)

    async def say(self, path: str, restarts: int, *, is_ready: bool) -> None:
        """Let a pod say how often its container was started again, and whether it is ready."""
        status = (await self.ordered.api.get(path))["status"]
        ready = {"status": "True" if is_ready else "False"}
        conditions = [{**each, **ready} if each["type"] == "Ready" else each for each in status["conditions"]]
        containers = [{**each, "restartCount": restarts, "ready": is_ready} for each in status["containerStatuses"]]
        said = {"conditions": conditions, "containerStatuses": containers}
        await self.ordered.api.merge(f"{path}/status", {"status": said})


@pytest.fixture
async def scene(stage: stages.Stage) -> AsyncGenerator[Scene]:
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name))
    part = stages.Part()
    async with stage.operator(**part.settings()) as operator:
        ordered = await stage.order(name, namespace=part.namespace("acme"))
        await ordered.until(Phase.READY)
        yield Scene(operator=operator, ordered=ordered)


async def test_a_restart_is_told_while_it_is_unwell_and_after_it(scene: Scene) -> None:
    pod = await scene.pod()
    await scene.say(pod, 1, is_ready=False)
    await scene.ordered.until(Phase.DEGRADED, restarts=1)
    await scene.say(pod, 2, is_ready=True)
    await scene.ordered.until(Phase.READY, restarts=2)


async def test_a_pod_in_anothers_place_has_restarted_nothing(scene: Scene) -> None:
    pod = await scene.pod()
    await scene.say(pod, 3, is_ready=False)
    await scene.ordered.until(Phase.DEGRADED, restarts=3)
    await scene.ordered.api.delete(pod)
    await scene.ordered.until(Phase.READY, restarts=3)
    await scene.say(await scene.pod(), 1, is_ready=False)
    await scene.ordered.until(Phase.DEGRADED, restarts=4)


async def test_one_that_restarts_and_stays_unwell_costs_no_report_each_time(scene: Scene) -> None:
    pod = await scene.pod()
    await scene.say(pod, 1, is_ready=False)
    await scene.ordered.until(Phase.DEGRADED, restarts=1)
    before = scene.reports()
    for number in range(2, 12):
        await scene.say(pod, number, is_ready=False)
    assert scene.reports() == before
    await scene.say(pod, 12, is_ready=True)
    await scene.ordered.until(Phase.READY, restarts=12)


async def test_one_that_goes_up_and_down_costs_less_than_a_report_a_second(scene: Scene) -> None:
    pod = await scene.pod()
    await scene.say(pod, 1, is_ready=False)
    await scene.ordered.until(Phase.DEGRADED, restarts=1)
    before, begun = scene.reports(), time.monotonic()
    for number in range(1, 16):
        await scene.say(pod, number, is_ready=True)
        await scene.say(pod, number + 1, is_ready=False)
    await scene.say(pod, 16, is_ready=True)
    await scene.ordered.until(Phase.READY, within=timedelta(seconds=90), restarts=16)
    assert scene.reports() - before <= time.monotonic() - begun + 1
