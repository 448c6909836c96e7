"""The SQL of watches: one row for each cluster, whose lease says which process watches it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tenantry.engine import database
from tenantry.engine import lease as leases
from tenantry.engine import store as engine_store
from tenantry.kernel import ids
from tenantry.provisioner import tables
from tenantry.wire import infrastructure
from tenantry.wire.installations import Status

_I = tables.INSTALLATIONS
_W = tables.WATCHES


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A watch on a cluster.

    Attributes:
        lease: the lease that was held when this was read; None: nobody held it.
        is_available: the cluster was reached when it was probed last.
    """

    cluster: ids.ClusterId
    lease: leases.Lease | None
    is_available: bool


async def add(writer: database.Writer, cluster: str, now: datetime) -> None:
    """Let somebody watch a new cluster, at once."""
    await writer.execute(_W.insert().values(id=cluster, due_at=now))
    await engine_store.notify(writer, tables.WATCHES_QUEUE)


async def get(reader: database.Reader, cluster: str) -> Watch | None:
    """Return the watch on a cluster."""
    query = (sa.select(_W, tables.CLUSTERS.c.status).join(tables.CLUSTERS, tables.CLUSTERS.c.id == _W.c.id)).where(
        _W.c.id == cluster
    )
    row = (await reader.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    return Watch(
        cluster=ids.ClusterId(row["id"]),
        lease=_lease(row),
        is_available=row["status"] == infrastructure.Status.AVAILABLE,
    )


def _lease(row: sa.RowMapping) -> leases.Lease | None:
    if row["lease_token"] is None:
        return None
    return leases.Lease(
        row=row["id"],
        token=row["lease_token"],
        owner=row["lease_owner"],
        expires_at=row["lease_expires_at"],
        attempts=row["attempts"],
    )


async def handed(reader: database.Reader, cluster: str) -> Mapping[str, int]:
    """Return which installations the cluster has accepted, and in which generation."""
    query = sa.select(_I.c.id, _I.c.handed_generation).where(
        _I.c.cluster_id == cluster, _I.c.status != Status.DELETED, _I.c.handed_generation > 0
    )
    return {row.id: row.handed_generation for row in await reader.execute(query)}
