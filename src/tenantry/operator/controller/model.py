"""The values that decisions are made from: what is wanted of an installation in a cluster, and what is so.

Both are plain and complete, so that `plan` and `assessment` are pure functions of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from tenantry.application import rendering
from tenantry.operator.controller import keys, seen
from tenantry.operator.render import stages
from tenantry.runtime import document


def attempt(basis: str, operator: str) -> str:
    """Return what an installation is brought to: what it follows from, by an operator of a version."""
    return f"{basis}@{operator}"


def basis(attempt: str) -> str:
    """Return what of an attempt does not depend on the operator's version."""
    return attempt.partition("@")[0]


class Name(NamedTuple):
    """Which object of an installation."""

    kind: str
    name: str

    def __str__(self) -> str:
        """Return it as it is remembered."""
        return f"{self.kind}/{self.name}"

    @classmethod
    def read(cls, text: str) -> "Name":
        """Return the name that was remembered."""
        kind, _, name = text.partition("/")
        return cls(kind, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedObject:
    """An object as it is rendered.

    Attributes:
        digest: changes when anything of it changes.
    """

    name: Name
    stage: stages.Stage
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Why an installation cannot be rendered.

    Attributes:
        is_awaited: whether it comes by itself (a Secret that is still to be written), or somebody has to act.
    """

    reason: str
    message: str
    is_awaited: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is wanted of one installation.

    Attributes:
        attempt: tells all that it follows from: a change of anything is a new attempt.
        version: the version that is to serve.
        rendered_version: the version that `objects` are of.
        is_returning: whether `objects` are those of an earlier version, to which it went back.
        returns_to: the earlier versions that it may go back to after its data were migrated.
        start_timeout: how long the workloads may take to become ready.
        objects: None where it cannot be rendered; `missing` says why.
        endpoints: where its ports can be reached.
    """

    key: keys.Key
    generation: int
    attempt: str
    version: str
    rendered_version: str = ""
    is_awake: bool
    is_deleting: bool
    is_retained: bool = False
    has_initialise: bool = False
    has_migrate: bool = False
    has_administrator: bool = False
    is_administrator_first: bool = True
    has_smoke_check: bool = False
    is_returning: bool = False
    returns_to: frozenset[str] = frozenset()
    start_timeout: timedelta = timedelta(minutes=5)
    objects: Mapping[Name, WantedObject] | None = None
    missing: Missing | None = None
    endpoints: tuple[document.Endpoint, ...] = ()

    def of_stage(self, stage: stages.Stage) -> list[WantedObject]:
        """Return the objects of a stage."""
        return [each for each in (self.objects or {}).values() if each.stage is stage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is so.

    Attributes:
        objects: the installation's objects, jobs left out.
        tolerated: object → digest that the API server makes of what we apply where it writes values differently.
        jobs: job → the one that this attempt has started, where it has.
        others: jobs of any attempt.
        memory: what is remembered.
        reported: the status that was reported last.
        restarts: restarts that nobody asked for, as counted last.
        has_turn: whether it is its turn to change, where only so many may at once.
        is_overdue: whether it gave its turn up because it took too long.
        patience: how much longer than usual a start may take now, because so many are on their way.
        log_lines: the end of the log of what failed.
        unwell: why pods are not ready; None where nobody has looked.
    """

    objects: Mapping[Name, seen.Seen]
    tolerated: Mapping[Name, str] = field(default_factory=dict[Name, str])
    jobs: Mapping[rendering.JobName, seen.Job] = field(default_factory=dict[rendering.JobName, seen.Job])
    others: tuple[seen.Seen, ...] = ()
    memory: document.Memory = field(default_factory=document.Memory)
    reported: document.InstallationStatus = field(default_factory=document.InstallationStatus)
    restarts: int = 0
    has_turn: bool = True
    is_overdue: bool = False
    patience: timedelta = timedelta()
    log_lines: tuple[str, ...] = ()
    unwell: str | None = None

    def is_ending(self, name: Name) -> bool:
        """Tell whether an object is being deleted and is not gone yet."""
        known = self.objects.get(name)
        return known is not None and known.is_ending

    def is_intact(self, wanted: WantedObject) -> bool:
        """Tell whether an object is as it was rendered, and nobody changed what we applied."""
        known = self.objects.get(wanted.name)
        if known is None or known.is_ending or known.digest != wanted.digest:
            return False
        return known.found in (known.digest, self.tolerated.get(wanted.name, known.digest))

    def supplies(self) -> dict[Name, seen.Supply]:
        """Return what others make for the installation, with how far it is."""
        return {name: each.about for name, each in self.objects.items() if isinstance(each.about, seen.Supply)}

    def rollouts(self) -> dict[str, seen.Rollout]:
        """Return workload objects by name, with how far they are."""
        return {name.name: each.about for name, each in self.objects.items() if isinstance(each.about, seen.Rollout)}


def standing(obstacle: document.Obstacle | None, attempt: str) -> document.Obstacle | None:
    """Return what stands in the way of an attempt.

    Another operator tries anew what failed, but not what went back: the version that failed was taken from those who
    use it once, and comes again when somebody changes what it is made from.
    """
    if obstacle is None or obstacle.attempt == attempt:
        return obstacle
    is_back = obstacle.returned_to is not None
    return obstacle if is_back and basis(obstacle.attempt) == basis(attempt) else None
