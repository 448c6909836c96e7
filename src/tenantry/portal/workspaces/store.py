"""The SQL of workspaces."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from tenantry.kernel import ids
from tenantry.portal import database, tables
from tenantry.portal.workspaces import model
from tenantry.wire import installations

_WORKSPACES = tables.WORKSPACES

_BRIEF = (
    _WORKSPACES.c.id,
    _WORKSPACES.c.product,
    _WORKSPACES.c.name,
    _WORKSPACES.c.status,
    _WORKSPACES.c.installation["url"].astext.label("url"),
    _WORKSPACES.c.created_at,
)
"""What a list shows: the installation's document stays where it is."""


def topic(workspace_id: str) -> str:
    """Return the topic under which processes tell each other about a workspace."""
    return f"workspace/{workspace_id}"


async def add(writer: database.Writer, workspace: model.Workspace) -> None:
    """Keep a new workspace.

    Raises:
        NameTakenError: another one has this name.
    """
    values = {"id": workspace.id, "created_at": workspace.created_at, **_values(workspace)}
    try:
        await writer.execute(sa.insert(_WORKSPACES).values(values))
    except exc.IntegrityError as error:
        raise model.NameTakenError(field="name") from error


async def save(writer: database.Writer, workspace: model.Workspace) -> None:
    """Keep what has changed, and tell whoever looks at it.

    Raises:
        NameTakenError: another one has its new name.
    """
    change = sa.update(_WORKSPACES).where(_WORKSPACES.c.id == workspace.id).values(_values(workspace))
    try:
        await writer.execute(change)
    except exc.IntegrityError as error:
        raise model.NameTakenError(field="name") from error
    await database.notify(writer, topic(workspace.id))


async def find(reader: database.Reader, workspace_id: str, account_id: str) -> model.Workspace | None:
    """Return one workspace of an account."""
    query = sa.select(_WORKSPACES).where(_WORKSPACES.c.id == workspace_id, _WORKSPACES.c.account_id == account_id)
    row = (await reader.execute(query)).one_or_none()
    return None if row is None else _workspace(row)


async def lock(writer: database.Writer, workspace_id: str) -> model.Workspace | None:
    """Return a workspace that nobody else changes until the transaction ends."""
    query = sa.select(_WORKSPACES).where(_WORKSPACES.c.id == workspace_id).with_for_update()
    row = (await writer.execute(query)).one_or_none()
    return None if row is None else _workspace(row)


async def lock_by_installation(
    writer: database.Writer, installation: installations.Installation, label: str
) -> model.Workspace | None:
    """Return, locked, the workspace of an installation: by its identifier, or by the label that we gave it."""
    labelled = installation.labels.get(label, "")
    matches = sa.or_(_WORKSPACES.c.installation_id == installation.id, _WORKSPACES.c.id == labelled)
    row = (await writer.execute(sa.select(_WORKSPACES).where(matches).with_for_update())).first()
    return None if row is None else _workspace(row)


async def list_of(
    reader: database.Reader, account_id: str, *, before: str | None, sought: str, limit: int
) -> list[model.Brief]:
    """Return an account's workspaces, newest first, starting behind the identifier.

    Args:
        reader: of the portal's database.
        account_id: whose.
        before: the last identifier of the page before; None: from the newest.
        sought: what names are to contain; empty: every workspace.
        limit: how many at the most.
    """
    query = sa.select(*_BRIEF).where(*_listed(account_id))
    if before:
        query = query.where(_WORKSPACES.c.id < before)
    if sought:
        query = query.where(_WORKSPACES.c.name.contains(sought, autoescape=True))
    rows = (await reader.execute(query.order_by(_WORKSPACES.c.id.desc()).limit(limit))).all()
    return [
        model.Brief(
            id=ids.WorkspaceId(row.id),
            product=row.product,
            name=row.name,
            status=model.Status(row.status),
            url=row.url or "",
            created_at=row.created_at,
        )
        for row in rows
    ]


async def count_of(reader: database.Reader, account_id: str) -> int:
    """Return how many workspaces an account's list has."""
    query = sa.select(sa.func.count()).select_from(_WORKSPACES).where(*_listed(account_id))
    return (await reader.execute(query)).scalar_one()


def _listed(account_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    # Written out, as the index `workspaces_listed` says it.
    gone: sa.BindParameter[list[str]] = sa.bindparam(
        "gone", ["deleted", "withdrawn"], expanding=True, literal_execute=True
    )
    return (_WORKSPACES.c.account_id == account_id, _WORKSPACES.c.status.not_in(gone))


async def is_name_taken(reader: database.Reader, name: str) -> bool:
    """Tell whether a workspace of this name is there."""
    gone = [status.value for status in model.GONE]
    query = sa.select(sa.exists().where(_WORKSPACES.c.name == name, _WORKSPACES.c.status.not_in(gone)))
    return bool((await reader.execute(query)).scalar_one())


async def mark_credentials_shown(writer: database.Writer, workspace_id: str, now: datetime) -> bool:
    """Mark the first password as shown; False where somebody was faster."""
    change = sa.update(_WORKSPACES).where(
        _WORKSPACES.c.id == workspace_id, _WORKSPACES.c.credentials_shown_at.is_(None)
    )
    marked = (await writer.execute(change.values(credentials_shown_at=now).returning(_WORKSPACES.c.id))).first()
    await database.notify(writer, topic(workspace_id))
    return marked is not None


def _values(workspace: model.Workspace) -> dict[str, Any]:
    installation = workspace.installation
    return {
        "account_id": workspace.account_id,
        "product": workspace.product,
        "name": workspace.name,
        "size": workspace.size,
        "settings": workspace.settings,
        "status": workspace.status.value,
        "installation_id": installation.id if installation else None,
        "installation": installation.model_dump(mode="json") if installation else sa.null(),
        "installation_at": installation.updated_at if installation else None,
        "status_since": workspace.status_since,
        "ready_at": workspace.ready_at,
    }


def _workspace(row: sa.Row[Any]) -> model.Workspace:
    raw = row.installation
    return model.Workspace(
        id=ids.WorkspaceId(row.id),
        account_id=ids.AccountId(row.account_id),
        product=row.product,
        name=row.name,
        size=row.size,
        settings=row.settings,
        status=model.Status(row.status),
        installation=None if raw is None else installations.Installation.model_validate(raw),
        status_since=row.status_since,
        ready_at=row.ready_at,
        credentials_shown_at=row.credentials_shown_at,
        created_at=row.created_at,
    )
