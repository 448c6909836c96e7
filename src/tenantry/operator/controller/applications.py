"""Reports which versions of an application can be started in this cluster: all that have an image."""

from datetime import datetime

from tenantry.application import manifest
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import documents, kinds
from tenantry.operator.controller import keys, merging, world

_Phase = manifest.VersionPhase


class ApplicationReports:
    """Writes the status of applications, once for each real change."""

    def __init__(self, client: clients.Client, known: world.World) -> None:
        """Take how to write, and what is known."""
        self._client = client
        self._world = known

    async def care(self, key: keys.Key) -> datetime | None:
        """Bring the status of one application up to date."""
        given = self._world.applications.cache.get(key)
        if given is None or given.document is None:
            return None
        before = given.document.status
        found = merging.changes(
            {} if before is None else documents.status(before),
            documents.status(status(given.document, given.generation)),
        )
        if found:
            answer = await self._client.patch(
                kinds.APPLICATION, key.name, None, {"status": found}, subresource="status"
            )
            self._world.applications.answered(answer)
        return None


def status(application: manifest.Application, generation: int) -> manifest.ApplicationStatus:
    """Return what is reported of an application."""
    return manifest.ApplicationStatus(
        observed_generation=generation, versions=[_version(each) for each in application.spec.versions]
    )


def _version(version: manifest.Version) -> manifest.VersionStatus:
    if version.image is not None:
        return manifest.VersionStatus(version=version.version, phase=_Phase.PREPARED)
    message = "It has no container image, so it cannot run in this cluster."
    return manifest.VersionStatus(version=version.version, phase=_Phase.FAILED, message=message)
