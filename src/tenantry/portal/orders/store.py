"""The SQL of orders: placed in the transaction that shows them, carried out one after the other for each workspace."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tenantry.engine import columns
from tenantry.engine import store as engine_store
from tenantry.kernel import ids
from tenantry.portal import database, tables
from tenantry.portal.orders import model

_ORDERS = tables.ORDERS
QUEUE = columns.Queue(table=_ORDERS)


async def place(writer: database.Writer, order: model.Order, form_key: str) -> bool:
    """Keep an order that is due at once; False where the same form was sent before.

    The caller holds the workspace's row, and there is no other open order of it.
    """
    values = {
        "id": order.id,
        "account_id": order.account_id,
        "workspace_id": order.workspace_id,
        "form_key": form_key,
        "kind": order.kind.value,
        "details": order.details,
        "status": order.status.value,
        "created_at": order.created_at,
        "due_at": order.created_at - columns.HEAD_START,
    }
    insert = postgresql.insert(_ORDERS).values(values).on_conflict_do_nothing(constraint="orders_form_key")
    placed = (await writer.execute(insert.returning(_ORDERS.c.id))).first()
    await engine_store.notify(writer, QUEUE)
    return placed is not None


async def find(reader: database.Reader, order_id: str) -> model.Order | None:
    """Return an order."""
    row = (await reader.execute(sa.select(_ORDERS).where(_ORDERS.c.id == order_id))).one_or_none()
    return None if row is None else _order(row)


async def by_form_key(reader: database.Reader, account_id: str, form_key: str) -> model.Order | None:
    """Return the order that a form made when it was sent before."""
    query = sa.select(_ORDERS).where(_ORDERS.c.account_id == account_id, _ORDERS.c.form_key == form_key)
    row = (await reader.execute(query)).one_or_none()
    return None if row is None else _order(row)


async def newest(reader: database.Reader, workspace_id: str) -> model.Order | None:
    """Return a workspace's newest order."""
    query = sa.select(_ORDERS).where(_ORDERS.c.workspace_id == workspace_id)
    row = (await reader.execute(query.order_by(_ORDERS.c.created_at.desc(), _ORDERS.c.id.desc()).limit(1))).first()
    return None if row is None else _order(row)


async def finish(
    writer: database.Writer, order_id: str, *, status: model.Status, code: str, message: str, at: datetime
) -> None:
    """Close an order."""
    change = sa.update(_ORDERS).where(_ORDERS.c.id == order_id)
    await writer.execute(change.values(status=status.value, code=code, message=message, finished_at=at))


async def explain(writer: database.Writer, order_id: str, *, code: str, message: str) -> None:
    """Say why an order still waits."""
    await writer.execute(sa.update(_ORDERS).where(_ORDERS.c.id == order_id).values(code=code, message=message))


async def poke_waiting(writer: database.Writer, now: datetime) -> None:
    """Make every waiting order that was put off due now: the provisioner is back."""
    waiting = sa.update(_ORDERS).where(_ORDERS.c.due_at > now, _ORDERS.c.lease_token.is_(None))
    await writer.execute(waiting.values(due_at=now))
    await engine_store.notify(writer, QUEUE)


def _order(row: sa.Row[Any]) -> model.Order:
    return model.Order(
        id=row.id,
        account_id=ids.AccountId(row.account_id),
        workspace_id=ids.WorkspaceId(row.workspace_id),
        kind=model.Kind(row.kind),
        details=row.details,
        status=model.Status(row.status),
        code=row.code,
        message=row.message,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
