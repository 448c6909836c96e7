"""When something may be deregistered: nothing lives there, and nobody of ours looks after it. Pure.

Deregistering forgets and destroys nothing, so whatever would be left without anybody who knows of it stands in the way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenantry.kernel import errors
from tenantry.provisioner.events import model as event_model
from tenantry.provisioner.installations import model as installations

_NAMED = 5
"""So many of those that live there are named; of the rest it is said how many they are."""


class StillUsedError(errors.ConflictError):
    """Installations live there."""

    code = "still-used"
    hint = (
        "Cordon it, so that nothing new comes, and delete them; each has left when its deletion has ended. What a "
        "cluster that never comes back holds up is finished by `tenantry installation abandon NAME`."
    )


class OperatorKeptError(errors.ConflictError):
    """The provisioner keeps the operator of this cluster."""

    code = "operator-kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhabitant:
    """An installation that has something there."""

    name: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is decided by.

    Attributes:
        etag: of what is registered, as it is now.
        inhabitants: by name; those that are deleted for good are not among them.
        keeps_operator: the provisioner keeps its operator.
    """

    kind: event_model.SubjectKind
    name: str
    etag: str
    inhabitants: Sequence[Inhabitant]
    keeps_operator: bool


def check(case: Case, if_match: frozenset[str] | None) -> None:
    """Refuse what may not be deregistered.

    Raises:
        ChangedMeanwhileError: it is none of those that are meant.
        StillUsedError: installations have something there; the message names them.
        OperatorKeptError: its operator is kept.
    """
    if if_match is not None and case.etag not in if_match:
        raise installations.ChangedMeanwhileError
    if case.inhabitants:
        raise StillUsedError(f"{case.name} still has {_HELD[case.kind]} {_listed(case.inhabitants)}.")
    if case.keeps_operator:
        raise OperatorKeptError(
            f"The provisioner keeps the operator of {case.name}.",
            hint=f"`tenantry cluster manage {case.name} --by external` gives it out of hand and leaves it as it is.",
        )


_HELD: Mapping[event_model.SubjectKind, str] = {
    event_model.SubjectKind.CLUSTER: "the installations",
    event_model.SubjectKind.DATABASE_SERVER: "the logical databases of",
    event_model.SubjectKind.OBJECT_STORE: "the buckets of",
}


def _listed(inhabitants: Sequence[Inhabitant]) -> str:
    named = ", ".join(f"{each.name} ({each.status})" for each in inhabitants[:_NAMED])
    more = len(inhabitants) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
