"""The SQL of reservations: looks for a place and takes it in one transaction, so that a burst cannot over-place.

What an installation takes is written with it when it is placed, so that adding up asks no manifest; another size and
another manifest write it anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from tenantry.application import manifest
from tenantry.engine import database
from tenantry.provisioner import context, tables
from tenantry.provisioner.installations import demand as demands
from tenantry.provisioner.installations import model, placement, places_store, pool_plan, pool_store, ports, store
from tenantry.wire import installations as wire
from tenantry.wire.placement import Measure

_I = tables.INSTALLATIONS
_COLUMNS = places_store.RESERVED | places_store.KEPT


async def place(
    writer: database.Writer, installation: model.Installation, around: context.Context, now: datetime
) -> None:
    """Reserve a cluster and, as the application needs, a logical database and a bucket: all of them or nothing.

    Raises:
        NowhereError: no cluster, server or store can take it; the message says why for each.
    """
    await places_store.take_turn(writer)
    wanted = demands.of_installation(installation, installation.size)
    places = await places_store.everything(writer, wanted)
    cluster = _chosen("clusters", places.clusters, wanted)
    needs_database = installation.needs_database and installation.database is None
    needs_bucket = installation.needs_bucket and installation.bucket is None
    server = _chosen("database servers", places.servers, wanted) if needs_database else None
    object_store = _chosen("object stores", places.stores, wanted) if needs_bucket else None
    if server is not None:
        await store.add_database(writer, _new_database(installation, server, around, wanted))
    if object_store is not None:
        await store.add_bucket(writer, _new_bucket(installation, object_store.id, around))
    await store.change(writer, installation.id, {"cluster_id": cluster.id, "placed_at": now, **columns(wanted)})


async def resize(writer: database.Writer, installation: model.Installation, size: str) -> Mapping[str, int]:
    """Return the columns of the reservation for another size, having made sure that there is room for it.

    Only what grows needs room: a cluster that is too full already refuses nothing that makes it no worse.

    Raises:
        NoRoomError: there is not; the message says what is scarce.
    """
    if installation.cluster_id is None:
        return {}
    wanted = demands.of_installation(installation, size)
    row = (await writer.execute(sa.select(_I).where(_I.c.id == installation.id))).mappings().one()
    grown = {measure for name, measure in _COLUMNS.items() if wanted.takes.get(measure, 0) > row[name]}
    if grown:
        await places_store.take_turn(writer)
        growing = replace(wanted, takes={measure: wanted.takes[measure] for measure in grown})
        found = await places_store.clusters(writer, growing, besides=installation.id)
        here = next(each for each in found if each.id == installation.cluster_id)
        if shortage := placement.shortage(here, growing):
            raise model.NoRoomError(f"{here.name} has no room for the size “{size}”: {shortage}.")
    return columns(wanted)


def returned(installation: model.Installation, size: str) -> Mapping[str, int]:
    """Return the columns of the reservation for a size that is gone back to: nobody can refuse that."""
    known = {each.name for each in installation.application.spec.sizes}
    return columns(demands.of_installation(installation, size)) if size in known else {}


def columns(wanted: demands.Demand) -> Mapping[str, int]:
    """Return the columns of a reservation."""
    reserved = {name: wanted.takes.get(measure, 0) for name, measure in _COLUMNS.items()}
    return reserved | {name: wanted.surge.get(measure, 0) for name, measure in places_store.SURGES.items()}


async def follow_manifest(writer: database.Writer, application_id: str, given: manifest.Application) -> None:
    """Let reservations be what the application's sizes take now; nothing is refused, since this is what will run."""
    for size in given.spec.sizes:
        reserved = columns(demands.of(given, size))
        is_meant = sa.and_(
            _I.c.application_id == application_id,
            _I.c.size == size.name,
            _I.c.cluster_id.is_not(None),
            _I.c.status != wire.Status.DELETED,
            sa.or_(*[_I.c[name] != amount for name, amount in reserved.items()]),
        )
        ordered = sa.select(_I.c.id).where(is_meant).order_by(_I.c.id).with_for_update(key_share=True).cte("meant")
        await writer.execute(_I.update().where(_I.c.id.in_(sa.select(ordered.c.id))).values(**reserved))


async def follow_manifests(writer: database.Writer) -> None:
    """Let all reservations be what the sizes of all applications take."""
    rows = await writer.execute(sa.select(tables.APPLICATIONS.c.id, tables.APPLICATIONS.c.manifest))
    for row in rows.all():
        await follow_manifest(writer, row.id, manifest.Application.model_validate(row.manifest))


def _chosen(kind: str, found: Sequence[placement.Candidate], wanted: demands.Demand) -> placement.Candidate:
    chosen = placement.choose(kind, found, wanted)
    if isinstance(chosen, placement.Nowhere):
        raise model.NowhereError(chosen.message)
    return chosen


def _new_database(
    installation: model.Installation, server: placement.Candidate, around: context.Context, wanted: demands.Demand
) -> dict[str, object]:
    password = around.vault.seal(ports.new_password(around.randomness))
    pooling = pool_plan.pooling(installation.application) if Measure.POOLED in server.offers else None
    # Names of all databases are visible to every role of a server, so they say nothing about the customer.
    return {
        "id": around.identifiers.new("ldb"),
        "installation_id": installation.id,
        "server_id": server.id,
        "name": f"t_{around.randomness.token_bytes(10).hex()}",
        "password": password,
        "connections": placement.takes(server, wanted, Measure.CONNECTIONS),
        **({} if pooling is None else pool_store.part(pooling, password, around)),
    }


def _new_bucket(installation: model.Installation, store_id: str, around: context.Context) -> dict[str, object]:
    pair = ports.new_pair(around.randomness)
    return {
        "id": around.identifiers.new("bkt"),
        "installation_id": installation.id,
        "store_id": store_id,
        "name": f"t-{around.randomness.token_bytes(10).hex()}",
        "access_key": pair.access_key,
        "secret_key": around.vault.seal(pair.secret_key),
    }
