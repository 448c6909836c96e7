"""Writes what happened to an installation: the event carries the installation as it is after the change."""

from datetime import datetime

from tenantry.engine import database
from tenantry.provisioner.events import model as event_model
from tenantry.provisioner.events import store as event_store
from tenantry.provisioner.installations import model, store, view

SUPERVISOR = "supervisor"
"""The actor of what nobody asked for."""


async def record(
    writer: database.Writer, installation_id: str, *, kind: str, summary: str, actor: str, at: datetime
) -> model.Installation:
    """Write an event about the installation as it now stands in this transaction, and return it."""
    installation = await store.get(writer, installation_id)
    if installation is None:
        raise model.InstallationNotFoundError(f"There is no installation “{installation_id}”.")
    event = event_model.NewEvent(
        type=f"installation.{kind}",
        subject_kind=event_model.SubjectKind.INSTALLATION,
        subject_id=installation.id,
        at=at,
        actor=actor,
        summary=summary,
        data={"installation": view.view(installation).model_dump(mode="json")},
    )
    await event_store.record(writer, event)
    return installation
