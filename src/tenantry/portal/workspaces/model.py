"""A workspace as a value, and how news about its installation changes it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tenantry.kernel import errors, ids
from tenantry.wire import installations


class Status(StrEnum):
    """What is so: the installation's status, and the few states in which there is no installation."""

    ORDERED = "ordered"
    """The provisioner has not accepted it yet."""
    REFUSED = "refused"
    """The provisioner refused it; the order says why."""
    WITHDRAWN = "withdrawn"
    """Refused, and taken off the list by the customer."""
    PROVISIONING = "provisioning"
    STABLE = "stable"
    UNHEALTHY = "unhealthy"
    FAILED = "failed"
    UPDATING = "updating"
    RESTARTING = "restarting"
    HIBERNATING = "hibernating"
    HIBERNATED = "hibernated"
    WAKING = "waking"
    DISCARDING = "discarding"
    DISCARDED = "discarded"
    RESTORING = "restoring"
    DELETING = "deleting"
    DELETED = "deleted"


WORKING = frozenset(
    {
        Status.ORDERED,
        Status.PROVISIONING,
        Status.UPDATING,
        Status.RESTARTING,
        Status.HIBERNATING,
        Status.WAKING,
        Status.DISCARDING,
        Status.RESTORING,
        Status.DELETING,
    }
)
"""Something is being done; the page is live."""

GONE = frozenset({Status.DELETED, Status.REFUSED, Status.WITHDRAWN})
"""The name is free again."""


class WorkspaceUnknownError(errors.NotFoundError):
    """There is no such workspace in your account."""

    code = "workspace-unknown"


class NameTakenError(errors.ConflictError):
    """This name is taken. Choose another."""

    code = "name-taken"


class CredentialsShownError(errors.ConflictError):
    """The first password was shown before."""

    code = "credentials-shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One workspace of one account."""

    id: ids.WorkspaceId
    account_id: ids.AccountId
    product: str
    name: str
    size: str
    settings: dict[str, Any]
    status: Status
    installation: installations.Installation | None
    status_since: datetime
    ready_at: datetime | None
    credentials_shown_at: datetime | None
    created_at: datetime

    @property
    def is_working(self) -> bool:
        """Whether something is being done."""
        return self.status in WORKING

    @property
    def url(self) -> str:
        """Its address, as far as it is known."""
        return self.installation.url if self.installation else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """As much of a workspace as a list shows."""

    id: ids.WorkspaceId
    product: str
    name: str
    status: Status
    url: str
    created_at: datetime


def with_news(workspace: Workspace, installation: installations.Installation, now: datetime) -> Workspace | None:
    """Return the workspace after news about its installation, or None where the news is old.

    News come by two ways, the event stream and the answers to orders, and either may be late: only the later state
    counts. A customer's withdrawal of a refused order stays.
    """
    known = workspace.installation
    if known is not None and installation.updated_at < known.updated_at:
        return None
    status = Status(installation.status.value)
    is_first_ready = status is Status.STABLE and workspace.ready_at is None
    return replace(
        workspace,
        installation=installation,
        size=installation.size,
        settings=installation.settings,
        status=status,
        status_since=workspace.status_since if status is workspace.status else now,
        ready_at=now if is_first_ready else workspace.ready_at,
    )


def as_refused(workspace: Workspace, now: datetime) -> Workspace:
    """Return the workspace after the provisioner refused to make it."""
    return replace(workspace, status=Status.REFUSED, status_since=now)
