"""`up` again after everything was killed, over a first `up`: until all parts serve, and until the workspaces answer."""

import asyncio
import contextlib
import os
import shutil
import signal
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import figures, shop
from demo import browser, journey
from tenantry.local import down, processes
from tenantry.local.stack import Stack


@dataclass(frozen=True, kw_only=True)
class Coming:
    """One coming up."""

    seconds: float
    """Until all parts served and everything was registered."""
    parts: dict[str, float]
    """Part → seconds until it served."""
    answering: float = 0.0
    """Seconds until both workspaces answered as well."""


async def run(repeat: int) -> None:
    """Measure and print the figures."""
    firsts: list[Coming] = []
    agains: list[Coming] = []
    for number in range(repeat):
        data = shop.folder()
        try:
            await _once(data, firsts, agains)
        finally:
            await down.down(data, shop.Quiet())
            await asyncio.to_thread(shutil.rmtree, data)
        figures.note(f"{number + 1}/{repeat}: first {firsts[-1].seconds:.2f} s, again {agains[-1].answering:.2f} s")
    first = figures.Series("first up: all parts ready", [each.seconds for each in firsts])
    again = figures.Series("up again after SIGKILL: all parts ready", [each.seconds for each in agains])
    answering = figures.Series("… and both workspaces answering", [each.answering for each in agains])
    figures.say(f"{first}\n{again}\n{answering}\n{figures.ratio(answering, first)}")
    figures.say(f"    first, each part after: {_parts(firsts)}\n    again, each part after: {_parts(agains)}")
    figures.say(f"({figures.load()})\n")


async def _once(data: Path, firsts: list[Coming], agains: list[Coming]) -> None:
    stack, first = await _come(data, f"127.0.0.1:{shop.free_port()}", [])
    firsts.append(first)
    async with shop.visited(stack) as owner:
        addresses = [await _order(owner, product) for product in journey.WORKSPACES]
    figures.note(f"killed {await _kill(stack)} processes")
    agains.append((await _come(data, None, addresses))[1])


async def _come(data: Path, listen: str | None, addresses: Sequence[str]) -> tuple[Stack, Coming]:
    watch, begun = shop.Stopwatch(), time.monotonic()
    stack = await shop.bring_up(data, listen, watch)
    seconds = time.monotonic() - begun
    async with browser.opened() as visitor:
        await asyncio.gather(*[shop.until_ok(visitor, each) for each in addresses])
    return stack, Coming(seconds=seconds, parts=watch.seconds, answering=time.monotonic() - begun)


async def _order(owner: shop.Shop, product: str) -> str:
    page, form = await owner.form(product)
    await owner.visitor.send(page, form, name=f"kept-{product}")
    await owner.stable(f"kept-{product}")
    return owner.address(f"kept-{product}", product)


async def _kill(stack: Stack) -> int:
    """Kill every process of the stack at once, by its id; returns how many there were."""
    pids = processes.marked(stack.state.id)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        for pid in pids:
            await processes.until_ended(pid)
    return len(pids)


def _parts(comings: Sequence[Coming]) -> str:
    medians = {name: statistics.median(each.parts[name] for each in comings) for name in comings[0].parts}
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in sorted(medians.items(), key=lambda item: item[1]))
