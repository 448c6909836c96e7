"""The SQL of events.

A reader that remembers the highest sequence it has seen must never miss a lower one that commits later, so writers of
events take turns from the insert to their commit. The lock is the last thing a transaction takes before it ends.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from tenantry.engine import database, store
from tenantry.provisioner import tables
from tenantry.provisioner.events import model
from tenantry.wire import events as wire

TOPIC = "events"
"""What is notified when events were written."""

_TURN = 0x65766E74


async def record(writer: database.Writer, event: model.NewEvent) -> None:
    """Write the event and its audit entry, and wake those who follow, with the transaction."""
    await writer.execute(
        tables.AUDIT_ENTRIES.insert().values(
            at=event.at,
            actor=event.actor,
            action=event.type,
            subject_kind=event.subject_kind,
            subject_id=event.subject_id,
            detail={"summary": event.summary},
        )
    )
    await writer.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))
    await writer.execute(
        tables.EVENTS.insert().values(
            type=event.type,
            subject_kind=event.subject_kind,
            subject_id=event.subject_id,
            at=event.at,
            actor=event.actor,
            summary=event.summary,
            data=event.data,
        )
    )
    await writer.execute(sa.select(sa.func.pg_notify(store.CHANNEL, TOPIC)))


async def after(
    reader: database.Reader, sequence: int, *, limit: int, subject_id: str | None = None
) -> Sequence[wire.Event]:
    """Return events that follow a sequence, oldest first."""
    table = tables.EVENTS
    query = table.select().where(table.c.sequence > sequence).order_by(table.c.sequence).limit(limit)
    if subject_id is not None:
        query = query.where(table.c.subject_id == subject_id)
    rows = await reader.execute(query)
    return [wire.Event.model_validate(dict(row)) for row in rows.mappings()]


async def last(reader: database.Reader) -> int:
    """Return the highest sequence, 0 where nothing has happened yet."""
    return await reader.scalar(sa.select(sa.func.coalesce(sa.func.max(tables.EVENTS.c.sequence), 0))) or 0
