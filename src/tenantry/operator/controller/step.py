"""The moves that a plan can ask for. Each may be made twice; what each does is in `effects`."""

from dataclasses import dataclass
from datetime import datetime

from tenantry.application import rendering
from tenantry.operator.controller import model
from tenantry.operator.render import stages
from tenantry.runtime import document


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Nothing to do until something changes, or until a time."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """Make these objects as they are rendered, all at the same time."""

    stage: stages.Stage
    names: tuple[model.Name, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Ask for the removal of these objects."""

    names: tuple[model.Name, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Let these volumes stay when the installation goes."""

    names: tuple[model.Name, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJob:
    """Start a job."""

    name: rendering.JobName


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """Remember that the data have been set up, for a version."""

    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """Remember that the data fit a version."""

    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """Remember that the workloads of a version are in the cluster, and wait for them from now on."""

    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministratorCreated:
    """Remember that the first administrator exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Remember that everything is as wanted."""

    objects: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Remember that the version before an update that failed serves again."""

    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """Remember why it does not go on.

    Attributes:
        job: the job that failed, where it was one.
        is_retried: whether it is tried again by itself, later each time.
        returns_to: the version to go back to.
    """

    reason: str
    message: str
    condition: document.ConditionType
    job: str = ""
    is_retried: bool = True
    returns_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Everything is gone: let the Installation itself go."""


Step = (
    Rest
    | Apply
    | Remove
    | Release
    | RunJob
    | Initialised
    | Migrated
    | Deployed
    | AdministratorCreated
    | Settle
    | Returned
    | Fail
    | Finish
)


def is_heavy(taken: Step) -> bool:
    """Tell whether a step makes pods start: only so many installations may be in such steps at once."""
    return isinstance(taken, RunJob) or (isinstance(taken, Apply) and taken.stage is stages.Stage.WORKLOADS)
