"""An application as the provisioner keeps it, and how far its versions are prepared on each cluster."""

from dataclasses import dataclass, field
from datetime import datetime

from tenantry.application import manifest as manifests
from tenantry.kernel import errors, ids
from tenantry.wire import applications as wire

Status = wire.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApplication:
    """An application that is applied; the id is used if the name is new."""

    id: ids.ApplicationId
    manifest: manifests.Application = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where it was written."""

    id: ids.ApplicationId
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """One application on one cluster.

    Attributes:
        generation: the application's generation that the cluster has accepted since it was applied last.
        versions: what the cluster reported last.
    """

    id: str
    application_id: ids.ApplicationId
    cluster_id: ids.ClusterId
    cluster: str
    generation: int
    status: Status
    message: str
    versions: tuple[manifests.VersionStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application with its preparations."""

    id: ids.ApplicationId
    manifest: manifests.Application = field(repr=False)
    generation: int
    created_at: datetime
    updated_at: datetime
    preparations: tuple[Preparation, ...]

    @property
    def default_version(self) -> str:
        """The version that a new installation gets."""
        return self.manifest.spec.default_version or self.manifest.spec.versions[-1].version


class ApplicationNotFoundError(errors.NotFoundError):
    """There is no such application."""

    code = "application-not-found"
    hint = "`tenantry application list` shows what is sold; `tenantry application apply FILE` adds one."
