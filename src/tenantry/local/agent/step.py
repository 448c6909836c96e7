"""The moves that a plan can ask for. Each may be made twice; what each does is in `effects`."""

from dataclasses import dataclass
from datetime import datetime

from tenantry.runtime import document


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Nothing to do until something changes, or until a time."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoosePlace:
    """Choose ports and a user, and remember them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFiles:
    """Make the folders and write the configuration files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialise:
    """Run the initialise job, if there is one, and remember that it ended well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrate:
    """Run the migrate job, if there is one, and remember which version the data fit now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWorkloads:
    """Start these, in place of what runs under their names."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartWorkloads:
    """End and start these, because their health checks fail."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopWorkloads:
    """End these and keep them ended."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveWorkloads:
    """End these and forget them with their limits."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitReady:
    """Ask these whether they are ready."""

    names: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAdministrator:
    """Run the first-administrator job and remember that it ended well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutRoute:
    """Send visitors to the workloads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRoute:
    """Send visitors nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeCheck:
    """Run the smoke check and remember that it passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Remember that the document is as wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """Remember why it stands still."""

    reason: str
    message: str
    condition: document.ConditionType
    holds: tuple[str, ...]
    is_retried: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFiles:
    """Remove all that was made on disk, volumes by policy, and free ports and user."""


Step = (
    Rest
    | ChoosePlace
    | WriteFiles
    | Initialise
    | Migrate
    | StartWorkloads
    | RestartWorkloads
    | StopWorkloads
    | RemoveWorkloads
    | AwaitReady
    | CreateAdministrator
    | PutRoute
    | DeleteRoute
    | SmokeCheck
    | Settle
    | Fail
    | RemoveFiles
)

HEAVY = (Initialise, Migrate, StartWorkloads, RestartWorkloads)
"""Steps that burn processor time: only so many installations may be in them at once."""

MOVING = (Initialise, Migrate, StartWorkloads)
"""Steps that make an installation another than it was: whatever runs beside its workloads ends before."""

STARTING = (*HEAVY, AwaitReady)
"""Steps for which a turn is kept; what follows a start costs little, and others need not wait for it."""

INTERRUPTIBLE = (Initialise, Migrate, CreateAdministrator, SmokeCheck)
"""Steps that a removal does not wait for: they run jobs, which bear being cut off."""
