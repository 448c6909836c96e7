"""What can be asked of installations. A request changes what is wanted and returns; the supervisor does the rest.

Every method runs inside the caller's transaction, so that the change, its event and its audit entry commit together.
"""

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tenantry.application import generated, upgrades
from tenantry.application import settings as application_settings
from tenantry.application import values as application_values
from tenantry.engine import database
from tenantry.kernel import errors, names, transitions
from tenantry.provisioner import context
from tenantry.provisioner.access import model as access
from tenantry.provisioner.applications import model as applications
from tenantry.provisioner.installations import changes, handover, journal, model, reservations_store, store
from tenantry.provisioner.installations.transitions import TABLE, Input, Rotation
from tenantry.runtime import masking
from tenantry.wire import installations as wire
from tenantry.wire import tokens


class Installations:
    """Installations of all applications."""

    def __init__(self, around: context.Context) -> None:
        """Take what services share."""
        self._around = around

    async def create(
        self,
        writer: database.Writer,
        application: applications.Application,
        request: wire.CreateInstallation,
        by: access.Principal,
    ) -> str:
        """Accept a new installation and return its id.

        Raises:
            NameTakenError, names.NameInvalidError, names.NameReservedError: the name cannot be used.
            CustomerMustActError: version, size or settings do not fit the application.
        """
        names.check(request.name)
        wanted = changes.wanted(application, request)
        now = self._around.clock.now()
        installation_id = self._around.identifiers.new("ins")
        secrets = generated.complete(application.manifest.spec.secrets, {}, self._around.randomness)
        values = {
            "id": installation_id,
            "name": request.name,
            "display_name": request.display_name,
            "application_id": application.id,
            "labels": request.labels,
            "match_labels": request.placement.match_labels,
            "url": self.address(request.name),
            "target": wire.Target.RUNNING,
            "status": wire.Status.PROVISIONING,
            "generation": 1,
            "generated_secrets": self._around.vault.seal_all(secrets),
            "created_at": now,
            "updated_at": now,
            **wanted,
        }
        await store.add(writer, values)
        await store.poke(writer, installation_id, now, is_urgent=True)
        await self._place(writer, installation_id, now)  # before the event: writers of events go last
        summary = f"{application.manifest.spec.title} ordered."
        await journal.record(writer, installation_id, kind="created", summary=summary, actor=by.name, at=now)
        return installation_id

    async def _place(self, writer: database.Writer, installation_id: str, now: datetime) -> None:
        """Reserve its place at once where there is one; otherwise the supervisor waits for one and says why."""
        with contextlib.suppress(model.NowhereError):
            await reservations_store.place(writer, await self.get(writer, installation_id), self._around, now)

    async def get(self, reader: database.Reader, identifier: str) -> model.Installation:
        """Return the installation with this id or name.

        Raises:
            InstallationNotFoundError: there is none.
        """
        found = await store.get(reader, identifier)
        if found is None:
            raise model.InstallationNotFoundError(f"There is no installation “{identifier}”.")
        return found

    async def page(
        self, reader: database.Reader, chosen: store.Filter, *, after: store.Place | None, limit: int
    ) -> Sequence[model.Installation]:
        """Return a page of installations, newest first."""
        return await store.page(reader, chosen, after=after, limit=limit)

    async def update(self, writer: database.Writer, change: changes.Change, request: wire.UpdateInstallation) -> None:
        """Change version, size or settings; what stays the same does nothing.

        Raises:
            CustomerMustActError: the application has no such version or size, this version may not follow the present
                one, or the settings do not fit.
            NoRoomError: there is no room on its cluster for what it would take in this size.
        """
        installation = await self._for_change(writer, change)
        values = _updated(installation, request)
        if not values:
            return
        if "version" in values:
            upgrades.check(installation.application, current=installation.version, wanted=values["version"])
        if "size" in values:
            values |= await reservations_store.resize(writer, installation, values["size"])
        summary = _update_summary(installation, values)
        await self._take(writer, installation, Input.UPDATE, change, values=values, summary=summary)

    async def restart(self, writer: database.Writer, change: changes.Change) -> None:
        """Stop and start its processes."""
        installation = await self._for_change(writer, change)
        if installation.target is wire.Target.HIBERNATED:
            raise transitions.TransitionRefusedError(f"“{installation.name}” is to be asleep. Wake it instead.")
        values = {"restarted_at": self._around.clock.now()}
        await self._take(writer, installation, Input.RESTART, change, values=values, summary="Restart requested.")

    async def rotate(self, writer: database.Writer, change: changes.Change) -> None:
        """Replace the password of its database and the key of its bucket, and restart it; what sleeps sleeps on.

        Raises:
            NothingToRotateError: it has neither.
        """
        installation = await self._for_change(writer, change)
        if not (installation.needs_database or installation.needs_bucket):
            raise model.NothingToRotateError
        values = {"rotation": Rotation.ASKED, "restarted_at": self._around.clock.now()}
        summary = "New credentials requested."
        await self._take(writer, installation, Input.ROTATE, change, values=values, summary=summary)

    async def hibernate(self, writer: database.Writer, change: changes.Change) -> None:
        """Stop its processes and keep everything else; asleep already is fine."""
        installation = await self._for_change(writer, change)
        if installation.target is wire.Target.HIBERNATED:
            return
        values = {"target": wire.Target.HIBERNATED}
        await self._take(writer, installation, Input.HIBERNATE, change, values=values, summary="Sleep requested.")

    async def wake(self, writer: database.Writer, change: changes.Change) -> None:
        """Start its processes again; awake already is fine."""
        installation = await self._for_change(writer, change)
        if installation.target is wire.Target.RUNNING:
            return
        values = {"target": wire.Target.RUNNING}
        await self._take(writer, installation, Input.WAKE, change, values=values, summary="Wake requested.")

    async def retry(self, writer: database.Writer, change: changes.Change) -> None:
        """Try again what failed."""
        installation = await self._for_change(writer, change)
        await self._take(writer, installation, Input.RETRY, change, values={}, summary="Another try requested.")

    async def discard(self, writer: database.Writer, change: changes.Change, grace: timedelta | None) -> None:
        """Switch it off and delete it when the grace has ended; discarded already is fine.

        Raises:
            LockedError: it is locked against deletion.
        """
        installation = await self._for_change(writer, change)
        if installation.target in {wire.Target.DISCARDED, wire.Target.DELETED}:
            return
        if installation.is_locked:
            raise model.LockedError
        delete_after = self._around.clock.now() + (self._around.deletion_grace if grace is None else grace)
        values = {"target": wire.Target.DISCARDED, "delete_after": delete_after}
        summary = f"Deletion requested; it can be taken back until {delete_after:%Y-%m-%d %H:%M} UTC."
        await self._take(writer, installation, Input.DISCARD, change, values=values, summary=summary)

    async def undelete(self, writer: database.Writer, change: changes.Change) -> None:
        """Take a deletion back within its grace; not discarded is fine."""
        installation = await self._for_change(writer, change)
        if installation.target in {wire.Target.RUNNING, wire.Target.HIBERNATED}:
            return
        values = {"target": wire.Target.RUNNING, "delete_after": None}
        await self._take(writer, installation, Input.UNDELETE, change, values=values, summary="Deletion taken back.")

    async def abandon(self, writer: database.Writer, change: changes.Change) -> None:
        """Finish a deletion without its cluster: what runs there stays, and is removed if the cluster ever comes back.

        Raises:
            ScopeMissingError: the token may not change infrastructure.
            DeletionNotAskedError: it is not being deleted.
            ClusterAnswersError: its cluster can be reached.
        """
        change.by.require(tokens.Scope.INFRASTRUCTURE_WRITE)
        installation = await self._for_change(writer, change)
        if installation.target not in {wire.Target.DISCARDED, wire.Target.DELETED}:
            raise model.DeletionNotAskedError
        if installation.is_gone:
            return
        if installation.cluster_trouble is None:
            raise model.ClusterAnswersError
        now = self._around.clock.now()
        status = installation.status
        values = {
            "target": wire.Target.DELETED,
            "status": status if status is wire.Status.DELETING else TABLE.next(status, Input.EXPIRED),
            "runtime_gone": True,
            "revision": installation.revision + 1,
            "updated_at": now,
        }
        await store.change(writer, installation.id, values)
        await store.poke(writer, installation.id, now, is_urgent=True)
        summary = (
            f"Abandoned: what is left of it on “{installation.cluster}” is removed if that cluster ever comes back."
        )
        await journal.record(writer, installation.id, kind="changed", summary=summary, actor=change.by.name, at=now)

    async def set_lock(self, writer: database.Writer, change: changes.Change, *, is_locked: bool) -> None:
        """Refuse deletion, or allow it again.

        Raises:
            ConflictError: its deletion has been asked for already.
        """
        installation = await self._for_change(writer, change)
        if installation.is_locked is is_locked:
            return
        if is_locked and installation.target in {wire.Target.DISCARDED, wire.Target.DELETED}:
            raise errors.ConflictError(f"“{installation.name}” is being deleted. Take that back first.")
        now = self._around.clock.now()
        await store.change(
            writer, installation.id, {"is_locked": is_locked, "revision": installation.revision + 1, "updated_at": now}
        )
        summary = "Locked against deletion." if is_locked else "Deletion lock removed."
        await journal.record(writer, installation.id, kind="changed", summary=summary, actor=change.by.name, at=now)

    async def credentials(self, reader: database.Reader, identifier: str) -> wire.InstallationCredentials:
        """Return how the first administrator signs in.

        Raises:
            NotFoundError: the application declares no credentials.
        """
        installation = await self.get(reader, identifier)
        found = changes.credentials(installation, self._around)
        if found is None:
            raise errors.NotFoundError(f"{installation.application.spec.title} has no first administrator.")
        return wire.InstallationCredentials(
            url=installation.url, username=found.username, password=found.password, note=found.note
        )

    def hidden(self, installation: model.Installation) -> Sequence[str]:
        """Return what must not be shown where its programs print it: the secrets that were handed over with it."""
        return masking.of_bundle(handover.bundle(installation, self._around))

    async def availability(self, reader: database.Reader, name: str) -> wire.NameAvailability:
        """Tell whether a name can be taken now, and if not, why."""
        try:
            names.check(name)
        except (names.NameInvalidError, names.NameReservedError) as error:
            return wire.NameAvailability(name=name, is_available=False, reason=error.message)
        if await store.is_name_taken(reader, name):
            return wire.NameAvailability(name=name, is_available=False, reason=f"The name “{name}” is taken.")
        return wire.NameAvailability(name=name, is_available=True, url=self.address(name))

    def address(self, name: str) -> str:
        """Return the address of an installation of this name."""
        return self._around.address_template.format(name=name)

    async def _for_change(self, writer: database.Writer, change: changes.Change) -> model.Installation:
        await store.lock(writer, change.identifier)
        installation = await self.get(writer, change.identifier)
        change.check(installation)
        return installation

    async def _take(
        self,
        writer: database.Writer,
        installation: model.Installation,
        given: Input,
        change: changes.Change,
        *,
        values: dict[str, Any],
        summary: str,
    ) -> None:
        """Take a request: the next state, a new generation, an event, and the row due at once."""
        if installation.status is wire.Status.FAILED and installation.target is wire.Target.HIBERNATED:
            given = Input.HIBERNATE if given in {Input.UPDATE, Input.RETRY, Input.ROTATE} else given
        if TABLE.is_working(installation.status) and not TABLE.allows(installation.status, given):
            message = f"“{installation.name}” is {installation.status}; wait until that has ended."
            raise model.ChangeInProgressError(message)
        now = self._around.clock.now()
        written = {
            "status": TABLE.next(installation.status, given),
            "reason": "",
            "message": "",
            "setback": None,
            "generation": installation.generation + 1,
            "revision": installation.revision + 1,
            "updated_at": now,
            **values,
        }
        await store.change(writer, installation.id, written)
        await store.poke(writer, installation.id, now, is_urgent=True)
        await journal.record(writer, installation.id, kind="changed", summary=summary, actor=change.by.name, at=now)


def _updated(installation: model.Installation, request: wire.UpdateInstallation) -> dict[str, Any]:
    application = installation.application
    wanted: dict[str, Any] = {}
    if request.version is not None:
        wanted["version"] = application_values.version(application, request.version).version
    if request.size is not None:
        wanted["size"] = application_values.size(application, request.size).name
    if request.settings is not None:
        wanted["settings"] = application_settings.check(application.spec.settings, request.settings)
    return {key: value for key, value in wanted.items() if value != getattr(installation, key)}


def _update_summary(installation: model.Installation, values: dict[str, Any]) -> str:
    parts = [
        f"{key} from {getattr(installation, key)} to {values[key]}" for key in ("version", "size") if key in values
    ]
    if "settings" in values:
        parts.append("settings")
    return f"Update requested: {', '.join(parts)}."
