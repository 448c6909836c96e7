"""The engine's SQL: claim, extend, guard, release and poke. Each runs inside the caller's transaction.

Rows are locked against change and not against being referred to, so that a row whose worker waits for another table's
rows never waits for those that refer to it.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from tenantry.engine import columns
from tenantry.engine import lease as leases

CHANNEL = "tenantry_work"
"""The PostgreSQL channel on which supervisors listen; the payload is the queue's name."""

_TURN = 0x636C616D
"""Claims of a queue with groups take turns, since two at once would both count the same free places."""


async def claim(
    connection: AsyncConnection,
    queue: columns.Queue,
    lease: leases.Lease,
    *,
    now: datetime,
    limit: int,
) -> Sequence[leases.Lease]:
    """Take up to `limit` due rows, longest due first, and return a lease on each.

    Args:
        connection: in a transaction.
        queue: where to look.
        lease: the pattern: its owner, token and end are given to every row taken.
        now: the present moment.
        limit: how many at the most.
    """
    table = queue.table
    due = sa.select(table.c.id).where(_claimable(table, now))
    if queue.group is not None:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN, sa.func.hashtext(queue.name))))
        due = due.where(table.c.id.in_(_within_group_limits(queue, now, limit)))
    # As a common table expression it runs once; a subquery may run again for each row, and then take too many.
    chosen = due.order_by(table.c.due_at).limit(limit).with_for_update(skip_locked=True, key_share=True).cte("chosen")
    statement = (
        table.update()
        .where(table.c.id.in_(sa.select(chosen.c.id)))
        .values(
            lease_token=lease.token,
            lease_owner=lease.owner,
            lease_expires_at=lease.expires_at,
            due_at=lease.expires_at,
        )
        .returning(table.c.id, table.c.attempts)
    )
    rows = await connection.execute(statement)
    return [
        leases.Lease(
            row=row.id, token=lease.token, owner=lease.owner, expires_at=lease.expires_at, attempts=row.attempts
        )
        for row in rows
    ]


def _claimable(table: sa.Table, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.due_at <= now,
        sa.or_(table.c.lease_token.is_(None), table.c.lease_expires_at <= now),
    )


def _within_group_limits(queue: columns.Queue, now: datetime, limit: int) -> sa.Select[tuple[str]]:
    """Select due rows so that no group gets more than its free places."""
    table = queue.table
    group = table.c[queue.group or ""]
    busy = (
        sa.select(group.label("key"), sa.func.count().label("taken"))
        .where(table.c.lease_token.is_not(None), table.c.lease_expires_at > now, group.is_not(None))
        .group_by(group)
        .cte("busy")
    )
    taken = sa.func.coalesce(busy.c.taken, 0)
    candidates = (
        sa.select(
            table.c.id,
            table.c.due_at,
            taken.label("taken"),
            group.label("key"),
            sa.func.row_number().over(partition_by=group, order_by=table.c.due_at).label("place"),
        )
        .select_from(table.outerjoin(busy, busy.c.key == group))
        .where(_claimable(table, now))
        .subquery("candidates")
    )
    free = sa.or_(candidates.c.key.is_(None), candidates.c.place <= queue.group_limit - candidates.c.taken)
    # Some of them may be locked at this moment and skipped, so a few more than are wanted.
    return sa.select(candidates.c.id).where(free).order_by(candidates.c.due_at).limit(limit * 4)


async def earliest(connection: AsyncConnection, queue: columns.Queue, now: datetime) -> datetime | None:
    """Return when the next row can be claimed, or None; in the past where rows were left over."""
    table = queue.table
    can_follow = sa.or_(table.c.due_at > now, _claimable(table, now))
    return await connection.scalar(sa.select(sa.func.min(table.c.due_at)).where(can_follow))


