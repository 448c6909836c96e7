"""The provisioner is killed while it works on a real cluster: the next one finishes, and nothing is there twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from pydantic import SecretStr

from support import operator_stage, provisioner_stage
from support import provisioner_lives as lives
from tenantry.kubernetes import documents, kinds
from tenantry.provisioner import tables
from tenantry.wire import infrastructure, installations
from testbed import api as apis

Status = installations.Status
WITHIN = timedelta(seconds=90)
HELD = "tests.tenantry.dev/held"
"""Finaliser of an installation that does not go before the test says so."""


@pytest.fixture
async def asked(place: provisioner_stage.Place, stage: operator_stage.Stage) -> AsyncGenerator[provisioner_stage.Stage]:
    """A provisioner's API that knows the cluster; what it is asked for, programs of their own carry out."""
    async with provisioner_stage.opened(place, supervised=[]) as opened:
        kubeconfig = SecretStr(await asyncio.to_thread(stage.up.kubeconfig.read_text))
        request = infrastructure.RegisterCluster(name="k8s", kind="kubernetes", kubeconfig=kubeconfig)
        await opened.client.clusters.register(request)
        await opened.client.applications.apply(operator_stage.application("tiny", defaultVersion="1.0"))
        yield opened


@asynccontextmanager
async def life(asked: provisioner_stage.Stage) -> AsyncGenerator[None]:
    """Run a provisioner until the block ends; then it is killed, and time passes."""
    async with provisioner_stage.program(asked.place):
        yield
    await lives.let_leases_end(asked, tables.WATCHES, tables.CLUSTERS, tables.PREPARATIONS)


async def told(asked: provisioner_stage.Stage) -> Counter[str]:
    """Return how often each kind of event was written."""
    async with asked.program.services.base.read() as reader:
        return Counter(each.type for each in await reader.execute(tables.EVENTS.select()))


async def test_one_that_was_killed_midway_is_followed_by_one_that_finishes(
    asked: provisioner_stage.Stage, stage: operator_stage.Stage
) -> None:
    """The first as soon as the cluster has it, and the second when it is about to go, but for the test."""
    made = await asked.create("acme")
    path = kinds.INSTALLATION.path(made.id, made.id)
    async with life(asked):
        await operator_stage.eventually(lambda: stage.api.has(path), within=WITHIN)
    assert await status(asked, made.id) is Status.PROVISIONING
    before = await stage.api.get(path)
    async with life(asked):
        await asked.until(made.id, Status.STABLE, seconds=WITHIN.total_seconds())
        after = await hold(stage, path)
        assert after["metadata"]["uid"] == before["metadata"]["uid"]
        await asked.client.installations.delete("acme", grace_seconds=0)
        await operator_stage.eventually(lambda: is_only_held(stage, path))
    assert await status(asked, made.id) is Status.DELETING
    await stage.api.merge(path, {"metadata": {"finalizers": None}})
    async with life(asked):
        await asked.until(made.id, Status.DELETED, seconds=WITHIN.total_seconds())
        await operator_stage.eventually(lambda: is_gone(stage, made.id), within=WITHIN)
    events = await told(asked)
    assert (events["installation.created"], events["installation.deleted"]) == (1, 1)


async def status(asked: provisioner_stage.Stage, identifier: str) -> Status:
    """Return the status of an installation."""
    return (await asked.client.installations.get(identifier)).status


async def hold(stage: operator_stage.Stage, path: str) -> apis.Object:
    """Let an installation not go, whatever is asked for, and return it."""
    return await stage.api.merge(path, {"metadata": {"finalizers": [documents.FINALISER, HELD]}})


async def is_only_held(stage: operator_stage.Stage, path: str) -> bool:
    """Tell whether nothing but the test keeps an installation any more."""
    return (await stage.api.get(path))["metadata"].get("finalizers") == [HELD]


async def is_gone(stage: operator_stage.Stage, name: str) -> bool:
    """Tell whether there is no such namespace."""
    return not await stage.api.has(kinds.NAMESPACE.path(name=name))
