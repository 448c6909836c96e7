"""The SQL of upkeep: each chore deletes the oldest rows of one kind, by an index, a batch at a time."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tenantry.engine import columns
from tenantry.engine import store as engine_store
from tenantry.portal import database, tables
from tenantry.portal.upkeep import plan

_CHORES = tables.CHORES
QUEUE = columns.Queue(table=_CHORES)

_AGES: dict[plan.Chore, tuple[sa.Table, sa.ColumnElement[datetime], sa.ColumnElement[bool]]] = {
    plan.Chore.EXPIRED_SESSIONS: (tables.SESSIONS, tables.SESSIONS.c.expires_at, sa.true()),
    plan.Chore.ENDED_SESSIONS: (
        tables.SESSIONS,
        tables.SESSIONS.c.ended_at,
        tables.SESSIONS.c.ended_at.is_not(None),
    ),
    plan.Chore.OLD_CODES: (tables.SIGN_IN_CODES, tables.SIGN_IN_CODES.c.created_at, sa.true()),
    plan.Chore.CLOSED_MAILS: (
        tables.MAILS,
        tables.MAILS.c.created_at,
        tables.MAILS.c.status != sa.literal_column("'waiting'"),  # written out as the index says it
    ),
}
"""Table, the moment from which a row ages, and which rows age at all."""


async def ensure(writer: database.Writer, chores: Iterable[plan.Chore], now: datetime) -> None:
    """Let every chore be there; a new one is due at once."""
    rows = [{"id": chore.value, "due_at": now} for chore in chores]
    await writer.execute(postgresql.insert(_CHORES).values(rows).on_conflict_do_nothing())
    await engine_store.notify(writer, QUEUE)


def delete(purge: plan.Purge, limit: int) -> sa.Delete:
    """Return the statement that deletes one batch, oldest rows first; rows that somebody holds are left for later."""
    table, age, does_age = _AGES[purge.chore]
    oldest = sa.select(table.c.id).where(does_age, age < purge.before).order_by(age).limit(limit)
    chosen = oldest.with_for_update(skip_locked=True).cte("chosen")
    return sa.delete(table).where(table.c.id.in_(sa.select(chosen.c.id)))


async def forget(writer: database.Writer, purge: plan.Purge, limit: int) -> int:
    """Delete one batch; returns how many rows."""
    return (await writer.execute(delete(purge, limit))).rowcount


async def mark(writer: database.Writer, chore: plan.Chore, now: datetime) -> None:
    """Remember when a chore was last done."""
    await writer.execute(sa.update(_CHORES).where(_CHORES.c.id == chore.value).values(ran_at=now))