async def extend(connection: AsyncConnection, queue: columns.Queue, lease: leases.Lease, expires_at: datetime) -> bool:
    """Move the end of a lease; False where it is no longer ours."""
    table = queue.table
    result = await connection.execute(
        table.update()
        .where(*_ours(table, lease))
        .values(lease_expires_at=expires_at, due_at=_unless_poked(table, expires_at))
    )
    return result.rowcount == 1


async def guard(connection: AsyncConnection, queue: columns.Queue, lease: leases.Lease) -> None:
    """Lock the row for the rest of the transaction.

    Raises:
        StaleLeaseError: the lease is no longer ours; nothing may be written.
    """
    table = queue.table
    found = await connection.scalar(sa.select(table.c.id).where(*_ours(table, lease)).with_for_update(key_share=True))
    if found is None:
        raise leases.StaleLeaseError


async def release(
    connection: AsyncConnection,
    queue: columns.Queue,
    lease: leases.Lease,
    *,
    due_at: datetime | None,
    attempts: int,
) -> None:
    """Give the row back; a poke that came while it was worked on makes it due at once."""
    table = queue.table
    result = await connection.execute(
        table.update()
        .where(*_ours(table, lease))
        .values(
            lease_token=None,
            lease_owner=None,
            lease_expires_at=None,
            attempts=attempts,
            due_at=_unless_poked(table, due_at),
        )
    )
    if result.rowcount != 1:
        raise leases.StaleLeaseError


async def owners(connection: AsyncConnection, queue: columns.Queue) -> Sequence[str]:
    """Return everybody who holds a lease."""
    table = queue.table
    query = sa.select(table.c.lease_owner).where(table.c.lease_token.is_not(None)).distinct()
    return (await connection.scalars(query)).all()


async def forfeit(connection: AsyncConnection, queue: columns.Queue, owner: str, now: datetime) -> None:
    """End all leases of an owner that is known to be dead; its rows are due at once."""
    table = queue.table
    await connection.execute(
        table.update()
        .where(table.c.lease_owner == owner, table.c.lease_token.is_not(None))
        .values(lease_token=None, lease_owner=None, lease_expires_at=None, due_at=now)
    )


async def poke(connection: AsyncConnection, queue: columns.Queue, row: str, due_at: datetime) -> None:
    """Make a row due, at once or at a time, unless it is due earlier, and wake the queue's supervisors at commit.

    A row that is worked on is looked at again right after, also where the time is later: whoever works on it may have
    read it before the change that this poke tells of.
    """
    table = queue.table
    await connection.execute(table.update().where(table.c.id == row).values(due_at=poked(table, due_at)))
    await notify(connection, queue)


def poked(table: sa.Table, due_at: datetime) -> sa.ColumnElement[datetime]:
    """Return the due time of a poked row, for updates of many rows."""
    # A due time that is not the lease's end says that somebody poked; `LEAST` passes over NULL.
    before_end = table.c.lease_expires_at - timedelta(microseconds=1)
    return sa.func.least(table.c.due_at, sa.literal(due_at, type_=sa.DateTime(timezone=True)), before_end)


async def notify(connection: AsyncConnection, queue: columns.Queue) -> None:
    """Wake the queue's supervisors when the transaction commits."""
    await connection.execute(sa.select(sa.func.pg_notify(CHANNEL, queue.name)))


def _ours(table: sa.Table, lease: leases.Lease) -> tuple[sa.ColumnElement[bool], ...]:
    token: uuid.UUID = lease.token
    return (table.c.id == lease.row, table.c.lease_token == token)


def _unless_poked(table: sa.Table, due_at: datetime | None) -> sa.ColumnElement[datetime]:
    """The new due time; but an earlier one that somebody set since the claim is kept."""
    wanted = sa.literal(due_at, type_=sa.DateTime(timezone=True))
    untouched = table.c.due_at == table.c.lease_expires_at
    return sa.case((untouched, wanted), else_=sa.func.least(table.c.due_at, wanted))
