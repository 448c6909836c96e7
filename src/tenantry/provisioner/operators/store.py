"""The SQL of operators: one row for each Kubernetes cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tenantry.engine import database
from tenantry.engine import store as engine_store
from tenantry.kernel import ids
from tenantry.provisioner import tables
from tenantry.provisioner.operators import model, plan
from tenantry.wire.operators import Keeper, Status

_C = tables.CLUSTERS
_O = tables.OPERATORS

_TURN = 0x6F706572
"""Those who want to begin a change take turns, since two at once would both count the same free place."""


async def add(writer: database.Writer, cluster: str, now: datetime) -> None:
    """Write the row of a new cluster, whose operator is left to others until somebody says something else."""
    await writer.execute(_O.insert().values(id=cluster, due_at=now, since=now))
    await engine_store.notify(writer, tables.OPERATORS_QUEUE)


async def get(reader: database.Reader, name: str) -> model.Known | None:
    """Return the operator of the cluster with this name or id; None where it has none, or there is no such cluster."""
    query = sa.select(_O, _C.c.name).join(_C, _C.c.id == _O.c.id).where(sa.or_(_O.c.id == name, _C.c.name == name))
    row = (await reader.execute(query)).mappings().one_or_none()
    return None if row is None else _known(row)


async def change(writer: database.Writer, cluster: str, values: Mapping[str, Any]) -> None:
    """Write columns of one; None is NULL, also where a column holds JSON."""
    written = {key: sa.null() if value is None else value for key, value in values.items()}
    await writer.execute(_O.update().where(_O.c.id == cluster).values(written))


async def take_turn(writer: database.Writer) -> None:
    """Let nobody else decide about beginning a change until this transaction ends."""
    await writer.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))


async def others(reader: database.Reader, cluster: str) -> Sequence[plan.Other]:
    """Return the operators of other clusters that the provisioner keeps."""
    query = (
        sa.select(_C.c.name, _O.c.status, _O.c.release, _O.c.message)
        .join(_C, _C.c.id == _O.c.id)
        .where(_O.c.id != cluster, _O.c.kept_by == Keeper.TENANTRY)
        .order_by(_C.c.name)
    )
    return [
        plan.Other(name=row.name, status=Status(row.status), release=row.release, message=row.message)
        for row in await reader.execute(query)
    ]


async def poke_pending(writer: database.Writer, now: datetime) -> None:
    """Make those due that wait for a turn, or for another cluster."""
    pending = _O.c.status == Status.PENDING
    await writer.execute(_O.update().where(pending).values(due_at=engine_store.poked(_O, now)))
    await engine_store.notify(writer, tables.OPERATORS_QUEUE)


def told(bundle: model.Bundle) -> dict[str, Any]:
    """Return a bundle as it is kept."""
    return asdict(bundle)


def _known(row: sa.RowMapping) -> model.Known:
    served: dict[str, Any] | None = row["served"]
    return model.Known(
        id=ids.ClusterId(row["id"]),
        name=row["name"],
        wish=model.Wish(
            kept_by=Keeper(row["kept_by"]),
            image=row["image"],
            version=row["version"],
            facts=row["facts"],
            takes_over=row["takes_over"],
        ),
        status=Status(row["status"]),
        reason=row["reason"],
        message=row["message"],
        since=row["since"],
        attempt=row["attempt"],
        release=row["release"],
        served=None if served is None else model.Bundle(**served),
        carried=row["carried"],
    )
