"""What is to be done about a cluster's operator next: pure, and the same however often it is asked.

An operator that somebody else keeps is left alone. A version is applied, has its time to become ready and to act, and
is taken back where it does not. A release that did not become ready in one cluster is not tried in the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tenantry.kernel import errors
from tenantry.provisioner.operators import model, ports
from tenantry.wire.operators import Keeper, Status

OURS = "tenantry"
"""The manager of what we keep."""
WAITS = "WaitsForOperator"
"""It was applied and is waited for; only this time counts against the patience, not that of a cluster that is away."""
_FAILED_ELSEWHERE, _WAITS_FOR_TURN = _HELD = "FailedElsewhere", "WaitsForTurn"
_NOW = " Now: "
"""Parts why something was given up from what is so at the moment."""


class Effect(StrEnum):
    """What is done in the cluster."""

    NONE = "none"
    APPLY = "apply"
    """Apply what is wanted."""
    RESTORE = "restore"
    """Apply what was there before."""
    CLEAR = "clear"
    """Remove what only the other of the two had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is done now, and what is so then.

    Attributes:
        reason: one word, empty when there is nothing to explain.
        message: the same for a person.
    """

    status: Status
    effect: Effect = Effect.NONE
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """The operator of another cluster, as far as it matters to this one."""

    name: str
    status: Status
    release: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """All that a step is decided by."""

    known: model.Known
    wanted: model.Bundle
    seen: model.Seen
    terms: model.Terms
    now: datetime

    @property
    def is_there(self) -> bool:
        """Tell whether what is wanted was applied."""
        return self.seen.digest == self.wanted.digest

    @property
    def is_well(self) -> bool:
        """Tell whether what is wanted is ready and acts."""
        return self.is_there and self.seen.is_well


_Rule = Callable[[_Case], Step | None]


def plan(known: model.Known, wanted: model.Bundle, seen: model.Seen, terms: model.Terms, now: datetime) -> Step:
    """Return the next step.

    A step to `upgrading` from elsewhere means that a turn is wanted; `hold` says whether there is one.
    """
    case = _Case(known=known, wanted=wanted, seen=seen, terms=terms, now=now)
    for rule in (_external, _newer, _obstructed, _tried, _found):
        if (step := rule(case)) is not None:
            return step
    return _begins(case)


def obstruction(wish: model.Wish, seen: model.Seen) -> Step | None:
    """Return what is so where somebody else's operator stands in the way; None where none does."""
    if seen.elsewhere:
        message = (
            f"An operator runs as {', '.join(seen.elsewhere)}, and two would act at once. Remove it, which leaves the "
            "definitions and all installations, or leave the operator of this cluster to others."
        )
        return Step(status=Status.BLOCKED, reason="OperatorElsewhere", message=message)
    if seen.manager in (None, OURS) or wish.takes_over:
        return None
    message = (
        f"{seen.manager} keeps the operator {seen.place} at version {seen.version or 'unknown'}. Leave it to "
        f"{seen.manager}, or say that it may be taken over and see that {seen.manager} lets go of it."
    )
    return Step(status=Status.BLOCKED, reason="KeptByOthers", message=message)


def hold(known: model.Known, wanted: model.Bundle, others: Sequence[Other], terms: model.Terms) -> Step | None:
    """Return why this cluster has to wait for its turn; None where it has it."""
    is_another = known.served is None or known.served.release != wanted.release
    for each in others:
        if is_another and each.status in model.STOPPED and each.release == wanted.release:
            message = (
                f"Version {wanted.version} did not become ready in {each.name}, so it is tried nowhere else until that "
                f"is tried again, wants another version, or is left to others. There: {each.message}"
            )
            return Step(status=Status.PENDING, reason=_FAILED_ELSEWHERE, message=message)
    busy = sorted(each.name for each in others if each.status in model.BUSY)
    if len(busy) < terms.at_once:
        return None
    message = f"It waits for its turn; under way is {', '.join(busy)}."
    return Step(status=Status.PENDING, reason=_WAITS_FOR_TURN, message=message)


def refused(known: model.Known, error: errors.TenantryError, terms: model.Terms, now: datetime) -> Step:
    """Return what is so after a step that failed."""
    told = " ".join(each for each in (error.message, error.advice) if each)
    is_forbidden = isinstance(error, ports.KeepingForbiddenError) and now - known.since >= terms.patience
    if known.status is Status.UPGRADING and (is_forbidden or not isinstance(error, errors.TemporaryError)):
        return _given_up(known, errors.reason(error), told)
    if known.status in model.STOPPED:
        return Step(status=known.status, reason=known.reason, message=_now(known.message, told))
    return Step(status=known.status, reason=errors.reason(error), message=told)


