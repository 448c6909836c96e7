"""Click to ready, over a start by hand: from the POST of the order to the first 200 on the workspace's own address.

Once with ordinary starts, and once where a process waits with everything loaded. Pairs alternate, and so does which of
the two comes first, so that what the machine does meanwhile meets both. Each installation is deleted again before the
next measurement.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bench import by_hand, figures, footprint, shop, starting
from demo import journey
from tenantry.kernel import clock
from tenantry.wire import installations as wire

_CLOCK = clock.SystemClock()

Moments = dict[str, float]
"""What happened → seconds after the click."""


@dataclass(frozen=True, kw_only=True)
class Sale:
    """One order, until it was ready."""

    installation: wire.Installation
    seconds: float
    moments: Moments
    costs: dict[str, float]
    """Part → seconds of the processor that it used meanwhile."""


async def run(repeat: int) -> None:
    """Measure both applications and print the figures."""
    for has_standbys in (False, True):
        figures.say("With a standby that waits:" if has_standbys else "Without standbys:")
        async with shop.opened(has_standbys=has_standbys) as owner:
            for product in journey.WORKSPACES:
                await _product(owner, product, repeat, has_standbys=has_standbys)


async def _product(owner: shop.Shop, product: str, repeat: int, *, has_standbys: bool) -> None:
    warm = await order(owner, product, f"warm-{product}")  # the first one ever pays for caches; it is not counted
    starter = by_hand.Starter(owner, warm.installation)
    await _by_hand(owner, starter, 0)
    ours = figures.Series(f"{product}: click to ready")
    theirs = figures.Series(f"{product}: started by hand")
    sales: list[Sale] = []
    for number in range(1, repeat + 1):
        for is_ours in (number % 2 == 0, number % 2 == 1):
            if has_standbys:
                await owner.standby(product)  # made after the last order; neither of the two pays for it
            if is_ours:
                sales.append(await order(owner, product, f"bench-{product}-{number}"))
                ours.values.append(sales[-1].seconds)
            else:
                theirs.values.append(await _by_hand(owner, starter, number))
        figures.note(f"{product} {number}/{repeat}: {ours.values[-1]:.3f} s, by hand {theirs.values[-1]:.3f} s")
    figures.say(f"{ours}\n{theirs}\n{figures.ratio(ours, theirs)}")
    figures.say(f"where the time goes (medians, {figures.load()}):\n{_breakdown(sales)}")
    costs = {name: statistics.median(sale.costs[name] for sale in sales) for name in sales[0].costs}
    shares = ", ".join(f"{name} {seconds:.2f}" for name, seconds in costs.items())
    figures.say(f"    seconds of the processor from click to ready: {shares}\n")


async def _by_hand(owner: shop.Shop, starter: by_hand.Starter, number: int) -> float:
    async with starter.prepared(number) as made:
        return await starting.start(owner, made)


async def order(owner: shop.Shop, product: str, name: str) -> Sale:
    """Order a workspace, wait until it is ready, and delete it."""
    page, form = await owner.form(product)
    address = owner.address(name, product)
    used = await footprint.processor(owner.stack)
    clicked_at, clicked = _CLOCK.now(), time.monotonic()
    async with asyncio.TaskGroup() as group:
        ready = group.create_task(shop.until_ok(owner.visitor, address))
        await owner.visitor.send(page, form, name=name)
        answered = time.monotonic() - clicked
    seconds = ready.result() - clicked
    costs = {name: after - used[name] for name, after in (await footprint.processor(owner.stack)).items()}
    await owner.stable(name)
    installation = await owner.provisioner.installations.get(name)
    moments = {"portal's page is answered": answered, "first 200 at the front door": seconds}
    moments |= await _moments(owner, installation, clicked_at)
    await owner.delete(name)
    return Sale(installation=installation, seconds=seconds, moments=moments, costs=costs)


async def _moments(owner: shop.Shop, installation: wire.Installation, clicked_at: datetime) -> Moments:
    events = (await owner.provisioner.event_log.list(subject_id=installation.id, limit=200)).items
    seen: Moments = {}
    for event in events:
        seen.setdefault(f"event: {event.summary}", (event.at - clicked_at).total_seconds())
    for condition in installation.conditions:
        if condition.last_transition_time is not None:
            after = (condition.last_transition_time - clicked_at).total_seconds()
            seen[f"condition: {condition.type} {condition.reason}".rstrip()] = after
    infos = await owner.stack.supervisor.programs()
    ours = f"ins.{installation.id}."
    started = [pid for name, info in infos.items() if name.startswith(ours) and (pid := info.pid) is not None]
    for pid in started:
        seen["application's process starts"] = process_start(pid) - clicked_at.timestamp()
    return seen


def process_start(pid: int) -> float:
    """Return when a process was made, as seconds of the wall clock; right to a hundredth."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel
        ticks = int(file.read().rpartition(")")[2].split()[19])
    return _CLOCK.now().timestamp() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / 100


def _breakdown(sales: Sequence[Sale]) -> str:
    moments = [each.moments for each in sales]
    names = {name for each in moments for name in each}
    medians = {
        name: statistics.median(each[name] for each in moments if name in each)
        for name in names
        if sum(name in each for each in moments) * 2 > len(moments)
    }
    ordered = sorted(medians.items(), key=lambda item: item[1])
    return "\n".join(f"    {seconds:7.3f} s  {name}" for name, seconds in ordered)
