import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.kernel import randomness as randoms
from tenantry.operator.controller import queue as queues
from tenantry.operator.controller import work as works

START = datetime(2026, 1, 1, tzinfo=UTC)


class Care:
    """Works on keys as the test says, and notes what it was given."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.failures: list[Exception] = []
        self.again: list[datetime] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.clock = clocks.ManualClock(START)
        self.work = works.Work[str](queues.Queue(randoms.SeededRandomness(1)), self, self.clock)

    async def __call__(self, key: str) -> datetime | None:
        self.begun.append(key)
        if key in self.gates:
            await self.gates[key].wait()
        if self.failures:
            raise self.failures.pop()
        return self.again.pop() if self.again else None

    @asynccontextmanager
    async def running(self, workers: int = 4) -> AsyncGenerator[None]:
        task = asyncio.create_task(self.work.run(workers))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})


async def turns() -> None:
    """Let every task go on until it waits for something; none of these waits for anything outside."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_key_that_changes_while_it_is_worked_on_comes_again_and_never_twice_at_once() -> None:
    care = Care()
    care.gates["a"] = asyncio.Event()
    async with care.running():
        care.work.add("a")
        await turns()
        for _ in range(3):
            care.work.add("a")
        await turns()
        assert care.begun == ["a"]
        care.gates.pop("a").set()
        await turns()
    assert care.begun == ["a", "a"]


async def test_no_more_keys_are_worked_on_than_there_are_workers() -> None:
    care = Care()
    care.gates = {key: asyncio.Event() for key in "abc"}
    async with care.running(workers=2):
        for key in "abc":
            care.work.add(key)
        await turns()
        assert care.begun == ["a", "b"]
        care.gates.pop("a").set()
        await turns()
        assert care.begun == ["a", "b", "c"]


async def test_a_failure_is_tried_again_after_what_was_asked_for() -> None:
    care = Care()
    care.failures = [errors.TemporaryError(delay=timedelta(seconds=30))]
    async with care.running():
        care.work.add("a")
        await turns()
        assert care.work.queue.next_due() == START + timedelta(seconds=30)


async def test_a_defect_in_one_care_does_not_end_the_others() -> None:
    care = Care()
    care.failures = [ZeroDivisionError()]
    async with care.running():
        care.work.add("a")
        await turns()
        care.work.add("b")
        await turns()
    assert care.begun == ["a", "b"]
    assert care.work.queue.waiting == 1


async def test_care_says_itself_when_to_look_again() -> None:
    care = Care()
    care.again = [START + timedelta(minutes=5)]
    async with care.running():
        care.work.add("a")
        await turns()
        assert care.work.queue.next_due() == START + timedelta(minutes=5)
        care.clock.advance(timedelta(minutes=5))
        care.work.add("b")
        await turns()
    assert care.begun[:1] == ["a"]
    assert sorted(care.begun) == ["a", "a", "b"]
