"""The SQL of installations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from tenantry.application import manifest
from tenantry.engine import columns, database
from tenantry.engine import store as engine_store
from tenantry.kernel import ids
from tenantry.provisioner import tables
from tenantry.provisioner.installations import model
from tenantry.provisioner.installations.transitions import TABLE, Rotation
from tenantry.runtime import document
from tenantry.wire import infrastructure
from tenantry.wire.installations import Status, Target

_I = tables.INSTALLATIONS
_A = tables.APPLICATIONS
_C = tables.CLUSTERS
_D = tables.LOGICAL_DATABASES
_S = tables.DATABASE_SERVERS
_B = tables.BUCKETS
_O = tables.OBJECT_STORES


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which installations are listed; what is not set does not restrict."""

    statuses: Sequence[Status] = ()
    target: Target | None = None
    application: str | None = None
    cluster: str | None = None
    name_contains: str | None = None
    labels: dict[str, str] = field(default_factory=dict[str, str])
    includes_deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page begins: after this one, newest first."""

    created_at: datetime
    id: str


def _whole() -> sa.Select[Any]:
    """Select installations with all that belongs to them, each column under a name of its own."""
    joined = (
        _I.join(_A, _A.c.id == _I.c.application_id)
        .outerjoin(_C, _C.c.id == _I.c.cluster_id)
        .outerjoin(_D, _D.c.installation_id == _I.c.id)
        .outerjoin(_S, _S.c.id == _D.c.server_id)
        .outerjoin(_B, _B.c.installation_id == _I.c.id)
        .outerjoin(_O, _O.c.id == _B.c.store_id)
    )
    return sa.select(
        _I,
        _A.c.manifest,
        *[_C.c[name].label(f"cluster_{name}") for name in ("name", "status", "reason", "message")],
        *[column.label(f"database_{column.name}") for column in _D.c],
        _S.c.host.label("server_host"),
        _S.c.port.label("server_port"),
        _S.c.ssl_mode.label("server_ssl_mode"),
        _S.c.ca_certificate.label("server_ca_certificate"),
        *[_S.c[name].label(f"server_{name}") for name in ("pooler_host", "pooler_port", "pooler_budget")],
        *[column.label(f"bucket_{column.name}") for column in _B.c],
        _O.c.endpoint.label("store_endpoint"),
        _O.c.region.label("store_region"),
        _O.c.ca_certificate.label("store_ca_certificate"),
    ).select_from(joined)


async def get(reader: database.Reader, identifier: str) -> model.Installation | None:
    """Return the installation with this id, or the living one with this name."""
    by_name = sa.and_(_I.c.name == identifier, _I.c.status != Status.DELETED)
    query = _whole().where(sa.or_(_I.c.id == identifier, by_name)).order_by(_I.c.id != identifier).limit(1)
    row = (await reader.execute(query)).mappings().first()
    return None if row is None else _installation(row)


async def lock(writer: database.Writer, identifier: str) -> None:
    """Let changes of one installation follow one another until the transaction ends."""
    by_name = sa.and_(_I.c.name == identifier, _I.c.status != Status.DELETED)
    await writer.execute(
        sa.select(_I.c.id).where(sa.or_(_I.c.id == identifier, by_name)).with_for_update(key_share=True)
    )


async def page(
    reader: database.Reader, chosen: Filter, *, after: Place | None, limit: int
) -> Sequence[model.Installation]:
    """Return a page of installations, newest first."""
    query = _whole().where(*_conditions(chosen)).order_by(_I.c.created_at.desc(), _I.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(sa.tuple_(_I.c.created_at, _I.c.id) < sa.tuple_(after.created_at, after.id))
    return [_installation(row) for row in (await reader.execute(query)).mappings()]


def _conditions(chosen: Filter) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = []
    if chosen.statuses:
        wanted.append(_I.c.status.in_(chosen.statuses))
    elif not chosen.includes_deleted:
        wanted.append(_I.c.status != Status.DELETED)
    if chosen.target is not None:
        wanted.append(_I.c.target == chosen.target)
    if chosen.application is not None:
        wanted.append(_A.c.name == chosen.application)
    if chosen.cluster is not None:
        wanted.append(_C.c.name == chosen.cluster)
    if chosen.name_contains is not None:
        wanted.append(_I.c.name.contains(chosen.name_contains, autoescape=True))
    if chosen.labels:
        wanted.append(_I.c.labels.contains(chosen.labels))
    return wanted


async def is_name_taken(reader: database.Reader, name: str) -> bool:
    """Tell whether a living installation has the name."""
    query = sa.select(sa.exists().where(_I.c.name == name, _I.c.status != Status.DELETED))
    return bool(await reader.scalar(query))


async def add(writer: database.Writer, values: dict[str, Any]) -> None:
    """Write a new installation.

    Raises:
        NameTakenError: a living installation has the name; of several at the same moment one wins.
    """
    try:
        await writer.execute(_I.insert().values(**values))
    except exc.IntegrityError as error:
        if "uq_installations_living_name" in str(error.orig):
            raise model.NameTakenError(f"The name “{values['name']}” is taken.", field="name") from error
        raise


async def change(writer: database.Writer, installation_id: str, values: dict[str, Any]) -> None:
    """Write columns of one installation."""
    await writer.execute(_I.update().where(_I.c.id == installation_id).values(**values))


async def poke(writer: database.Writer, installation_id: str, now: datetime, *, is_urgent: bool = False) -> None:
    """Make the installation due; what a person waits for goes first."""
    due_at = now - columns.HEAD_START if is_urgent else now
    await engine_store.poke(writer, tables.INSTALLATIONS_QUEUE, installation_id, due_at)


async def poke_waiting(writer: database.Writer, now: datetime) -> None:
    """Make all installations due that wait with a reason: for a place, or for something that was away."""
    is_waiting = sa.and_(_I.c.due_at > now, _I.c.status.in_(TABLE.working), _I.c.reason != "")
    ordered = sa.select(_I.c.id).where(is_waiting).order_by(_I.c.id).with_for_update(key_share=True).cte("waiting")
    poked = engine_store.poked(_I, now)
    await writer.execute(_I.update().where(_I.c.id.in_(sa.select(ordered.c.id))).values(due_at=poked))
    await engine_store.notify(writer, tables.INSTALLATIONS_QUEUE)


async def add_database(writer: database.Writer, values: dict[str, Any]) -> None:
    """Reserve a logical database."""
    await writer.execute(_D.insert().values(**values))


async def add_bucket(writer: database.Writer, values: dict[str, Any]) -> None:
    """Reserve a bucket."""
    await writer.execute(_B.insert().values(**values))


async def keep_key(writer: database.Writer, installation_id: str, access_key: str, secret_key: bytes) -> None:
    """Write which key opens the bucket, its secret sealed."""
    values = {"access_key": access_key, "secret_key": secret_key}
    await writer.execute(_B.update().where(_B.c.installation_id == installation_id).values(**values))


async def keep_password(writer: database.Writer, installation_id: str, password: bytes, verifier: bytes) -> None:
    """Write the password of its logical database; a pooler has to let its role in anew.

    Args:
        writer: the transaction.
        installation_id: whose.
        password: sealed.
        verifier: of it, sealed; only what has a part of a pooler has one.
    """
    values = {
        "password": password,
        "verifier": sa.case((_D.c.pool_size > 0, verifier), else_=None),
        "pooled_by": None,
    }
    await writer.execute(_D.update().where(_D.c.installation_id == installation_id).values(**values))


async def note_password_set(writer: database.Writer, installation_id: str, at: datetime) -> None:
    """Write down since when the server takes the password of its logical database."""
    await writer.execute(_D.update().where(_D.c.installation_id == installation_id).values(password_set_at=at))


async def note_made(
    writer: database.Writer, installation_id: str, now: datetime, *, database_made: bool, bucket_made: bool
) -> None:
    """Write down that the logical database or the bucket exists."""
    if database_made:
        await writer.execute(_D.update().where(_D.c.installation_id == installation_id).values(ready_at=now))
    if bucket_made:
        await writer.execute(_B.update().where(_B.c.installation_id == installation_id).values(ready_at=now))


async def forget_made(writer: database.Writer, installation_id: str) -> None:
    """Write down that neither exists any more."""
    await writer.execute(_D.delete().where(_D.c.installation_id == installation_id))
    await writer.execute(_B.delete().where(_B.c.installation_id == installation_id))


async def on_cluster(reader: database.Reader, cluster_id: str) -> set[str]:
    """Return the ids of installations that may have something on a cluster."""
    query = sa.select(_I.c.id).where(_I.c.cluster_id == cluster_id, _I.c.status != Status.DELETED)
    return set((await reader.scalars(query)).all())


def _installation(row: sa.RowMapping) -> model.Installation:
    return model.Installation(
        id=ids.InstallationId(row["id"]),
        name=row["name"],
        display_name=row["display_name"],
        application=manifest.Application.model_validate(row["manifest"]),
        application_id=row["application_id"],
        version=row["version"],
        size=row["size"],
        settings=row["settings"],
        labels=row["labels"],
        url=row["url"],
        target=Target(row["target"]),
        status=Status(row["status"]),
        reason=row["reason"],
        message=row["message"],
        generation=row["generation"],
        handed_generation=row["handed_generation"],
        revision=row["revision"],
        restarted_at=row["restarted_at"],
        is_locked=row["is_locked"],
        delete_after=row["delete_after"],
        cluster_id=row["cluster_id"],
        cluster=row["cluster_name"],
        placed_at=row["placed_at"],
        generated_secrets=row["generated_secrets"],
        database=_database(row),
        bucket=_bucket(row),
        runtime=_runtime(row["runtime_status"]),
        is_gone=row["runtime_gone"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        cluster_trouble=_trouble(row),
        settled=None if row["settled"] is None else model.Settled(**row["settled"]),
        setback=row["setback"],
        match_labels=row["match_labels"],
        rotation=None if row["rotation"] is None else Rotation(row["rotation"]),
    )


def _trouble(row: sa.RowMapping) -> model.Trouble | None:
    if row["cluster_status"] != infrastructure.Status.UNREACHABLE:
        return None
    return model.Trouble(reason=row["cluster_reason"], message=row["cluster_message"])


def _runtime(raw: dict[str, Any] | None) -> document.InstallationStatus | None:
    return None if raw is None else document.InstallationStatus.model_validate(raw)


def _database(row: sa.RowMapping) -> model.LogicalDatabase | None:
    if row["database_id"] is None:
        return None
    return model.LogicalDatabase(
        id=row["database_id"],
        server_id=row["database_server_id"],
        name=row["database_name"],
        password=row["database_password"],
        host=row["server_host"],
        port=row["server_port"],
        ssl_mode=row["server_ssl_mode"],
        ca_certificate=row["server_ca_certificate"],
        is_ready=row["database_ready_at"] is not None,
        password_set_at=row["database_password_set_at"],
        pool=_pool(row),
    )


def _pool(row: sa.RowMapping) -> model.Pool | None:
    if not row["database_pool_size"]:
        return None
    return model.Pool(
        host=row["server_pooler_host"],
        port=row["server_pooler_port"],
        is_open=row["server_pooler_budget"] > 0,
        mode=row["database_pool_mode"],
        size=row["database_pool_size"],
        verifier=row["database_verifier"],
        used=row["database_pooled_by"],
    )


def _bucket(row: sa.RowMapping) -> model.Bucket | None:
    if row["bucket_id"] is None:
        return None
    return model.Bucket(
        id=row["bucket_id"],
        store_id=row["bucket_store_id"],
        name=row["bucket_name"],
        access_key=row["bucket_access_key"],
        secret_key=row["bucket_secret_key"],
        endpoint=row["store_endpoint"],
        region=row["store_region"],
        ca_certificate=row["store_ca_certificate"],
        is_ready=row["bucket_ready_at"] is not None,
    )
