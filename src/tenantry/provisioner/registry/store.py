"""The SQL of things that are registered by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from tenantry.engine import columns, database
from tenantry.engine import store as engine_store
from tenantry.kernel import errors
from tenantry.provisioner import tables
from tenantry.provisioner.events import model as event_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """One kind of registered thing.

    Attributes:
        taken: the column that counts against its places, and the table it is in.
    """

    kind: event_model.SubjectKind
    queue: columns.Queue
    taken_by: sa.Column[Any]
    prefix: str

    @property
    def title(self) -> str:
        """The noun in a sentence."""
        return self.kind.replace("-", " ")


class AlreadyRegisteredError(errors.ConflictError):
    """Something of this kind has this name."""

    code = "already-registered"


async def add(writer: database.Writer, noun: Noun, values: dict[str, Any], now: datetime) -> None:
    """Write a new one, due at once.

    Raises:
        AlreadyRegisteredError: the name is known.
    """
    try:
        await writer.execute(noun.queue.table.insert().values(due_at=now, created_at=now, **values))
    except exc.IntegrityError as error:
        raise AlreadyRegisteredError(f"There is a {noun.title} “{values['name']}” already.", field="name") from error
    await engine_store.notify(writer, noun.queue)


async def rows(reader: database.Reader, noun: Noun, name: str | None = None) -> Sequence[sa.RowMapping]:
    """Return all, by name, or the one with this name or id; `taken` counts what it holds."""
    table = noun.queue.table
    taken = sa.select(sa.func.count()).select_from(noun.taken_by.table).where(noun.taken_by == table.c.id)
    if "status" in noun.taken_by.table.c:
        taken = taken.where(noun.taken_by.table.c.status != "deleted")
    sums = [_pooled()] if table is tables.DATABASE_SERVERS else []
    query = sa.select(table, taken.scalar_subquery().label("taken"), *sums).order_by(table.c.name)
    if name is not None:
        query = query.where(sa.or_(table.c.name == name, table.c.id == name))
    return (await reader.execute(query)).mappings().all()


async def identifiers(reader: database.Reader, noun: Noun) -> frozenset[str]:
    """Return the ids of all."""
    return frozenset(await reader.scalars(sa.select(noun.queue.table.c.id)))


def _pooled() -> sa.Label[Any]:
    """Count the connections of a server's pooler that are given away."""
    held = tables.LOGICAL_DATABASES
    summed = sa.select(sa.func.coalesce(sa.func.sum(held.c.pool_size), 0)).where(
        held.c.server_id == tables.DATABASE_SERVERS.c.id
    )
    return summed.scalar_subquery().label("pooled_connections")


async def logical_databases(reader: database.Reader, server: str) -> frozenset[str]:
    """Return the names of the logical databases on a database server."""
    table = tables.LOGICAL_DATABASES
    return frozenset(await reader.scalars(sa.select(table.c.name).where(table.c.server_id == server)))


async def change(writer: database.Writer, noun: Noun, row_id: str, values: dict[str, Any]) -> None:
    """Write columns of one."""
    table = noun.queue.table
    await writer.execute(table.update().where(table.c.id == row_id).values(**values))
