"""The SQL of resealing: every column that holds a sealed secret, in one list, a batch of rows at a time."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from tenantry.engine import database
from tenantry.provisioner import tables

SEALED: Sequence[sa.Column[Any]] = (
    tables.CLUSTERS.c.kubeconfig,
    tables.DATABASE_SERVERS.c.password,
    tables.OBJECT_STORES.c.secret_key,
    tables.INSTALLATIONS.c.generated_secrets,
    tables.LOGICAL_DATABASES.c.password,
    tables.LOGICAL_DATABASES.c.verifier,
    tables.BUCKETS.c.secret_key,
)
"""A new sealed column belongs here; a test finds those that are missing."""

_BATCH = 500


async def reseal(
    writer: database.Writer, column: sa.Column[Any], after: str, renew: Callable[[bytes], bytes]
) -> tuple[int, str | None]:
    """Seal a batch of one column anew; returns how many, and where the next batch begins (None: that was all)."""
    table = column.table
    query = sa.select(table.c.id, column.label("sealed")).where(table.c.id > after, column.is_not(None))
    rows = (await writer.execute(query.order_by(table.c.id).limit(_BATCH).with_for_update())).all()
    for row in rows:
        await writer.execute(sa.update(table).where(table.c.id == row.id).values({column.name: renew(row.sealed)}))
    return len(rows), rows[-1].id if len(rows) == _BATCH else None
