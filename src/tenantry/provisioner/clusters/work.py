"""Watches clusters: the supervisor's kind of work, whose one step lasts for as long as the cluster answers.

The lease on a cluster's row elects the one process that watches it, so every report is written once; when that process
dies, another takes over as soon as the lease has ended. A watch begins with everything as it is now, so a cut loses
nothing, and its mark says that this was everything: what the cluster had accepted and does not tell of, it has lost. A
cluster that is back is told of at once to whatever waited for it.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection

from tenantry.engine import backoff, database, supervisor
from tenantry.engine import lease as leases
from tenantry.engine import store as engine_store
from tenantry.engine import work as works
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.provisioner import tables
from tenantry.provisioner.clusters import reports, store
from tenantry.provisioner.installations import ports
from tenantry.provisioner.installations import store as installation_store
from tenantry.runtime import contract

log = structlog.get_logger(__name__)

PAUSE = timedelta(seconds=1)
"""Before a watch that broke is opened again."""

POLICY = supervisor.Policy(
    concurrency=1000,
    stop_grace=timedelta(0),  # a watch never ends by itself
    retry=backoff.Backoff(first=PAUSE, ceiling=timedelta(seconds=10)),
)


class WatchEndedError(errors.TemporaryError):
    """The cluster has ended the watch."""

    code = "watch-ended"


class ReportUnwrittenError(errors.TemporaryError):
    """The provisioner's own database did not take a report; the next watch brings it again."""

    code = "report-unwritten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How a watch that had been opened came to its end."""

    error: errors.TemporaryError


class WatchWork:
    """Keeps a watch open on a cluster, and writes what it reports."""

    def __init__(self, base: database.Database, world: ports.Surroundings, clock: clocks.Clock) -> None:
        """Take where to write, and the ways to clusters."""
        self._base = base
        self._world = world
        self._clock = clock

    async def load(self, connection: AsyncConnection, row: str) -> store.Watch | None:
        """Read the watch with the lease that was just given."""
        return await store.get(database.Reader(connection), row)

    async def act(self, row: store.Watch) -> Cut:
        """Watch until the cluster breaks it off.

        Raises:
            TemporaryError: the cluster does not answer.
        """
        runtime = await self._world.runtime(row.cluster)
        await runtime.facts()  # whether it answers; a watch says nothing until something happens
        await self._note_return(row)
        async with self._base.read() as reader:
            handed = await store.handed(reader, row.cluster)
        try:
            await self._follow(row, runtime, handed)
        except leases.StaleLeaseError:
            raise
        except errors.TemporaryError as error:
            log.info("watch interrupted", cluster=row.cluster, code=error.code)
            return Cut(error=error)
        except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
            raise ReportUnwrittenError from error
        return Cut(error=WatchEndedError())

    async def _follow(self, row: store.Watch, runtime: contract.Runtime, handed: Mapping[str, int]) -> None:
        """Write what is told until the watch ends.

        Args:
            row: the watch.
            runtime: the way to the cluster.
            handed: what the cluster had accepted before the watch began.
        """
        missing = dict(handed)
        async with contextlib.aclosing(runtime.watch()) as told:
            async for observed in told:
                if isinstance(observed, contract.Synced):
                    await self._note_lost(row, missing)
                    continue
                missing.pop(observed.name, None)
                await self._take(row, runtime, observed)

    async def _take(self, row: store.Watch, runtime: contract.Runtime, observed: contract.Told) -> None:
        """Take what is told of one installation; what is not understood is there, and no more is known of it."""
        of = {"cluster": row.cluster, "installation": observed.name}
        if isinstance(observed, contract.InstallationNotUnderstood):
            log.warning("report not understood", problem=observed.problem, **of)
        elif await self._note(row, observed):
            if observed.installation is not None:
                log.warning("left over on its cluster; removed", **of)
            await runtime.delete(observed.name)

    async def _note(self, row: store.Watch, observed: contract.InstallationObserved) -> bool:
        """Write a report, unless another watches meanwhile; tells whether it is of what should not be there."""
        async with self._base.write() as writer:
            await self._guard(writer, row)
            return await reports.note(writer, row.cluster, observed, self._clock.now())

    async def _note_lost(self, row: store.Watch, missing: Mapping[str, int]) -> None:
        for name, generation in missing.items():
            async with self._base.write() as writer:
                await self._guard(writer, row)
                await reports.note_missing(writer, row.cluster, name, generation, self._clock.now())

    async def _note_return(self, row: store.Watch) -> None:
        """Let nobody wait longer for what is back; where it is known to have been away, its probe tells them."""
        async with self._base.write() as writer:
            now = self._clock.now()
            if row.is_available:
                await installation_store.poke_waiting(writer, now)
            else:
                await engine_store.poke(writer, tables.CLUSTERS_QUEUE, row.cluster, now)

    async def _guard(self, writer: database.Writer, row: store.Watch) -> None:
        """Make sure that the lease is still ours: a process that was frozen has old reports in its hands.

        Raises:
            StaleLeaseError: another watches the cluster now.
        """
        if row.lease is not None:
            await engine_store.guard(writer, tables.WATCHES_QUEUE, row.lease)

    async def apply(self, connection: AsyncConnection, row: store.Watch, outcome: Cut) -> datetime | None:
        """Have the cluster probed at once, so that its status says what is wrong, and open the watch again soon."""
        del outcome
        await self._probe(connection, row)
        return self._clock.now() + PAUSE

    async def reject(self, connection: AsyncConnection, row: store.Watch, failure: works.Failure) -> datetime | None:
        """Have the cluster probed, where it was available, and try again."""
        await self._probe(connection, row)
        return failure.retry_at or self._clock.now() + POLICY.retry.ceiling

    async def _probe(self, connection: AsyncConnection, row: store.Watch) -> None:
        if row.is_available:
            await engine_store.poke(connection, tables.CLUSTERS_QUEUE, row.cluster, self._clock.now())
