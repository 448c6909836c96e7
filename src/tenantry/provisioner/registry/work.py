"""Probes what is registered: reachable or not, with a reason, again and again at a calm pace.

This is the supervisor's kind of work for clusters, database servers and object stores alike.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from tenantry.engine import database
from tenantry.engine import work as works
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.provisioner.events import model as event_model
from tenantry.provisioner.events import store as event_store
from tenantry.provisioner.installations import store as installation_store
from tenantry.provisioner.registry import store
from tenantry.wire.infrastructure import Status

PACE = timedelta(seconds=30)
"""Between two probes of what answers."""


class Prober(Protocol):
    """Looks at one registered thing."""

    async def probe(self, row: RowMapping) -> dict[str, Any]:
        """Return columns to write (facts, version; reason and message of what should be known though it is well).

        Raises:
            TemporaryError: it does not answer.
            PermanentError: it answers and will not do.
        """
        ...


class RegistryWork:
    """Keeps status and facts of one kind of registered thing."""

    def __init__(self, noun: store.Noun, prober: Prober, clock: clocks.Clock) -> None:
        """Take what is probed, and how."""
        self._noun = noun
        self._prober = prober
        self._clock = clock

    async def load(self, connection: AsyncConnection, row: str) -> RowMapping | None:
        """Read it."""
        found = await store.rows(database.Reader(connection), self._noun, row)
        return found[0] if found else None

    async def act(self, row: RowMapping) -> dict[str, Any]:
        """Probe it."""
        return await self._prober.probe(row)

    async def apply(self, connection: AsyncConnection, row: RowMapping, outcome: dict[str, Any]) -> datetime | None:
        """Write that it is available, and wake what waits for a place, where it is news or has changed."""
        writer = database.Writer(database.Reader(connection))
        values = {"reason": "", "message": "", **outcome, "status": Status.AVAILABLE}
        await store.change(writer, self._noun, row["id"], values)
        if row["status"] != Status.AVAILABLE or any(values[name] != row[name] for name in outcome):
            await installation_store.poke_waiting(writer, self._clock.now())
        if (row["status"], row["message"]) != (Status.AVAILABLE, values["message"]):
            summary = f"{row['name']} is available. {values['message']}"
            await self._record(writer, row, values, summary.rstrip())
        return self._clock.now() + PACE

    async def reject(self, connection: AsyncConnection, row: RowMapping, failure: works.Failure) -> datetime | None:
        """Write that it cannot be used now, and why."""
        writer = database.Writer(database.Reader(connection))
        reason, message = errors.reason(failure.error), failure.error.message
        values = {"status": Status.UNREACHABLE, "reason": reason, "message": message}
        await store.change(writer, self._noun, row["id"], values)
        if (row["status"], row["message"]) != (Status.UNREACHABLE, failure.error.message):
            await self._record(writer, row, values, f"{row['name']} is unreachable: {failure.error.message}")
        latest = self._clock.now() + PACE
        return latest if failure.retry_at is None else min(failure.retry_at, latest)

    async def _record(self, writer: database.Writer, row: RowMapping, values: Mapping[str, Any], summary: str) -> None:
        state = {"name": row["name"], "status": values["status"].value, "reason": values["reason"]}
        event = event_model.NewEvent(
            type=f"{self._noun.kind}.changed",
            subject_kind=self._noun.kind,
            subject_id=row["id"],
            at=self._clock.now(),
            actor="supervisor",
            summary=summary,
            data={self._noun.kind.value: state},
        )
        await event_store.record(writer, event)
