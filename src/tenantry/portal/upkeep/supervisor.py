"""Does the chores as the engine does all work: one process at a time, in short transactions, on from where it ended.

A chore has nothing to do outside the database, so all of it happens in `apply`, under the lease.
"""

from datetime import datetime

import prometheus_client
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from tenantry.engine import work
from tenantry.kernel import clock as clocks
from tenantry.portal import database
from tenantry.portal.upkeep import plan, store

_log = structlog.get_logger(__name__)


class ChoreWork:
    """The work of the supervisor of chores (`engine.work.Work`)."""

    def __init__(self, clock: clocks.Clock, registry: prometheus_client.CollectorRegistry) -> None:
        """Take the clock, and where to count what was forgotten."""
        self._clock = clock
        self._forgotten = prometheus_client.Counter(
            "tenantry_portal_rows_forgotten", "Rows deleted because they were of no use.", ["chore"], registry=registry
        )

    async def load(self, connection: AsyncConnection, row: str) -> plan.Chore | None:
        """Return the chore; None where this version knows no such chore."""
        del connection
        known = {chore.value: chore for chore in plan.Chore}
        return known.get(row)

    async def act(self, row: plan.Chore) -> None:
        """Do nothing in the world."""

    async def apply(self, connection: AsyncConnection, row: plan.Chore, outcome: None) -> datetime | None:
        """Delete one batch, and come back at once where it was full."""
        del outcome
        writer, now = database.Writer(database.Reader(connection)), self._clock.now()
        deleted = await store.forget(writer, plan.purge(row, now), plan.BATCH)
        await store.mark(writer, row, now)
        if deleted:
            self._forgotten.labels(row.value).inc(deleted)
            _log.info("rows forgotten", chore=row.value, count=deleted)
        return plan.following(deleted, now)

    async def reject(self, connection: AsyncConnection, row: plan.Chore, failure: work.Failure) -> datetime | None:
        """Try again later; nothing of a batch that failed was deleted."""
        del connection
        _log.warning("chore failed", chore=row.value, code=failure.error.code, attempts=failure.attempts)
        return failure.retry_at or self._clock.now() + plan.PAUSE


async def prepare(db: database.Database, clock: clocks.Clock) -> None:
    """Let every chore of this version be there; called at each start."""
    async with db.write() as writer:
        await store.ensure(writer, plan.Chore, clock.now())
