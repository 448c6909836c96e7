"""What can be asked of applications: apply a manifest, look at what is sold."""

from collections.abc import Sequence

from tenantry.application import manifest, rules
from tenantry.engine import database
from tenantry.kernel import errors, ids
from tenantry.provisioner import context
from tenantry.provisioner.access import model as access
from tenantry.provisioner.applications import model, store
from tenantry.provisioner.events import model as event_model
from tenantry.provisioner.events import store as event_store
from tenantry.provisioner.installations import pool_store, reservations_store


class Applications:
    """Applications that are sold."""

    def __init__(self, around: context.Context) -> None:
        """Take what services share."""
        self._around = around

    async def apply(
        self, writer: database.Writer, name: str, application: manifest.Application, by: access.Principal
    ) -> None:
        """Accept a manifest and let every cluster prepare its versions.

        Raises:
            CustomerMustActError: the name differs from the path's, or a rule over several fields is broken.
        """
        if application.metadata.name != name:
            raise errors.CustomerMustActError(
                f"The manifest is of “{application.metadata.name}”, not of “{name}”.", field="metadata.name"
            )
        rules.check(application)
        now = self._around.clock.now()
        new = model.NewApplication(id=ids.ApplicationId(self._around.identifiers.new("app")), manifest=application)
        stored = await store.put(writer, new, now)
        await reservations_store.follow_manifest(writer, stored.id, application)
        await pool_store.admit_everywhere(writer, self._around)
        await store.prepare_everywhere(writer, self._around.identifiers.new("prp"), stored.id, now)
        event = event_model.NewEvent(
            type="application.changed",
            subject_kind=event_model.SubjectKind.APPLICATION,
            subject_id=stored.id,
            at=now,
            actor=by.name,
            summary=f"{application.spec.title} applied (generation {stored.generation}).",
            data={"name": name},
        )
        await event_store.record(writer, event)

    async def get(self, reader: database.Reader, name: str) -> model.Application:
        """Return the application with this name.

        Raises:
            ApplicationNotFoundError: there is none.
        """
        found = await store.find(reader, name)
        if not found:
            raise model.ApplicationNotFoundError(f"There is no application “{name}”.")
        return found[0]

    async def everything(self, reader: database.Reader) -> Sequence[model.Application]:
        """Return all applications, by name."""
        return await store.find(reader)
