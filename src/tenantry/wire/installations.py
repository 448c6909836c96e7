"""Installations as they travel."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field, JsonValue

from tenantry.kernel import names
from tenantry.runtime import document
from tenantry.wire import model
from tenantry.wire import placement as placing


class Target(StrEnum):
    """What is wanted."""

    RUNNING = "running"
    HIBERNATED = "hibernated"
    DISCARDED = "discarded"
    """Switched off and kept until `deleteAfter`; can be taken back."""
    DELETED = "deleted"


class Status(StrEnum):
    """What is so: adjectives rest, gerunds work."""

    PROVISIONING = "provisioning"
    STABLE = "stable"
    UNHEALTHY = "unhealthy"
    """Was stable and is not well now; it is watched and restarted."""
    FAILED = "failed"
    """A change could not be made; `reason` and `message` say why, and a retry is possible."""
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


_NAME: dict[str, JsonValue] = {
    "pattern": "^[a-z0-9][a-z0-9-]*[a-z0-9]$",
    "minLength": names.MINIMUM_LENGTH,
    "maxLength": names.MAXIMUM_LENGTH,
}
"""The shape of a name, to be read; `names.check` checks it, and says which rule is broken."""


TAKEN_BACK = "UpdateTakenBack"
"""The reason of an installation that is well, with the version it had before an update that failed."""


class CreateInstallation(model.Request):
    """Asks for a new installation."""

    name: str = Field(json_schema_extra=_NAME)
    """A DNS label of 3 to 40 characters; it becomes the address."""
    application: model.Reference
    version: model.Reference | None = None
    """The application's default where it is not given."""
    size: model.Reference | None = None
    """The application's first size where it is not given."""
    settings: dict[str, Any] = Field(default_factory=dict[str, Any])
    display_name: model.Text = ""
    """What people call it."""
    labels: model.Labels = Field(default_factory=dict[str, str])
    placement: placing.Placement = Field(default_factory=placing.Placement)
    """Where it may be placed; it does not change later."""


class UpdateInstallation(model.Request):
    """Changes what is given and keeps the rest."""

    version: model.Reference | None = None
    size: model.Reference | None = None
    settings: dict[str, Any] | None = None
    """Replaces all settings."""


class DeleteInstallation(model.Request):
    """How it is to be deleted."""

    grace_seconds: int | None = Field(default=None, ge=0)
    """Time in which it can be taken back; the provisioner's default where it is not given."""


class Condition(model.Resource):
    """One step on the way, in the order in which they are listed."""

    type: str
    """`Placed`, `DatabaseReady`, `PoolerReady` where it goes through a pooler, `BucketReady`, `CredentialsRotated`
    while they are not, then those of the Installation document."""
    status: document.ConditionStatus
    reason: str
    message: str = ""
    last_transition_time: datetime | None = None


class Installation(model.Resource):
    """One customer's running copy of an application."""

    id: str
    name: str
    display_name: str
    application: str
    version: str
    """Wanted."""
    serving_version: str | None
    size: str
    settings: dict[str, Any]
    labels: dict[str, str]
    placement: placing.Wherever = Field(default_factory=placing.Wherever)
    """Where it may be placed."""
    target: Target
    status: Status
    reason: str
    """A word in CamelCase for programs; empty when there is nothing to explain."""
    message: str
    """The same for a person."""
    conditions: list[Condition]
    url: str
    """Its address; already known while it is being made."""
    cluster: str | None
    """Name of the cluster; None until it is placed."""
    generation: int
    observed_generation: int
    restarts: int
    last_log_lines: list[str]
    is_locked: bool
    """Deletion is refused."""
    delete_after: datetime | None
    """When a discarded installation is deleted for good."""
    created_at: datetime
    updated_at: datetime
    etag: str
    """Send it as `If-Match` with a change."""


class InstallationCredentials(model.Resource):
    """How the first administrator signs in. Never cached, logged or put into events."""

    url: str
    username: str
    password: str = Field(repr=False)
    note: str = ""


class NameAvailability(model.Resource):
    """Whether a name can be taken now."""

    name: str
    is_available: bool
    reason: str = ""
    """Why not, for a person."""
    url: str = ""
    """The address it would become."""


class LogLine(model.Resource):
    """One line that a workload or job printed."""

    at: datetime | None
    source: str
    text: str
