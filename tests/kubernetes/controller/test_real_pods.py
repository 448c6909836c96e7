"""What befalls pods on a real node, in the words of a real kubelet: an image that is not there, too little memory."""

import functools
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from support import operator_everything as everything
from support import operator_stage as stages
from tenantry.application import manifest
from tenantry.kubernetes import kinds
from tenantry.runtime import document
from testbed import cluster as clusters

Phase = document.Phase
WORKLOADS_READY = document.ConditionType.WORKLOADS_READY
WITHIN = timedelta(seconds=90)
MISSING = "registry.test/nowhere:1"
EATING = """
kept = []
while True:
    kept.append(b"x" * (1 << 20))
"""
"""Takes more and more memory, and writes to all of it."""
SAYS: Mapping[str, tuple[str, ...]] = {"absent": ("ImagePull", MISSING), "hungry": ("OOMKilled, exit status 137.",)}
"""What is to be read of each."""


def application(name: str, image: str) -> manifest.Application:
    """Return an application of one program that eats memory, and that is not waited for longer than need be."""
    web = {
        "name": "web",
        "command": ["python3", "-u", "-c", EATING],
        "ports": [{"name": "http"}],
        "readiness": {"http": {"port": "http"}},
        "startup": {"timeout": "15s"},
    }
    return stages.application(
        name,
        versions=[{"version": "1.0", "image": image}],
        files=[],
        settings={},
        workloads=[web],
        sizes=[{"name": "small", "workloads": {"web": {"cpu": "10m", "memory": "32Mi"}}}],
    )


@pytest.fixture
async def stage(node_cluster: clusters.Cluster) -> AsyncGenerator[stages.Stage]:
    async with node_cluster.connected() as api:
        made = stages.Stage(node_cluster, api)
        async with made.prepared():
            yield made


@asynccontextmanager
async def ordered(stage: stages.Stage, part: stages.Part, image: str) -> AsyncGenerator[stages.Ordered]:
    """Order an installation of an image, and leave nothing of it."""
    name = stages.fresh("doomed")
    await stage.offer(application(name, image))
    made = await stage.order(name, namespace=part.namespace("acme"))
    try:
        yield made
    finally:
        await made.delete()
        await made.gone(within=WITHIN)
        await stage.api.delete(kinds.NAMESPACE.path(None, made.namespace))


async def test_a_start_that_a_real_node_cannot_bring_about_says_why(
    stage: stages.Stage, python_image: str, kubectl: Path, tmp_path: Path
) -> None:
    """Both at once, since each takes its time: in the condition, and in the Events that `kubectl describe` lists."""
    part = stages.Part()
    facts = everything.facts_file(tmp_path, {"pull_seconds": 0})
    async with (
        stage.operator(facts_file=facts, **part.settings()),
        ordered(stage, part, MISSING) as absent,
        ordered(stage, part, python_image) as hungry,
    ):
        for name, each in (("absent", absent), ("hungry", hungry)):
            told = await each.says(WORKLOADS_READY, *SAYS[name], within=WITHIN)
            assert told.reason == "StartTimedOut"
            await each.until(Phase.FAILED)
            words = ("Warning StartTimedOut", *SAYS[name])
            await stages.eventually(functools.partial(has_events, stage, each, kubectl, words))


async def has_events(stage: stages.Stage, each: stages.Ordered, kubectl: Path, words: tuple[str, ...]) -> bool:
    """Tell whether all of this is to be read among the Events, which are written beside the status."""
    _, _, events = (await stages.described(stage.up, each, kubectl)).partition("Events:")
    return all(word in events for word in words)
