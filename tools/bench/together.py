"""Ten sign-ups at once, over ten starts by hand at once: the time until the last of them answers 200.

Twenty addresses are not asked fifty times a second, which would be half of the work; ten times a second is enough here.
"""

import asyncio
import contextlib
import time

from bench import by_hand, figures, shop, starting
from demo import journey
from tenantry.wire import installations as wire

AT_ONCE = 10
_POLL_SECONDS = 0.1


async def run(repeat: int) -> None:
    """Measure both applications and print the figures."""
    async with shop.opened() as owner:
        for product in journey.WORKSPACES:
            await _product(owner, product, repeat)


async def _product(owner: shop.Shop, product: str, repeat: int) -> None:
    like = await _order(owner, product, f"warm-{product}")
    starter = by_hand.Starter(owner, like)
    ours = figures.Series(f"{product}: {AT_ONCE} orders at once")
    theirs = figures.Series(f"{product}: {AT_ONCE} by hand at once")
    firsts = figures.Series(f"{product}: the first of the orders")
    for number in range(repeat):
        for is_ours in (number % 2 == 1, number % 2 == 0):
            if is_ours:
                first, last = await _orders(owner, product, number)
                firsts.values.append(first)
                ours.values.append(last)
            else:
                theirs.values.append(await _by_hand(owner, starter))
        figures.note(f"{product} {number + 1}/{repeat}: {ours.values[-1]:.2f} s, by hand {theirs.values[-1]:.2f} s")
    figures.say(f"{ours}\n{firsts}\n{theirs}\n{figures.ratio(ours, theirs)}\n({figures.load()})\n")


async def _order(owner: shop.Shop, product: str, name: str) -> wire.Installation:
    page, form = await owner.form(product)
    await owner.visitor.send(page, form, name=name)
    await shop.until_ok(owner.visitor, owner.address(name, product))
    await owner.stable(name)
    installation = await owner.provisioner.installations.get(name)
    await owner.delete(name)
    return installation


async def _orders(owner: shop.Shop, product: str, number: int) -> tuple[float, float]:
    """Order ten at once; returns the seconds until the first and until the last is ready."""
    names = [f"bench-{product}-{number}-{index}" for index in range(AT_ONCE)]
    pages = [await owner.form(product) for _ in names]
    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        ready = [group.create_task(_until_ok(owner, owner.address(name, product))) for name in names]
        for (page, form), name in zip(pages, names, strict=True):
            group.create_task(owner.visitor.send(page, form, name=name))
    moments = [each.result() - begun for each in ready]
    for name in names:
        await owner.stable(name)
    await asyncio.gather(*[owner.delete(name) for name in names])
    return min(moments), max(moments)


async def _by_hand(owner: shop.Shop, starter: by_hand.Starter) -> float:
    async with contextlib.AsyncExitStack() as stack:
        made = [await stack.enter_async_context(starter.prepared(index)) for index in range(AT_ONCE)]
        begun = time.monotonic()
        async with contextlib.AsyncExitStack() as running:
            for each in made:
                await starting.begin(each, running)
            await asyncio.gather(*[_until_ok(owner, each.address) for each in made])
            return time.monotonic() - begun


async def _until_ok(owner: shop.Shop, url: str) -> float:
    return await shop.until_ok(owner.visitor, url, every=_POLL_SECONDS)
