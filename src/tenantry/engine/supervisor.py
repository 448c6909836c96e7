"""The supervisor loop: claims due rows, works on them at the same time up to a bound, and sleeps until there is more.

Guarantees: a row is worked on by one worker at a time while its lease is kept; a worker that lost its lease writes
nothing; stopping finishes what is under way or hands it back; an idle supervisor asks the database once per slow poll,
however many rows rest.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncEngine

from tenantry.engine import backoff, columns, metrics, owners, store, waker, worker
from tenantry.engine import lease as leases
from tenantry.engine import work as works
from tenantry.kernel import clock as clocks
from tenantry.kernel import randomness as randoms

log = structlog.get_logger(__name__)

_BREATH = timedelta(seconds=1)
"""Before claiming again what could not be claimed: rows of groups that are full, or a database that is away."""

_PATIENCE = timedelta(seconds=2)
"""With what is cancelled, and with a database that may not answer, before a stop goes on without them."""

_CANCELLATIONS = 3

Row = TypeVar("Row")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a supervisor behaves.

    Attributes:
        concurrency: rows worked on at once.
        lease: how long a silent worker keeps a row; heartbeats come three times as often.
        slow_poll: how often to look when nobody pokes.
        stop_grace: how long a stop waits for what is under way before it hands it back.
        retry: waits between failed tries.
    """

    concurrency: int = 16
    lease: timedelta = timedelta(seconds=30)
    slow_poll: timedelta = timedelta(seconds=15)
    stop_grace: timedelta = timedelta(seconds=10)
    retry: backoff.Backoff = field(default_factory=backoff.Backoff)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every supervisor of a process shares."""

    database: AsyncEngine
    waker: waker.Waker
    clock: clocks.Clock
    randomness: randoms.Randomness
    metrics: metrics.Metrics
    owner: str
    """Host and process (`owners.this_process`), for people who look at a lease."""
    is_dead: Callable[[str], bool] = owners.is_dead
    """Whether an owner is known to have ended; its leases are not waited for."""


class Supervisor(Generic[Row, Outcome]):
    """Works on the rows of one queue."""

    def __init__(
        self,
        queue: columns.Queue,
        work: works.Work[Row, Outcome],
        surroundings: Surroundings,
        policy: Policy | None = None,
    ) -> None:
        """Take what to work on, and how."""
        self._queue = queue
        self._around = surroundings
        self._policy = policy or Policy()
        self._worker = worker.Worker(queue, work, surroundings.database, self._terms())
        self._stopping = asyncio.Event()
        self._freed = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    def _terms(self) -> worker.Terms:
        around = self._around
        return worker.Terms(
            clock=around.clock,
            randomness=around.randomness,
            metrics=around.metrics,
            lease=self._policy.lease,
            retry=self._policy.retry,
        )

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is under way has ended or was handed back."""
        self._stopping.set()
        self._freed.set()

    async def run(self) -> None:
        """Work until stopped or cancelled."""
        with self._around.waker.subscription(self._queue.name) as poked:
            try:
                await self._take_over()
                while not self._stopping.is_set():
                    poked.clear()
                    self._freed.clear()
                    wait = await self._claim_what_fits()
                    await self._sleep(poked, wait)
                await self._finish()
            finally:
                await self._hand_back()

    async def _take_over(self) -> None:
        """Free what a process of this host held when it died, so that nobody waits for its leases to end."""
        try:
            async with self._around.database.begin() as connection:
                for owner in await store.owners(connection, self._queue):
                    if self._around.is_dead(owner):
                        await store.forfeit(connection, self._queue, owner, self._around.clock.now())
                        log.info("leases of a dead process ended", queue=self._queue.name, owner=owner)
        except (exc.SQLAlchemyError, OSError) as error:
            log.warning("leases not looked at", queue=self._queue.name, error=type(error).__name__)

    async def _claim_what_fits(self) -> timedelta:
        """Start work on due rows; return how long to sleep when nobody pokes."""
        free = self._policy.concurrency - len(self._running)
        if free <= 0:
            return self._policy.slow_poll
        claiming = asyncio.ensure_future(self._claim(free))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            await asyncio.wait({claiming})  # what it took would otherwise be nobody's until the lease ends
            raise
        except (exc.SQLAlchemyError, OSError) as error:
            log.warning("claim failed", queue=self._queue.name, error=type(error).__name__)
        except Exception:
            # A loop edge: a supervisor that ends would leave its rows to nobody.
            log.exception("claim raised", queue=self._queue.name)
        return _BREATH

    async def _claim(self, free: int) -> timedelta:
        now = self._around.clock.now()
        self._around.metrics.claims.labels(self._queue.name).inc()
        async with self._around.database.begin() as connection:
            claimed = await store.claim(connection, self._queue, self._new_lease(now), now=now, limit=free)
            following = await store.earliest(connection, self._queue, now)
        for lease in claimed:
            self._start(lease)
        return timedelta(0) if len(claimed) == free else self._until(following, now)

    def _new_lease(self, now: datetime) -> leases.Lease:
        return leases.Lease(
            row="",
            token=worker.new_token(self._around.randomness),
            owner=self._around.owner,
            expires_at=now + self._policy.lease,
            attempts=0,
        )

    def _until(self, following: datetime | None, now: datetime) -> timedelta:
        jittered = self._policy.slow_poll * (0.75 + self._around.randomness.fraction() / 2)
        if following is None:
            return jittered
        return min(jittered, following - now if following > now else _BREATH)

    def _start(self, lease: leases.Lease) -> None:
        task = asyncio.create_task(self._worker.work(lease), name=f"{self._queue.name}:{lease.row}")
        self._running.add(task)
        self._around.metrics.running.labels(self._queue.name).set(len(self._running))
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._around.metrics.running.labels(self._queue.name).set(len(self._running))
        self._freed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("worker failed", queue=self._queue.name, task=task.get_name(), exc_info=error)

    async def _sleep(self, poked: asyncio.Event, wait: timedelta) -> None:
        """Sleep until a poke, a freed place or the time; a full house waits for a place only."""
        if len(self._running) >= self._policy.concurrency:
            await self._freed.wait()
            return
        waiters = [asyncio.create_task(poked.wait()), asyncio.create_task(self._freed.wait())]
        try:
            await asyncio.wait(waiters, timeout=max(wait.total_seconds(), 0.0), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()

    async def _finish(self) -> None:
        if self._running:
            await asyncio.wait(set(self._running), timeout=self._policy.stop_grace.total_seconds())

    async def _hand_back(self) -> None:
        """Cancel what is still under way; each worker gives its row back at once. Others are told to look."""
        await asyncio.sleep(0)  # a task that was cancelled before it began would give nothing back
        with contextlib.suppress(asyncio.CancelledError):
            for _ in range(_CANCELLATIONS):
                await self._cancel_running()
        if self._running:
            log.error("steps did not end", queue=self._queue.name, rows=sorted(map(_name, self._running)))
        with contextlib.suppress(exc.SQLAlchemyError, OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE.total_seconds()), self._around.database.begin() as connection:
                await store.notify(connection, self._queue)

    async def _cancel_running(self) -> None:
        """Cancel what runs. Once is not always enough: code of others, waiting under a timeout, can lose one."""
        running = set(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=_PATIENCE.total_seconds())


def _name(task: asyncio.Task[None]) -> str:
    return task.get_name()
