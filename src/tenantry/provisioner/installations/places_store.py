"""The SQL of places: what clusters, database servers and object stores offer, and how much of it is reserved.

One statement for each kind adds up all reservations, however many there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tenantry.engine import database
from tenantry.provisioner import tables
from tenantry.provisioner.installations import capacity, placement, pool_plan
from tenantry.provisioner.installations import demand as demands
from tenantry.runtime import document
from tenantry.wire import installations as wire
from tenantry.wire.infrastructure import Status
from tenantry.wire.operators import Keeper
from tenantry.wire.placement import Measure

_TURN = 0x706C6163
_I = tables.INSTALLATIONS
_D = tables.LOGICAL_DATABASES
_O = tables.OPERATORS
_ASLEEP = (wire.Status.HIBERNATED, wire.Status.DISCARDED)

RESERVED = {
    "reserved_cpu_millis": Measure.CPU,
    "reserved_memory_bytes": Measure.MEMORY,
    "reserved_pods": Measure.PODS,
}
"""Columns of what an installation takes of its cluster while it is awake; asleep, it keeps a part."""
KEPT = {
    "reserved_services": Measure.SERVICES,
    "reserved_storage_bytes": Measure.STORAGE,
}
"""Columns of what it takes of its cluster whether it is awake or asleep."""
SURGES = {
    "surge_cpu_millis": Measure.CPU,
    "surge_memory_bytes": Measure.MEMORY,
    "surge_pods": Measure.PODS,
}
"""Columns of what it needs besides while it is exchanged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """All that something might be placed on."""

    clusters: Sequence[placement.Candidate]
    servers: Sequence[placement.Candidate] = ()
    stores: Sequence[placement.Candidate] = ()


async def everything(reader: database.Reader, wanted: demands.Demand) -> Places:
    """Return everything of which the wanted takes something, with what is reserved there."""
    return Places(
        clusters=await clusters(reader, wanted),
        servers=await servers(reader, wanted) if Measure.DATABASES in wanted.takes else (),
        stores=await object_stores(reader) if Measure.BUCKETS in wanted.takes else (),
    )


async def clusters(
    reader: database.Reader, wanted: demands.Demand, *, besides: str = ""
) -> Sequence[placement.Candidate]:
    """Return all clusters with what they offer to such an installation and what is reserved.

    Args:
        reader: inside the transaction that reserves, or anywhere just to look.
        wanted: what is to be placed.
        besides: the id of an installation that is not counted.
    """
    table = tables.CLUSTERS
    there = [_I.c.cluster_id.is_not(None), _I.c.status != wire.Status.DELETED]
    if besides:
        there.append(_I.c.id != besides)
    summed = (
        sa.select(
            _I.c.cluster_id,
            sa.func.count().label("installations"),
            *[sa.func.sum(_I.c[name]).label(name) for name in KEPT],
            *[_awake_sum(_I.c[name]).label(name) for name in RESERVED],
            *[sa.func.max(_I.c[name]).label(name) for name in SURGES],
        )
        .where(*there)
        .group_by(_I.c.cluster_id)
        .subquery("summed")
    )
    query = sa.select(table, _storage_class(), *[each for each in summed.c if each.name != "cluster_id"]).select_from(
        table.outerjoin(summed, summed.c.cluster_id == table.c.id).outerjoin(_O, _O.c.id == table.c.id)
    )
    return [_cluster(row, wanted) for row in (await reader.execute(query)).mappings()]


def _storage_class() -> sa.ColumnElement[Any]:
    """Select what a cluster's operator was told to make volumes of; of one that others keep, nobody here knows."""
    told = _O.c.facts["storage_class"].astext
    return sa.case((_O.c.kept_by == Keeper.TENANTRY, told), else_=None).label("storage_class")


def _awake_sum(column: sa.ColumnElement[int]) -> sa.ColumnElement[Any]:
    """Add up what is taken; of those that are asleep only the part that they keep, rounded up in all."""
    whole = sa.func.sum(column)
    asleep = sa.func.coalesce(sa.func.sum(column).filter(_I.c.status.in_(_ASLEEP)), 0)
    return sa.func.ceil((whole * 100 - asleep * (100 - capacity.ASLEEP_PERCENT)) / sa.literal(100.0, sa.Numeric))


