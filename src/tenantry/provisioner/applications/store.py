"""The SQL of applications and of their preparation on clusters."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tenantry.application import manifest
from tenantry.engine import database
from tenantry.engine import store as engine_store
from tenantry.provisioner import tables
from tenantry.provisioner.applications import model

_A = tables.APPLICATIONS
_P = tables.PREPARATIONS


async def put(writer: database.Writer, application: model.NewApplication, now: datetime) -> model.Stored:
    """Write an application, new or changed; its generation grows only where the manifest differs."""
    raw = application.manifest.model_dump(mode="json", exclude={"status"})
    statement = postgresql.insert(_A).values(
        id=application.id, name=application.manifest.metadata.name, manifest=raw, generation=1,
        created_at=now, updated_at=now,
    )  # fmt: skip
    is_changed = _A.c.manifest != statement.excluded.manifest
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "manifest": statement.excluded.manifest,
            "generation": _A.c.generation + sa.case((is_changed, 1), else_=0),
            "updated_at": sa.case((is_changed, now), else_=_A.c.updated_at),
        },
    ).returning(_A.c.id, _A.c.generation)
    row = (await writer.execute(statement)).one()
    return model.Stored(id=row.id, generation=row.generation)


async def prepare_everywhere(writer: database.Writer, new_id: str, application_id: str, now: datetime) -> None:
    """Make the application's preparation due on every cluster, writing those rows that are missing.

    The generation that a cluster has accepted counts for nothing from now on, so that it gets the application again and
    tries again what failed.
    """
    known = sa.select(tables.CLUSTERS.c.id).with_for_update(read=True, key_share=True)  # none is deregistered meanwhile
    clusters = (await writer.scalars(known)).all()
    for number, cluster_id in enumerate(clusters):
        statement = postgresql.insert(_P).values(
            id=f"{new_id}-{number}",
            application_id=application_id,
            cluster_id=cluster_id,
            generation=0,
            status="preparing",
            versions=[],
            due_at=now,
        )
        update = {"status": "preparing", "generation": 0, "due_at": engine_store.poked(_P, now)}
        await writer.execute(
            statement.on_conflict_do_update(index_elements=["application_id", "cluster_id"], set_=update)
        )
    await engine_store.notify(writer, tables.PREPARATIONS_QUEUE)


async def find(reader: database.Reader, name: str | None = None) -> Sequence[model.Application]:
    """Return all applications by name, or the one with this name or id."""
    query = sa.select(_A).order_by(_A.c.name)
    if name is not None:
        query = query.where(sa.or_(_A.c.name == name, _A.c.id == name))
    rows = (await reader.execute(query)).mappings().all()
    prepared = await _preparations(reader, [row["id"] for row in rows])
    return [_application(row, [each for each in prepared if each.application_id == row["id"]]) for row in rows]


async def _preparations(reader: database.Reader, applications: Sequence[str]) -> Sequence[model.Preparation]:
    query = (
        sa.select(_P, tables.CLUSTERS.c.name.label("cluster"))
        .join(tables.CLUSTERS, tables.CLUSTERS.c.id == _P.c.cluster_id)
        .where(_P.c.application_id.in_(applications))
    )
    return [_preparation(row) for row in (await reader.execute(query)).mappings()]


async def preparation(reader: database.Reader, row_id: str) -> model.Preparation | None:
    """Return one preparation with its application."""
    query = (
        sa.select(_P, tables.CLUSTERS.c.name.label("cluster"))
        .join(tables.CLUSTERS, tables.CLUSTERS.c.id == _P.c.cluster_id)
        .where(_P.c.id == row_id)
    )
    row = (await reader.execute(query)).mappings().one_or_none()
    return None if row is None else _preparation(row)


async def note(writer: database.Writer, row_id: str, values: dict[str, Any]) -> None:
    """Write columns of a preparation."""
    await writer.execute(_P.update().where(_P.c.id == row_id).values(**values))


def _application(row: sa.RowMapping, prepared: Sequence[model.Preparation]) -> model.Application:
    return model.Application(
        id=row["id"],
        manifest=manifest.Application.model_validate(row["manifest"]),
        generation=row["generation"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        preparations=tuple(prepared),
    )


def _preparation(row: sa.RowMapping) -> model.Preparation:
    return model.Preparation(
        id=row["id"],
        application_id=row["application_id"],
        cluster_id=row["cluster_id"],
        cluster=row["cluster"],
        generation=row["generation"],
        status=model.Status(row["status"]),
        message=row["message"],
        versions=tuple(manifest.VersionStatus.model_validate(each) for each in row["versions"]),
    )
