"""An operator with many installations at rest: what it costs, how it begins anew, and how it repairs many at once."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from bench import figures
from bench.kubernetes import creation, fleet, site, writer
from tenantry.kubernetes import kinds

_REST_SECONDS = 60.0
_SETTLE_SECONDS = 20.0
"""After the last change: reports and Events that are still on their way."""
_SERVICES = 500


async def run(program: Path, count: int, repeat: int) -> None:
    """Make so many installations, and print what they cost at rest, a restart, and a repair."""
    names = fleet.namespaces(count)
    async with site.opened(count) as place:
        async with site.operator(place) as running:
            await running.until_it_acts()
            empty = running.memory()
            await creation.timed(program, place, creation.OURS, fleet.orders, names)
            await asyncio.sleep(_SETTLE_SECONDS)
            await _rest(running, count, empty)
            await _repair(program, place, names[: min(_SERVICES, count)])
        for _ in range(repeat):
            await _restart(place, count)


async def _rest(running: site.Running, count: int, empty: float) -> None:
    before, used = await running.calls(), running.processor()
    await asyncio.sleep(_REST_SECONDS)
    after, spent = await running.calls(), running.processor() - used
    memory = running.memory()
    figures.say(
        f"{count} at rest for {_REST_SECONDS:.0f} s: {after.total - before.total} calls, of which "
        f"{after.writes - before.writes} write; {spent:.2f} s of the processor; {memory:.0f} MiB, "
        f"{(memory - empty) * 1024 / count:.1f} KiB an installation ({figures.load()})"
    )


async def _repair(program: Path, place: site.Site, names: Sequence[str]) -> None:
    """Delete Services and wait until each is there again, as another object."""
    before = {name: await _identity(place, name) for name in names}

    def is_new(item: kinds.Object) -> bool:
        about = item["metadata"]
        return about["name"] == fleet.SERVICE and before.get(about["namespace"], about["uid"]) != about["uid"]

    calls = [[writer.Call.delete(kinds.SERVICE.path(name, fleet.SERVICE))] for name in names]
    async with place.reached(kinds.SERVICE, len(names), is_new) as reached:
        begun = time.monotonic()
        deleted = await writer.write(program, place.up, calls)
        await reached
        taken = time.monotonic() - begun
    figures.say(f"{len(names)} Services deleted in {deleted:.1f} s: all are there again after {taken:.1f} s")


async def _identity(place: site.Site, namespace: str) -> str:
    return (await place.client.get(kinds.SERVICE, fleet.SERVICE, namespace))["metadata"]["uid"]


async def _restart(place: site.Site, count: int) -> None:
    """Start an operator, order one thing more, and see what it wrote before that."""
    begun = time.monotonic()
    async with site.operator(place) as running:
        await running.until_it_acts()
        acts = time.monotonic() - begun
        await asyncio.sleep(_SETTLE_SECONDS)
        calls, used = await running.calls(), running.processor()
    figures.say(
        f"restart at {count}: acts after {acts:.1f} s; {calls.writes} writes, {calls.total} calls, "
        f"{used:.1f} s of the processor in {_SETTLE_SECONDS + acts:.0f} s"
    )