def _cluster(row: sa.RowMapping, wanted: demands.Demand) -> placement.Candidate:
    offer = capacity.of(_known(row), wanted)
    count = row["installations"] or 0
    taken = {measure: int(row[name] or 0) for name, measure in (RESERVED | KEPT).items()} | {
        Measure.NAMESPACES: count,
        Measure.INSTALLATIONS: count,
    }
    return placement.Candidate(
        id=row["id"],
        name=row["name"],
        offers=offer.offers,
        taken=taken | {Measure.ADDRESSES: taken[Measure.PODS]},
        kept=offer.kept,
        labels=row["labels"],
        problem=_problem(row),
        unfit=offer.unfit,
    )


def _known(row: sa.RowMapping) -> capacity.Cluster:
    surge = {measure: row[name] or 0 for name, measure in SURGES.items()}
    return capacity.Cluster(
        facts=None if row["facts"] is None else document.ClusterFacts.model_validate(row["facts"]),
        stated={Measure(measure): amount for measure, amount in row["capacity"].items()},
        max_installations=row["max_installations"],
        surge=surge | {Measure.ADDRESSES: surge[Measure.PODS]},
        storage_class=row["storage_class"],
    )


async def take_turn(writer: database.Writer) -> None:
    """Let reservations follow one another until the transaction ends."""
    await writer.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))


async def servers(reader: database.Reader, wanted: demands.Demand) -> Sequence[placement.Candidate]:
    """Return all database servers; where there is a pooler, who may go through it does."""
    table = tables.DATABASE_SERVERS
    summed = (
        sa.select(
            _D.c.server_id,
            sa.func.count().label("databases"),
            _awake_sum(_D.c.connections).label("connections"),
            sa.func.sum(_D.c.pool_size).label("pooled"),
        )
        .join_from(_D, _I, sa.and_(_I.c.id == _D.c.installation_id, _I.c.status != wire.Status.DELETED))
        .group_by(_D.c.server_id)
        .subquery("summed")
    )
    query = sa.select(table, summed.c.databases, summed.c.connections, summed.c.pooled).select_from(
        table.outerjoin(summed, summed.c.server_id == table.c.id)
    )
    return [_server(row, wanted) for row in (await reader.execute(query)).mappings()]


def _server(row: sa.RowMapping, wanted: demands.Demand) -> placement.Candidate:
    budget = row["pooler_budget"]
    offers = {Measure.DATABASES: row["max_databases"], Measure.CONNECTIONS: max(0, row["max_connections"] - budget)}
    taken = {Measure.DATABASES: row["databases"] or 0, Measure.CONNECTIONS: int(row["connections"] or 0)}
    return placement.Candidate(
        id=row["id"],
        name=row["name"],
        offers=offers | ({Measure.POOLED: budget} if budget else {}),
        taken=taken | {Measure.POOLED: int(row["pooled"] or 0)},
        takes=pool_plan.takes(wanted.takes) if budget else {},
        problem=_problem(row),
    )


async def object_stores(reader: database.Reader) -> Sequence[placement.Candidate]:
    """Return all object stores."""
    table, buckets = tables.OBJECT_STORES, tables.BUCKETS
    taken = sa.select(sa.func.count()).where(buckets.c.store_id == table.c.id).scalar_subquery()
    rows = await reader.execute(sa.select(table, taken.label("buckets")))
    return [
        placement.Candidate(
            id=row["id"],
            name=row["name"],
            offers={Measure.BUCKETS: row["max_buckets"]},
            taken={Measure.BUCKETS: row["buckets"]},
            problem=_problem(row),
        )
        for row in rows.mappings()
    ]


def _problem(row: sa.RowMapping) -> str:
    if row["is_cordoned"]:
        return "cordoned"
    if row["status"] != Status.AVAILABLE:
        return f"{row['status']} ({row['message'] or row['reason']})" if row["reason"] else row["status"]
    return ""
