"""The SQL of operations and of how long steps take."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tenantry.portal import database, tables
from tenantry.portal.history import plan
from tenantry.portal.workspaces import model, progress

_OPERATIONS = tables.OPERATIONS
_STEPS = tables.STEP_TIMES

RECENT = 20
"""How many workspaces count for what is usual."""


async def newest(reader: database.Reader, workspace_id: str) -> plan.Operation | None:
    """Return the newest operation."""
    found = await list_of(reader, workspace_id, limit=1)
    return found[0] if found else None


async def list_of(reader: database.Reader, workspace_id: str, *, limit: int) -> list[plan.Operation]:
    """Return a workspace's operations, newest first."""
    query = sa.select(_OPERATIONS).where(_OPERATIONS.c.workspace_id == workspace_id)
    rows = (await reader.execute(query.order_by(_OPERATIONS.c.sequence.desc()).limit(limit))).all()
    return [_operation(row) for row in rows]


async def apply(
    writer: database.Writer, *, workspace_id: str, operation_id: str, change: plan.Change, at: datetime
) -> None:
    """Close the open operation and begin the next, as decided. The same event twice changes nothing more."""
    if change.close is not None:
        await writer.execute(
            sa.update(_OPERATIONS)
            .where(_OPERATIONS.c.workspace_id == workspace_id, _OPERATIONS.c.finished_at.is_(None))
            .values(outcome=change.close.value, message=change.message, finished_at=at)
        )
    if change.open is not None:
        values = {"id": operation_id, "workspace_id": workspace_id, **_values(change.open)}
        await writer.execute(postgresql.insert(_OPERATIONS).values(values).on_conflict_do_nothing())


async def add_step_times(
    writer: database.Writer, *, workspace_id: str, product: str, times: Mapping[str, timedelta], at: datetime
) -> None:
    """Remember how long the steps of a first start took."""
    rows = [
        {"workspace_id": workspace_id, "step": step, "product": product, "duration": took, "at": at}
        for step, took in times.items()
    ]
    if rows:
        await writer.execute(postgresql.insert(_STEPS).values(rows).on_conflict_do_nothing())


async def usual_times(reader: database.Reader, product: str) -> dict[str, timedelta]:
    """Return the median of the last few times of each step of a product; nothing where there is no history."""
    # For each step only the newest few are read, from the index, however many workspaces there are.
    steps = sa.values(sa.column("step", sa.Text), name="steps").data([(step,) for step in progress.MEASURED])
    recent = (
        sa.select(_STEPS.c.duration)
        .where(_STEPS.c.product == product, _STEPS.c.step == steps.c.step)
        .order_by(_STEPS.c.at.desc())
        .limit(RECENT)
        .lateral("recent")
    )
    median = sa.func.percentile_cont(0.5).within_group(recent.c.duration)
    query = sa.select(steps.c.step, median).select_from(steps.join(recent, sa.true())).group_by(steps.c.step)
    return {row[0]: row[1] for row in (await reader.execute(query)).all()}


def _values(operation: plan.Operation) -> dict[str, Any]:
    return {
        "kind": operation.kind.value,
        "summary": operation.summary,
        "outcome": operation.outcome.value,
        "message": operation.message,
        "sequence": operation.sequence,
        "started_at": operation.started_at,
        "finished_at": operation.finished_at,
    }


def _operation(row: sa.Row[Any]) -> plan.Operation:
    return plan.Operation(
        kind=model.Status(row.kind),
        summary=row.summary,
        outcome=plan.Outcome(row.outcome),
        message=row.message,
        sequence=row.sequence,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
