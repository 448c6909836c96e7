"""One step on one claimed row: load, act, apply, with a heartbeat beside it.

The write-back is guarded by the lease's token, so that a worker that was frozen and comes back late changes nothing.
"""

import asyncio
import contextlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar, cast

import structlog
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncEngine

from tenantry.engine import backoff, columns, metrics, store
from tenantry.engine import lease as leases
from tenantry.engine import work as works
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.kernel import randomness as randoms

log = structlog.get_logger(__name__)

_AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, OSError)
"""How SQLAlchemy says that the database cannot be reached now, or has no connection left for us."""

Row = TypeVar("Row")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Time, chance and patience of a worker."""

    clock: clocks.Clock
    randomness: randoms.Randomness
    metrics: metrics.Metrics
    lease: timedelta
    retry: backoff.Backoff


class Worker(Generic[Row, Outcome]):
    """Takes one step on a row that it holds a lease on."""

    def __init__(
        self, queue: columns.Queue, work: works.Work[Row, Outcome], database: AsyncEngine, terms: Terms
    ) -> None:
        """Take what to work on, and on which terms."""
        self._queue = queue
        self._work = work
        self._database = database
        self._terms = terms

    async def work(self, lease: leases.Lease) -> None:
        """Take the step and give the row back, whatever happens."""
        with self._terms.metrics.seconds.labels(self._queue.name).time():
            try:
                outcome = await self._step(lease)
            except leases.StaleLeaseError:
                log.warning("lease lost", queue=self._queue.name, row=lease.row)
                outcome = "stale"
            except asyncio.CancelledError:
                await self._return(lease)
                raise
            except _AWAY as error:
                # The database refused or went away under us; where it stays away, the lease ends by itself.
                log.warning("step not written", queue=self._queue.name, row=lease.row, error=type(error).__name__)
                await self._postpone(lease, error)
                outcome = "unwritten"
            except Exception as error:
                # A loop edge: a row that cannot even be read or rejected waits longer each time.
                log.exception("step raised outside of its act", queue=self._queue.name, row=lease.row)
                await self._postpone(lease, error)
                outcome = "raised"
        self._terms.metrics.steps.labels(self._queue.name, outcome).inc()

    async def _step(self, lease: leases.Lease) -> str:
        async with self._database.begin() as connection:
            row = await self._work.load(connection, lease.row)
        if row is None:
            return await self._settle(lease)
        failure = await self._take(lease, row)
        if failure is None:
            return "done"
        await self._reject(lease, failure)
        return "failed" if failure.retry_at is None else "retried"

    async def _take(self, lease: leases.Lease, row: Row) -> works.Failure | None:
        """Act and apply; what goes wrong in either is a failure of the step, save that nothing could be written."""
        is_acting = True
        try:
            result = await self._act_while_beating(lease, row)
            is_acting = False
            await self._apply(lease, result)
        except leases.StaleLeaseError:
            raise
        except Exception as error:
            # A loop edge: no step may end its supervisor.
            if isinstance(error, _AWAY) and not is_acting:
                raise
            return self._failure(lease, self._understood(lease, error))
        return None

    def _understood(self, lease: leases.Lease, error: Exception) -> errors.TenantryError:
        """Return our own error, also out of a group; anything else is logged and may pass."""
        own = _own_errors(error)
        if own:
            return min(own, key=lambda each: isinstance(each, errors.TemporaryError))
        log.error("step raised", queue=self._queue.name, row=lease.row, exc_info=error)
        return errors.TemporaryError(f"An unexpected error occurred ({type(error).__name__}).")

    async def _act_while_beating(self, lease: leases.Lease, row: Row) -> Outcome:
        """Act, unless the lease is lost first."""
        acting = asyncio.ensure_future(self._work.act(row))
        beating = asyncio.create_task(self._beat(lease))
        try:
            await asyncio.wait({acting, beating}, return_when=asyncio.FIRST_COMPLETED)
            if beating.done():
                await beating
            return await acting
        finally:
            acting.cancel()
            beating.cancel()
            await asyncio.gather(acting, beating, return_exceptions=True)

    def _failure(self, lease: leases.Lease, error: errors.TenantryError) -> works.Failure:
        attempts = lease.attempts + 1
        retry_at: datetime | None = None
        if isinstance(error, errors.TemporaryError):
            wait = error.delay or self._terms.retry.delay(attempts, self._terms.randomness)
            retry_at = self._terms.clock.now() + wait
        return works.Failure(error=error, attempts=attempts, retry_at=retry_at)

    async def _beat(self, lease: leases.Lease) -> None:
        """Extend the lease for as long as it is ours; a beat that the database misses is made up for by the next."""
        ends_at = lease.expires_at
        while True:
            await asyncio.sleep(self._terms.lease.total_seconds() / 3)
            now = self._terms.clock.now()
            try:
                async with self._database.begin() as connection:
                    is_ours = await store.extend(connection, self._queue, lease, now + self._terms.lease)
            except _AWAY:
                is_ours = now < ends_at
            else:
                ends_at = now + self._terms.lease
            if not is_ours:
                raise leases.StaleLeaseError

    async def _apply(self, lease: leases.Lease, outcome: Outcome) -> None:
        async with self._database.begin() as connection:
            await store.guard(connection, self._queue, lease)
            row = await self._work.load(connection, lease.row)
            due_at = None if row is None else await self._work.apply(connection, row, outcome)
            await store.release(connection, self._queue, lease, due_at=due_at, attempts=0)

    async def _reject(self, lease: leases.Lease, failure: works.Failure) -> None:
        async with self._database.begin() as connection:
            await store.guard(connection, self._queue, lease)
            row = await self._work.load(connection, lease.row)
            due_at = None if row is None else await self._work.reject(connection, row, failure)
            await store.release(connection, self._queue, lease, due_at=due_at, attempts=failure.attempts)

    async def _settle(self, lease: leases.Lease) -> str:
        """Let a row rest that there is nothing to do with; it may not even exist any more."""
        with contextlib.suppress(leases.StaleLeaseError):
            async with self._database.begin() as connection:
                await store.release(connection, self._queue, lease, due_at=None, attempts=0)
        return "nothing"

    async def _postpone(self, lease: leases.Lease, error: Exception) -> None:
        failure = self._failure(lease, errors.TemporaryError(type(error).__name__))
        with contextlib.suppress(leases.StaleLeaseError, *_AWAY):
            async with self._database.begin() as connection:
                await store.release(connection, self._queue, lease, due_at=failure.retry_at, attempts=failure.attempts)

    async def _return(self, lease: leases.Lease) -> None:
        """Hand the row back unfinished, so that another takes it at once; whoever cancels again ends that as well."""
        giving = asyncio.ensure_future(self._give_back(lease))
        try:
            with contextlib.suppress(leases.StaleLeaseError, *_AWAY):
                await asyncio.shield(giving)
        finally:
            giving.cancel()  # nothing may go on with a connection behind the back of whoever closes them all
            await asyncio.gather(giving, return_exceptions=True)

    async def _give_back(self, lease: leases.Lease) -> None:
        async with self._database.begin() as connection:
            await store.release(connection, self._queue, lease, due_at=self._terms.clock.now(), attempts=lease.attempts)
            await store.notify(connection, self._queue)


def new_token(randomness: randoms.Randomness) -> uuid.UUID:
    """Return the token of a new lease."""
    return uuid.UUID(bytes=randomness.token_bytes(16), version=4)


def _own_errors(error: BaseException) -> list[errors.TenantryError]:
    """Return our own errors in it; none where anything else is among them."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        parts = [_own_errors(each) for each in group.exceptions]
        return [found for part in parts for found in part] if all(parts) else []
    return [error] if isinstance(error, errors.TenantryError) else []
