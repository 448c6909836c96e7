"""Brings applications to clusters and follows how far their versions are prepared: the supervisor's kind of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from tenantry.application import manifest, resource
from tenantry.engine import database
from tenantry.engine import work as works
from tenantry.kernel import clock as clocks
from tenantry.provisioner.applications import model, store
from tenantry.provisioner.events import model as event_model
from tenantry.provisioner.events import store as event_store
from tenantry.provisioner.installations import ports

LOOK = timedelta(milliseconds=500)
"""How often a cluster that prepares is asked how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A preparation with its application."""

    preparation: model.Preparation
    application: model.Application

    @property
    def is_wanted(self) -> bool:
        """Tell whether the cluster is to be given the application: it is another one now, or is to be tried again."""
        return self.preparation.generation < self.application.generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How far a cluster was.

    Attributes:
        handed: the generation that was handed over with it, if any.
    """

    status: manifest.ApplicationStatus
    handed: int | None = None


class PreparationWork:
    """Has versions prepared, so that a sign-up never waits for an installer."""

    def __init__(self, world: ports.Surroundings, clock: clocks.Clock) -> None:
        """Take the ways to clusters."""
        self._world = world
        self._clock = clock

    async def load(self, connection: AsyncConnection, row: str) -> Row | None:
        """Read the preparation and its application."""
        reader = database.Reader(connection)
        preparation = await store.preparation(reader, row)
        if preparation is None:
            return None
        found = await store.find(reader, preparation.application_id)
        return Row(preparation=preparation, application=found[0])

    async def act(self, row: Row) -> Look:
        """Hand the application over where the cluster has an older one or is to try again; ask how far it is."""
        runtime = await self._world.runtime(row.preparation.cluster_id)
        name, handed = row.application.manifest.metadata.name, None
        known = await runtime.get_application(name)
        if row.is_wanted or known is None or known.metadata.generation < row.application.generation:
            await runtime.apply_application(_document(row.application))
            known, handed = await runtime.get_application(name), row.application.generation
        status = manifest.ApplicationStatus() if known is None or known.status is None else known.status
        return Look(status=status, handed=handed)

    async def apply(self, connection: AsyncConnection, row: Row, outcome: Look) -> datetime | None:
        """Write how far it is; rest when every version is prepared or has failed.

        What is told of an application that was replaced meanwhile, or that is to be tried again, is not written: the
        cluster is given the present one first.
        """
        writer = database.Writer(database.Reader(connection))
        handed = row.preparation.generation if outcome.handed is None else outcome.handed
        if handed < row.application.generation:
            return self._clock.now()
        if outcome.status.observed_generation < row.application.generation:
            return self._clock.now() + LOOK
        told = _of(row.application, outcome.status)
        status = _status(row.application, told)
        values = {
            "generation": handed,
            "status": status,
            "message": " ".join(_failures(told)),
            "versions": [each.model_dump(mode="json") for each in told],
        }
        await store.note(writer, row.preparation.id, values)
        if status is not row.preparation.status or told != row.preparation.versions:
            await self._record(writer, row, status, _failures(told))
        return self._clock.now() + LOOK if status is model.Status.PREPARING else None

    async def reject(self, connection: AsyncConnection, row: Row, failure: works.Failure) -> datetime | None:
        """Write why the cluster could not be asked."""
        writer = database.Writer(database.Reader(connection))
        values: dict[str, object] = {"message": failure.error.message}
        if failure.retry_at is None:
            values["status"] = model.Status.FAILED
        await store.note(writer, row.preparation.id, values)
        return failure.retry_at

    async def _record(self, writer: database.Writer, row: Row, status: model.Status, failures: Sequence[str]) -> None:
        summary = f"{row.application.manifest.spec.title} on {row.preparation.cluster}: {status}."
        event = event_model.NewEvent(
            type="application.changed",
            subject_kind=event_model.SubjectKind.APPLICATION,
            subject_id=row.application.id,
            at=self._clock.now(),
            actor="supervisor",
            summary=" ".join([summary, *failures]),
            data={"name": row.application.manifest.metadata.name},
        )
        await event_store.record(writer, event)


def _document(application: model.Application) -> manifest.Application:
    metadata = resource.Metadata(
        name=application.manifest.metadata.name,
        generation=application.generation,
        labels=application.manifest.metadata.labels,
        annotations=application.manifest.metadata.annotations,
    )
    return application.manifest.model_copy(update={"metadata": metadata, "status": None})


def _of(application: model.Application, told: manifest.ApplicationStatus) -> tuple[manifest.VersionStatus, ...]:
    """Return what is told of the versions that the application has now."""
    wanted = {version.version for version in application.manifest.spec.versions}
    return tuple(each for each in told.versions if each.version in wanted)


def _failures(told: Sequence[manifest.VersionStatus]) -> list[str]:
    failed = [each for each in told if each.phase is manifest.VersionPhase.FAILED]
    return [f"{each.version}: {each.message}" if each.message else f"{each.version} failed." for each in failed]


def _status(application: model.Application, told: Sequence[manifest.VersionStatus]) -> model.Status:
    phases = {each.version: each.phase for each in told}
    is_whole = len(phases) == len({each.version for each in application.manifest.spec.versions})
    if not is_whole or manifest.VersionPhase.PREPARING in phases.values():
        return model.Status.PREPARING
    return model.Status.FAILED if manifest.VersionPhase.FAILED in phases.values() else model.Status.AVAILABLE