def _external(case: _Case) -> Step | None:
    if case.known.wish.kept_by is not Keeper.EXTERNAL:
        return None
    seen, status, brought = case.seen, Status.EXTERNAL, case.terms.version
    if seen.manager is None:
        message = "There is no operator in this cluster, so installations on it wait."
        return Step(status=status, reason="OperatorMissing", message=message)
    keeps = f"{seen.manager} keeps the operator {seen.place} at version {seen.version or 'unknown'}"
    if seen.version == brought:
        return Step(status=status, message=f"{keeps}.")
    return Step(status=status, reason="OperatorDiffers", message=f"{keeps}; this provisioner brings {brought}.")


def _newer(case: _Case) -> Step | None:
    carried, ours = case.known.carried, case.terms.version
    if not model.is_newer(carried, ours):
        return None
    message = f"A provisioner of version {carried} keeps it, and this one is {ours}."
    return Step(status=case.known.status, reason="KeptByNewer", message=message)


def _obstructed(case: _Case) -> Step | None:
    return obstruction(case.known.wish, case.seen)


def _tried(case: _Case) -> Step | None:
    """Return the step where what is wanted was tried before."""
    rule = _TRIED.get(case.known.status)
    return rule(case) if rule is not None and case.known.attempt == case.wanted.digest else None


def _found(case: _Case) -> Step | None:
    return Step(status=Status.CURRENT, effect=Effect.APPLY) if case.is_well else None


def _begins(case: _Case) -> Step:
    """Ask for a turn; what runs meanwhile is kept as it is, however long that takes."""
    is_held = case.known.reason in _HELD and case.known.served is not None
    return Step(status=Status.UPGRADING, effect=Effect.RESTORE if is_held else Effect.NONE)


def _under_way(case: _Case) -> Step:
    if case.is_well:
        return Step(status=Status.CURRENT, effect=Effect.CLEAR)
    if case.known.reason == WAITS and case.now - case.known.since >= case.terms.patience:
        return _given_up(case.known, "NotReadyInTime", _late(case.wanted, case.seen, case.terms.patience))
    effect = Effect.NONE if case.is_there else Effect.APPLY
    message = case.seen.obstacle or f"Version {case.wanted.version} is being applied."
    return Step(status=Status.UPGRADING, effect=effect, reason=WAITS, message=message)


def _failed(case: _Case) -> Step:
    if case.is_well:
        return Step(status=Status.CURRENT, effect=Effect.CLEAR)
    known, message = case.known, _now(case.known.message, case.seen.obstacle)
    return Step(status=Status.FAILED, effect=Effect.APPLY, reason=known.reason, message=message)


def _rests(case: _Case) -> Step:
    if case.is_well:
        return Step(status=Status.CURRENT, effect=Effect.APPLY)
    message = case.seen.obstacle or "It was not there as it should be, and is applied again."
    return Step(status=Status.CURRENT, effect=Effect.APPLY, reason="NotReady", message=message)


def _back(case: _Case) -> Step | None:
    known, former, seen = case.known, case.known.served, case.seen
    if former is None:
        return None
    if seen.digest == former.digest and seen.is_well:
        effect = Effect.CLEAR if known.status is Status.RETURNING else Effect.RESTORE
        return Step(status=Status.RETURNED, effect=effect, reason=known.reason, message=_now(known.message, ""))
    message = _now(known.message, seen.obstacle)
    return Step(status=known.status, effect=Effect.RESTORE, reason=known.reason, message=message)


_TRIED: Mapping[Status, _Rule] = {
    Status.UPGRADING: _under_way,
    Status.CURRENT: _rests,
    Status.FAILED: _failed,
    Status.RETURNING: _back,
    Status.RETURNED: _back,
}


def _given_up(known: model.Known, reason: str, why: str) -> Step:
    former = known.served
    if former is None or former.digest == known.attempt:
        return Step(status=Status.FAILED, reason=reason, message=why)
    return Step(status=Status.RETURNING, reason=reason, message=f"{why} Version {former.version} is brought back.")


def _late(wanted: model.Bundle, seen: model.Seen, patience: timedelta) -> str:
    within = f"{patience.total_seconds():g} seconds"
    told = f"Version {wanted.version} was not ready within {within}"
    return f"{told}: {seen.obstacle.rstrip('.')}." if seen.obstacle else f"{told}."


def _now(message: str, obstacle: str) -> str:
    """Return why something was given up, and what is so at the moment."""
    why, _, _ = message.partition(_NOW)
    return f"{why}{_NOW}{obstacle}" if obstacle else why
