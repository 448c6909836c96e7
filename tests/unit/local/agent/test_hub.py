"""What a watcher is told, in which order, and what it may miss."""

import asyncio
import contextlib

from support import tiny
from tenantry.local.agent import hub
from tenantry.runtime import contract, document


def installation(name: str, *, generation: int = 1) -> document.Installation:
    return tiny.bundle(name, generation=generation).installation


async def told(present: hub.Hub, count: int) -> list[str]:
    """Return the names of what is told, the mark as a bar."""
    seen: list[str] = []
    async with asyncio.timeout(1), contextlib.aclosing(present.watch(heartbeat=1)) as watch:
        async for observed in watch:
            assert observed is not None
            seen.append("|" if isinstance(observed, contract.Synced) else observed.name)
            if len(seen) == count:
                break
    return seen


class TestTheMark:
    async def test_comes_first_where_there_is_nothing(self) -> None:
        assert await told(hub.Hub(), 1) == ["|"]

    async def test_follows_everything_that_was_there(self) -> None:
        present = hub.Hub()
        for name in ("one", "two"):
            present.publish(installation(name))
        assert await told(present, 3) == ["one", "two", "|"]

    async def test_is_not_overtaken_by_news_of_what_was_there(self) -> None:
        present = hub.Hub()
        for name in ("one", "two"):
            present.publish(installation(name))
        seen: list[str] = []
        async with asyncio.timeout(1), contextlib.aclosing(present.watch(heartbeat=1)) as watch:
            assert isinstance(await anext(watch), contract.InstallationObserved)
            present.publish(installation("three"))
            present.publish(installation("two", generation=2))
            present.publish(installation("one", generation=2))
            async for observed in watch:
                assert observed is not None
                seen.append("|" if isinstance(observed, contract.Synced) else observed.name)
                if len(seen) == 4:
                    break
        assert seen == ["two", "|", "three", "one"]

    async def test_comes_although_what_was_there_goes(self) -> None:
        present = hub.Hub()
        present.publish(installation("one"))
        async with asyncio.timeout(1), contextlib.aclosing(present.watch(heartbeat=1)) as watch:
            first = await anext(watch)
            present.publish_gone("one")
            assert isinstance(first, contract.InstallationObserved)
            assert isinstance(await anext(watch), contract.Synced)
            gone = await anext(watch)
        assert gone == contract.InstallationObserved(name="one", installation=None)


class TestNews:
    async def test_of_one_installation_are_the_newest_only(self) -> None:
        present = hub.Hub()
        present.publish(installation("one"))
        async with asyncio.timeout(1), contextlib.aclosing(present.watch(heartbeat=1)) as watch:
            await anext(watch)
            await anext(watch)
            for generation in range(2, 9):
                present.publish(installation("one", generation=generation))
            observed = await anext(watch)
        assert isinstance(observed, contract.InstallationObserved)
        assert observed.installation == installation("one", generation=8)

    async def test_silence_is_broken(self) -> None:
        async with asyncio.timeout(1), contextlib.aclosing(hub.Hub().watch(heartbeat=0.01)) as watch:
            await anext(watch)
            assert await anext(watch) is None
