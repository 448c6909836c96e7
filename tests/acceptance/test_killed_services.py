"""Our own services killed in the middle of an order: everything converges, and nothing exists twice."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from demo import journey
from tenantry.client import provisioner as clients
from tenantry.kernel import errors
from tenantry.local import credentials
from tenantry.local.stack import Stack
from tenantry.wire import installations as wire

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(400)]


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


async def _kill(stack: Stack, *parts: str) -> None:
    programs = await stack.supervisor.programs()
    for part in parts:
        pid = programs[part].pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


async def _insist(provisioner: clients.Provisioner, request: wire.CreateInstallation) -> wire.Installation:
    """Send the same order until the provisioner is back, as the portal does."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await provisioner.installations.create(request, key="order-1")
            except errors.TemporaryError:
                await asyncio.sleep(0.1)


async def _until_stable(provisioner: clients.Provisioner, name: str) -> wire.Installation:
    async with asyncio.timeout(90):
        while (seen := await provisioner.installations.get(name)).status is not wire.Status.STABLE:  # noqa: ASYNC110 - no event crosses processes
            await asyncio.sleep(0.1)
        return seen


async def _until_one_serves(stack: Stack) -> None:
    """Wait until only one of the workloads is somebody's; others wait for somebody, and are being made meanwhile."""
    async with asyncio.timeout(60):
        while len(await _inhabited(stack)) != 1:  # noqa: ASYNC110 - no event crosses processes
            await asyncio.sleep(0.1)


async def _inhabited(stack: Stack) -> set[str]:
    slots = {name.split(".")[1] for name in await stack.supervisor.programs() if name.startswith("ins.")}
    connector = aiohttp.UnixConnector(str(stack.layout.socket("agent")))
    async with aiohttp.ClientSession(connector=connector) as session, session.get("http://agent/metrics") as answer:
        waiting = re.findall(r'^tenantry_agent_standbys{.*slot="([^"]+)"}', await answer.text(), re.MULTILINE)
    return slots - set(waiting)


@pytest.mark.parametrize("after", [0.05, 0.5])
async def test_an_order_survives_the_death_of_every_service(stack: Stack, after: float) -> None:
    token = credentials.read(stack.credentials.cli_token)
    request = wire.CreateInstallation(name="island", application="ihatemoney")
    async with clients.Provisioner(stack.provisioner_url, token) as provisioner:
        await journey.apply_examples(provisioner, ROOT / "examples" / "applications", _say)
        made = await provisioner.installations.create(request, key="order-1")
        await asyncio.sleep(after)  # the moment of the kill is what the test varies
        await _kill(stack, "provisioner", "agent", "portal")
        again = await _insist(provisioner, request)
        seen = await _until_stable(provisioner, "island")
        everything = await provisioner.installations.list()
    assert made.id == again.id == seen.id
    assert [each.id for each in everything.items] == [made.id]
    assert len(list((stack.object_store.root / "keys").glob("*.json"))) == 0  # it needs no bucket
    await _until_one_serves(stack)
