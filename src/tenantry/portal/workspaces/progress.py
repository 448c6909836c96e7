"""The way to a ready workspace as steps in words, with how long each usually takes.

The steps are the conditions of the installation, in the order in which a start passes them; some run at the same time.
Everything here is pure: an installation and a history go in, steps come out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tenantry.runtime import document
from tenantry.wire import installations

_AFTER: dict[str, tuple[str, ...]] = {
    "Placed": (),
    "DatabaseReady": ("Placed",),
    "BucketReady": ("Placed",),
    "Prepared": ("Placed",),
    "Initialised": ("DatabaseReady", "BucketReady", "Prepared"),
    "Migrated": ("DatabaseReady", "BucketReady", "Prepared", "Initialised"),
    "WorkloadsReady": ("Initialised", "Migrated"),
    "AdministratorCreated": ("WorkloadsReady",),
    "Routed": ("WorkloadsReady",),
}
"""Step → the steps that must be done before it begins; `Ready` is the page itself."""

MEASURED = (*_AFTER, "Ready")
"""What is measured of a first start: its steps, and the whole way."""

_WORDS: dict[str, tuple[str, str]] = {
    "Placed": ("Finding a place", "Place found"),
    "DatabaseReady": ("Creating your database", "Database created"),
    "BucketReady": ("Creating your storage", "Storage created"),
    "Prepared": ("Fetching the software", "Software at hand"),
    "Initialised": ("Setting up", "Set up"),
    "Migrated": ("Bringing your data up to date", "Data up to date"),
    "WorkloadsReady": ("Starting", "Started"),
    "AdministratorCreated": ("Creating your first administrator", "First administrator created"),
    "Routed": ("Opening your address", "Address opened"),
}


class StepState(StrEnum):
    """How far a step is."""

    DONE = "done"
    WORKING = "working"
    WAITING = "waiting"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step on the way."""

    name: str
    words: str
    state: StepState
    since: datetime | None
    """When it began (working) or ended (done)."""
    took: timedelta | None
    usual: timedelta | None
    message: str


def steps(
    installation: installations.Installation, *, started_at: datetime, usual: Mapping[str, timedelta]
) -> tuple[Step, ...]:
    """Return the steps as they are now.

    Args:
        installation: as it was last told.
        started_at: when it was accepted, which is when the first step began.
        usual: step → how long it usually takes; a step that is not in it is said nothing about.
    """
    conditions = {condition.type: condition for condition in installation.conditions if condition.type in _AFTER}
    is_failed = installation.status is installations.Status.FAILED
    return tuple(
        _step(condition, _began(name, conditions, started_at), usual.get(name), is_failed=is_failed)
        for name, condition in conditions.items()
    )


def durations(installation: installations.Installation, started_at: datetime) -> dict[str, timedelta]:
    """Return how long each step took, of those that are done; the whole way is called `Ready`."""
    done = {step.name: step.took for step in steps(installation, started_at=started_at, usual={}) if step.took}
    ready = next((item for item in installation.conditions if item.type == "Ready"), None)
    if ready is not None and _is_true(ready) and ready.last_transition_time is not None:
        done["Ready"] = max(ready.last_transition_time - started_at, timedelta())
    return done


def _began(name: str, conditions: Mapping[str, installations.Condition], started_at: datetime) -> datetime | None:
    before = [conditions[earlier] for earlier in _AFTER[name] if earlier in conditions]
    if not all(_is_true(condition) for condition in before):
        return None
    return max((item.last_transition_time for item in before if item.last_transition_time), default=started_at)


def _step(
    condition: installations.Condition, began: datetime | None, usual: timedelta | None, *, is_failed: bool
) -> Step:
    working, done = _WORDS[condition.type]
    ended = condition.last_transition_time if _is_true(condition) else None
    state = _state(condition, began, is_failed=is_failed)
    return Step(
        name=condition.type,
        words=done if state is StepState.DONE else working,
        state=state,
        since=ended or (began if state is StepState.WORKING else None),
        took=max(ended - began, timedelta()) if ended and began else None,
        usual=usual,
        message="" if state is StepState.DONE else condition.message,
    )


def _state(condition: installations.Condition, began: datetime | None, *, is_failed: bool) -> StepState:
    if _is_true(condition):
        return StepState.DONE
    if began is None:
        return StepState.WAITING
    return StepState.BROKEN if is_failed else StepState.WORKING


def _is_true(condition: installations.Condition) -> bool:
    return condition.status is document.ConditionStatus.TRUE
