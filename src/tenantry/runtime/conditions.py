"""What is so of each thing that a start passes, and how it becomes a condition: the same for agent and operator. Pure.

A condition speaks of the generation it was worked out for, and keeps its time as long as it holds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tenantry.runtime import document


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Whether something holds, and why: a word for programs, a sentence for people."""

    holds: bool
    reason: str
    message: str = ""


Facts = Mapping[document.ConditionType, Fact]
"""In the order in which a start passes them."""

QUEUED = Fact(holds=False, reason="Queued", message="Waits for its turn: only so many installations change at once.")


def initialised(*, is_so: bool) -> Fact:
    """Return whether the first set-up of its data is done."""
    if is_so:
        return Fact(holds=True, reason="Initialised")
    return Fact(holds=False, reason="Initialising", message="The first set-up of its data is under way.")


def migrated(version: str | None, wanted: str) -> Fact:
    """Return whether its data are of the wanted version; they are of none before the first set-up."""
    if version == wanted:
        return Fact(holds=True, reason="UpToDate")
    if version is None:
        return Fact(holds=False, reason="Waiting")
    return Fact(holds=False, reason="Migrating", message=f"Its data go from {version} to {wanted}.")


def first_open(facts: Facts) -> document.ConditionType | None:
    """Return what a start has not passed yet."""
    return next((each for each, fact in facts.items() if not fact.holds), None)


def told(
    facts: Facts, before: Sequence[document.Condition], generation: int, now: datetime
) -> Iterator[document.Condition]:
    """Yield the conditions, one of each type.

    Args:
        facts: what is so of every type.
        before: what was reported last.
        generation: of the document that it is about.
        now: the time that those get that have changed.
    """
    known = {each.type: each for each in before}
    for kind in document.ConditionType:
        fact = facts[kind]
        status = document.ConditionStatus.TRUE if fact.holds else document.ConditionStatus.FALSE
        last = known.get(kind)
        yield document.Condition(
            type=kind,
            status=status,
            reason=fact.reason,
            message=fact.message,
            last_transition_time=last.last_transition_time if last and last.status is status else now,
            observed_generation=generation,
        )
