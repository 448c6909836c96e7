"""What is so with one object that is brought over, as `plan` decides from it, and the words that are left on objects.

Everything that a migration knows is read from the cluster each time, so that any process may go on with it.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from tenantry.kubernetes import kinds

MIGRATE = "tenantry.dev/migrate"
"""Label of a former object, the flag: `true` brings it over, `false` brings it back; without it, it is left alone."""
FORMER = "tenantry.dev/migrated-from"
"""Annotation of an Installation, and label of a ReplicaSet that serves on: the former object's uid."""
PAUSED_BY = "tenantry.dev/paused-by"
"""Annotation of a former object: its operator was paused by us and not by somebody else."""
OWNERS_BEFORE = "tenantry.dev/owners-before"
"""Annotation of what was handed over: its owners until then."""
ROUTE_BEFORE = "tenantry.dev/route-before"
"""Annotation of a Service: its selector and ports until it was switched."""
REPLICAS_BEFORE = "tenantry.dev/replicas-before"
"""Annotation of what ran the former pods: how many there were."""
MANAGER = "tenantry-migration"
"""Whose fields are written."""


class Way(StrEnum):
    """Where an object is to go: the values of the flag."""

    OVER = "true"
    BACK = "false"


class Side(StrEnum):
    """Whom something belongs to."""

    FORMER = "former"
    OURS = "ours"
    NEITHER = "neither"


class Name(NamedTuple):
    """Which object of the namespace."""

    kind: str
    name: str

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerSeen:
    """The former object.

    Attributes:
        is_touched: whether we have paused its operator.
        is_paused: whether it says so now, as we wrote it.
        has_let_go: whether its operator says that it has seen it.
    """

    uid: str
    is_touched: bool
    is_paused: bool
    has_let_go: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """The Installation beside it.

    Attributes:
        is_kept: whether its volumes stay when it goes.
        is_remembering: whether it knows that its data exist, so that no job sets them up.
        has_newer_data: whether its data were brought to another version since.
        story: why it is not ready.
        version: another one than before tells that it has changed.
    """

    uid: str
    is_held: bool
    is_kept: bool
    is_remembering: bool
    is_ready: bool
    is_ending: bool
    has_newer_data: bool = False
    story: str = ""
    version: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something that is handed over.

    Attributes:
        is_handed: whether we have handed it over, and it was not taken back.
        has_traces: whether we still count as one who manages its fields.
    """

    name: Name
    owner: Side
    is_handed: bool
    has_traces: bool = False
    item: kinds.Object = field(repr=False, compare=False, default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """What runs former pods: a Deployment, or a ReplicaSet whose Deployment had to make room.

    Attributes:
        is_in_the_way: whether the Installation makes another of its name.
        before: how many pods there were before they were ended.
    """

    name: Name
    uid: str
    wanted: int
    ready: int
    is_in_the_way: bool = False
    is_ending: bool = False
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A Service that visitors come by.

    Attributes:
        leads: whose pods it selects.
        serves: whose pods it really leads to now; neither: to none, or to some of both.
    """

    name: Name
    leads: Side
    serves: Side
    item: kinds.Object = field(repr=False, compare=False, default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything that is so with one object."""

    former: FormerSeen
    successor: Successor | None
    things: tuple[Thing, ...]
    runners: tuple[Runner, ...]
    doors: tuple[Door, ...]
