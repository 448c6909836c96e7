"""What befalls pods, and what a person reads of it in the condition of the installation.

The pods are pretended: kwok plays those whose image has a fate, and what a kubelet would say of others is written into
their status.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from support import operator_pods as pods
from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.operator.controller import troubles
from tenantry.runtime import document
from testbed import api as apis

Phase = document.Phase
WORKLOADS_READY = document.ConditionType.WORKLOADS_READY
_NOT_NOW = (404, 409, 429)
"""Gone already, changed meanwhile, or its budget allows no more."""
SOON = troubles.SLOW + timedelta(seconds=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An operator for a part of the namespaces, and the cluster."""

    stage: stages.Stage
    part: stages.Part

    async def order(self, **spec: Any) -> stages.Ordered:
        """Order an installation of an application of the test's own."""
        name = stages.fresh("tiny")
        await self.stage.offer(stages.application(name, **spec))
        return await self.stage.order(name, namespace=self.part.namespace("acme"))

    async def ready(self) -> stages.Ordered:
        """Order an installation and wait until it is ready."""
        ordered = await self.order()
        await ordered.until(Phase.READY)
        return ordered


@pytest.fixture
async def scene(stage: stages.Stage) -> AsyncGenerator[Scene]:
    part = stages.Part()
    async with stage.operator(**part.settings()):
        yield Scene(stage=stage, part=part)


async def clock_of(ordered: stages.Ordered) -> pods.Pod:
    """Return the newest pod of the workload `clock`."""
    return await pods.newest(ordered.api, ordered.namespace, "clock")


async def test_a_start_that_cannot_end_well_says_why_before_it_is_given_up(scene: Scene) -> None:
    """Three at once: an image that is not there, a program that never answers, one that ends again and again."""
    told = {"missing-image": "ImagePullBackOff", "never-ready": "readiness check", "crashing": "CrashLoopBackOff"}
    ordered = {
        fate: await scene.order(versions=[{"version": "1.0", "image": f"registry.test/{fate}:1"}]) for fate in told
    }
    for fate, words in told.items():
        found = await ordered[fate].says(WORKLOADS_READY, words, within=SOON)
        assert found.reason == "Starting"
        await ordered[fate].until(Phase.PROGRESSING)


async def test_one_that_took_too_much_memory_says_so(scene: Scene) -> None:
    ordered = await scene.ready()
    pod = await clock_of(ordered)
    await pods.fail(ordered.api, pod, containers=pods.OUT_OF_MEMORY)
    found = await ordered.says(WORKLOADS_READY, "acme-clock", "CrashLoopBackOff", "OOMKilled")
    assert found.reason == "Restarting"
    status = await ordered.until(Phase.DEGRADED)
    assert status.restarts == 1
    await ordered.api.delete(pods.path(pod))
    await ordered.until(Phase.READY)


async def test_one_that_was_evicted_is_replaced_and_says_why_until_then(scene: Scene) -> None:
    ordered = await scene.ready()
    pod = await clock_of(ordered)
    async with pods.everywhere_cordoned(scene.stage.api):
        message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi."
        await pods.fail(ordered.api, pod, phase="Failed", reason="Evicted", message=message)
        await ordered.says(
            WORKLOADS_READY, "acme-clock", "Evicted", "low on resource: memory", within=2 * troubles.AGAIN
        )
    await ordered.until(Phase.READY)
    assert (await clock_of(ordered))["metadata"]["uid"] != pod["metadata"]["uid"]


async def test_a_node_that_is_drained_during_a_rollout_holds_nothing_up(scene: Scene) -> None:
    ordered = await scene.ready()
    node = (await clock_of(ordered))["spec"]["nodeName"]
    await ordered.want(version="1.1")
    async with drained(ordered, node):
        status = await ordered.until(Phase.READY)
        assert status.serving_version == "1.1"
        assert (await clock_of(ordered))["spec"]["nodeName"] != node


@asynccontextmanager
async def drained(ordered: stages.Ordered, node: str) -> AsyncGenerator[None]:
    """Send every pod of the installation away from a node, and let it take no other, as `kubectl drain` does."""
    api = ordered.api
    try:
        await pods.cordon(api, node, is_so=True)

        async def is_empty() -> bool:
            left = await api.items(f"{kinds.POD.path(ordered.namespace)}?fieldSelector=spec.nodeName={node}")
            for each in left:
                if each["metadata"].get("deletionTimestamp") is None:
                    await evict(api, each)
            return not left

        await stages.eventually(is_empty)
        yield
    finally:
        await pods.cordon(api, node, is_so=False)


async def evict(api: apis.Api, pod: pods.Pod) -> None:
    """Ask for a pod to go; a budget may say: not now."""
    about = {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
    asked = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": about}
    try:
        await api.create(pods.path(pod, "eviction"), asked)
    except apis.ApiError as error:
        if error.answer not in _NOT_NOW:
            raise
