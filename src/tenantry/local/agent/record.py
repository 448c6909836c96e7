"""What the agent remembers of an installation from one life to the next, beside the document itself.

Markers say what has been done once and must not be done twice; ports and uid are kept so that addresses and ownership
survive restarts. Nothing secret is ever in it.
"""

from datetime import datetime

from pydantic import Field

from tenantry.application import resource
from tenantry.runtime import document


class Failure(resource.Document):
    """Why an attempt stands still, and when it is tried again."""

    attempt: str
    """Digest of the document that was tried; another document is tried afresh."""
    reason: str
    """A word in CamelCase for programs."""
    message: str
    """For a person; never a secret."""
    condition: document.ConditionType
    """The condition that does not hold because of it."""
    count: int = 1
    """How many times in a row."""
    retry_at: datetime | None = None
    """When it is tried again without being asked; None: not before the document changes."""
    holds: list[str] = Field(default_factory=list[str])
    """Workloads that must not run meanwhile."""
    lines: list[str] = Field(default_factory=list[str])
    """The end of the log, secrets masked."""


class Record(resource.Document):
    """The memory of one installation."""

    slot: str | None = None
    """Where it lives when it moved into a standby's place: the name of its programs, groups and folder. None: its own
    name."""
    uid: int | None = None
    """The user its processes run as; None where the machine does not allow users of their own."""
    ports: dict[str, int] = Field(default_factory=dict[str, int])
    """Port name → number on the loopback address."""
    is_placed: bool = False
    """Whether uid and ports have been chosen."""
    is_initialised: bool = False
    """Whether the initialise job has ended well."""
    data_version: str | None = None
    """The version that the data fit."""
    has_administrator: bool = False
    """Whether the first administrator exists."""
    deployed: dict[str, str] = Field(default_factory=dict[str, str])
    """Workload → digest of what was started last."""
    deployed_version: str | None = None
    """The version of what was started last."""
    is_smoke_checked: bool = False
    """Whether the smoke check has passed since the last start."""
    served_attempt: str | None = None
    """The document that was last brought to Ready."""
    failure: Failure | None = None
    """What stands in the way, if something does."""
    restarts: int = 0
    """Restarts that nobody asked for."""
    well_since: datetime | None = None
    """Since when everything has been as wanted."""
    is_deleting: bool = False
    """Whether removal was asked for; it cannot be taken back."""
    status: document.InstallationStatus = document.InstallationStatus()
    """What was last reported."""
