"""A small table that is worked on, and supervisors on it whose work a test decides."""

import asyncio
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncConnection

from tenantry.engine import backoff, columns, database, metrics, store, supervisor, waker, work
from tenantry.engine import lease as leases
from tenantry.kernel import clock as clocks
from tenantry.kernel import randomness

METADATA = sa.MetaData()
THINGS = sa.Table(
    "things",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("place", sa.Text),
    sa.Column("done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("said", sa.Text, nullable=False, server_default=""),
    *columns.work_columns(),
    *columns.work_constraints("things", group="place"),
)
QUEUE = columns.Queue(table=THINGS)
GROUPED = columns.Queue(table=THINGS, group="place", group_limit=2)


async def nothing(row: Any) -> None:
    del row


@dataclass(kw_only=True)
class Job:
    """Work whose parts a test decides; it counts who works on what."""

    does: Callable[[Any], Awaitable[None]] = nothing
    applies: Callable[[AsyncConnection, Any], Awaitable[datetime | None]] | None = None
    acts: Counter[str] = field(default_factory=Counter[str])
    busy: Counter[str] = field(default_factory=Counter[str])
    most_busy: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    order: list[str] = field(default_factory=list[str])
    failures: list[work.Failure] = field(default_factory=list[work.Failure])

    async def load(self, connection: AsyncConnection, row: str) -> Any:
        return (await connection.execute(THINGS.select().where(THINGS.c.id == row))).one_or_none()

    async def act(self, row: Any) -> None:
        self.acts[row.id] += 1
        self.order.append(row.id)
        for key in (row.id, f"place {row.place}"):
            self.busy[key] += 1
            self.most_busy[key] = max(self.most_busy[key], self.busy[key])
        try:
            await self.does(row)
        finally:
            for key in (row.id, f"place {row.place}"):
                self.busy[key] -= 1

    async def apply(self, connection: AsyncConnection, row: Any, outcome: None) -> datetime | None:
        del outcome
        await connection.execute(THINGS.update().where(THINGS.c.id == row.id).values(done=THINGS.c.done + 1))
        return None if self.applies is None else await self.applies(connection, row)

    async def reject(self, connection: AsyncConnection, row: Any, failure: work.Failure) -> datetime | None:
        self.failures.append(failure)
        await connection.execute(THINGS.update().where(THINGS.c.id == row.id).values(said=failure.error.message))
        return failure.retry_at


@dataclass(kw_only=True)
class Bench:
    """The table, and supervisors on it."""

    base: database.Database
    url: str
    clock: clocks.Clock = field(default_factory=clocks.SystemClock)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.metrics = metrics.Metrics(self.registry)
        self.waker = waker.Waker(database.libpq_url(self.url), store.CHANNEL)

    def now(self) -> datetime:
        return self.clock.now()

    async def add(self, *names: str, due_in: float | None = 0.0, place: str | None = None) -> None:
        due_at = None if due_in is None else self.now() + timedelta(seconds=due_in)
        rows = [{"id": name, "place": place, "due_at": due_at} for name in names]
        async with self.base.write() as writer:
            await writer.execute(THINGS.insert(), rows)
            await store.notify(writer, QUEUE)

    async def poke(self, name: str, due_in: float = 0.0) -> None:
        async with self.base.write() as writer:
            await store.poke(writer, QUEUE, name, self.now() + timedelta(seconds=due_in))

    async def row(self, name: str) -> Any:
        async with self.base.read() as reader:
            return (await reader.execute(THINGS.select().where(THINGS.c.id == name))).one()

    async def rows(self) -> list[Any]:
        async with self.base.read() as reader:
            return list((await reader.execute(THINGS.select().order_by(THINGS.c.id))).all())

    async def expire(self, name: str) -> None:
        """Let the row's lease end, as if its worker had been silent for long."""
        past = self.now() - timedelta(seconds=1)
        async with self.base.write() as writer:
            await writer.execute(THINGS.update().where(THINGS.c.id == name).values(lease_expires_at=past, due_at=past))

    async def claim(self, *, limit: int = 1, lasts: float = 30.0, queue: columns.Queue = QUEUE) -> list[leases.Lease]:
        pattern = leases.Lease(
            row="",
            token=uuid.uuid4(),
            owner="test",
            expires_at=self.now() + timedelta(seconds=lasts),
            attempts=0,
        )
        async with self.base.write() as writer:
            return list(await store.claim(writer, queue, pattern, now=self.now(), limit=limit))

    def supervise(
        self, job: Job, policy: supervisor.Policy | None = None, *, queue: columns.Queue = QUEUE, owner: str = "one"
    ) -> supervisor.Supervisor[Any, None]:
        around = supervisor.Surroundings(
            database=self.base.engine,
            waker=self.waker,
            clock=self.clock,
            randomness=randomness.SystemRandomness(),
            metrics=self.metrics,
            owner=owner,
        )
        return supervisor.Supervisor(queue, job, around, policy)

    @asynccontextmanager
    async def running(self, *supervisors: supervisor.Supervisor[Any, None], wakes: bool = True) -> AsyncGenerator[None]:
        """Run them; leaving stops them and waits."""
        background = [asyncio.create_task(self.waker.run())] if wakes else []
        tasks = [asyncio.create_task(each.run()) for each in supervisors]
        try:
            yield
        finally:
            for each in supervisors:
                each.stop()
            await asyncio.gather(*tasks)
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)

    def claims(self) -> float:
        return self.registry.get_sample_value("tenantry_engine_claims_total", {"queue": "things"}) or 0.0

    def steps(self, outcome: str) -> float:
        labels = {"queue": "things", "outcome": outcome}
        return self.registry.get_sample_value("tenantry_engine_steps_total", labels) or 0.0


async def until(condition: Callable[[], Any], *, seconds: float = 8.0) -> None:
    """Wait until the condition holds; it may be a coroutine function."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.01)


QUICK = backoff.Backoff(first=timedelta(milliseconds=40), ceiling=timedelta(milliseconds=80))


def policy(**more: Any) -> supervisor.Policy:
    given: dict[str, Any] = {"retry": QUICK, "stop_grace": timedelta(seconds=5), **more}
    return supervisor.Policy(**given)


async def short_nap(row: Any) -> None:
    del row
    await asyncio.sleep(0.01)


async def forever(row: Any) -> None:
    del row
    await asyncio.Event().wait()


async def all_rest(bench: Bench) -> bool:
    return all(row.due_at is None and row.lease_token is None for row in await bench.rows())


async def is_free(bench: Bench, name: str) -> bool:
    return (await bench.row(name)).lease_token is None
