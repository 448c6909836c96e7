"""The values that decisions are made from: what is wanted of an installation, and what is so.

Both are plain and complete, so that `plan` and `assessment` are pure functions of them.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tenantry.local.agent import record
from tenantry.runtime import document


class PackageState(StrEnum):
    """How far the package of the wanted version is."""

    UNKNOWN = "unknown"
    """The application, or this version of it, has not been handed over."""
    PREPARING = "preparing"
    PREPARED = "prepared"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where visitors are sent."""

    hosts: tuple[str, ...]
    upstream: str
    max_request_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWorkload:
    """A workload as the document wants it.

    Attributes:
        digest: changes when anything changes that the running process was started from.
        start_timeout: how long it may take to become ready.
        is_probed: whether it has a readiness check; without one it is ready as soon as it runs.
    """

    name: str
    digest: str
    start_timeout: timedelta
    is_probed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What can be said only once the package, the ports and the user are known."""

    workloads: tuple[WantedWorkload, ...]
    files_digest: str
    route: Route
    endpoints: tuple[document.Endpoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is wanted of one installation.

    Attributes:
        attempt: digest of the whole document with its secrets: a change of anything is a new attempt.
        layout: None until there is a package and a place.
    """

    name: str
    generation: int
    attempt: str
    version: str
    is_awake: bool
    is_deleting: bool
    has_initialise: bool = False
    has_migrate: bool = False
    has_administrator: bool = False
    is_administrator_first: bool = True
    has_smoke_check: bool = False
    layout: Layout | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A workload's process as it was last seen.

    Attributes:
        digest: what it was started from; None where that is not known.
        is_ready: whether this very process has answered its readiness check.
        is_unwell: whether its health check has failed as often as the manifest allows.
        waiting_since: since when it has not been ready.
        exits: when it ended without being asked, in the last minute.
    """

    digest: str | None
    is_running: bool
    is_ready: bool = False
    is_unwell: bool = False
    waiting_since: datetime | None = None
    exits: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is so.

    Attributes:
        files_digest: what the files on disk were written from, as far as this life of the agent knows.
        programs: workload → its process, for all that the supervisor knows.
        route: the route that the front door has for it.
        has_turn: whether it is its turn to change, where only so many may at once.
        log_lines: the end of the log of what ended without being asked.
    """

    package: PackageState
    package_message: str = ""
    memory: record.Record
    files_digest: str | None = None
    programs: dict[str, Program] = field(default_factory=dict[str, Program])
    route: Route | None = None
    has_turn: bool = True
    log_lines: tuple[str, ...] = ()
