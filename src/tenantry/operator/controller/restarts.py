"""Counts restarts that nobody asked for, from what the pods say of their containers. Pure.

A pod counts how often its containers ended by themselves and were started again, from its own beginning on. So what was
counted of each pod is remembered, and only what came since is added: a pod that takes another's place, in a rollout or
because its node went, has restarted nothing and begins at zero. All is forgotten after ten minutes without trouble.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenantry.kubernetes import kinds, parts
from tenantry.runtime import document

WELL_AFTER = timedelta(minutes=10)
"""After so long without trouble, restarts are forgotten."""

_LONGEST_HOLD = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """What a pod says of its restarts.

    Attributes:
        restarts: how often its containers were started again, in its whole life.
        last_end: when the latest of those that were started again had ended.
    """

    uid: str
    restarts: int
    last_end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A count.

    Attributes:
        restarts: since the last time it was well for ten minutes.
        of_pods: pod → how many of its restarts were counted, for those that had any.
    """

    restarts: int
    of_pods: dict[str, int]


def pod(item: kinds.Object) -> Pod:
    """Return what a pod says."""
    containers = parts.listed(item, "status", "containerStatuses")
    ends = [parts.mapping(each, "lastState", "terminated").get("finishedAt") for each in containers]
    return Pod(
        uid=item["metadata"]["uid"],
        restarts=sum(each.get("restartCount", 0) for each in containers),
        last_end=max((datetime.fromisoformat(each) for each in ends if each), default=None),
    )


def counted(before: Tally, pods: Iterable[Pod], *, is_well: bool, now: datetime) -> Tally:
    """Return the count after a look at the pods.

    Args:
        before: the count so far.
        pods: all pods of the workloads.
        is_well: whether it had been well for ten minutes: then what a pod had restarted before is long forgotten, even
            if nobody looked at it, and of one that nobody has looked at only a restart of now is counted.
        now: the present moment.
    """
    found = [each for each in pods if each.restarts]
    new = sum(_new(each, before.of_pods.get(each.uid), is_well=is_well, now=now) for each in found)
    return Tally(restarts=before.restarts + new, of_pods={each.uid: each.restarts for each in found})


def _new(each: Pod, known: int | None, *, is_well: bool, now: datetime) -> int:
    if known is not None:
        return max(each.restarts - known, 0)
    if not is_well:
        return each.restarts
    return 1 if each.last_end is not None and now - each.last_end < WELL_AFTER else 0


def forgotten_at(status: document.InstallationStatus) -> datetime | None:
    """Return when the restarts of a status are forgotten, if nothing happens; None where there are none, or not yet."""
    since = well_since(status.conditions)
    return None if since is None or not status.restarts else since + WELL_AFTER


def well_since(conditions: Sequence[document.Condition]) -> datetime | None:
    """Return since when it has been ready; None where it is not."""
    for each in conditions:
        if each.type is document.ConditionType.READY and each.status is document.ConditionStatus.TRUE:
            return each.last_transition_time
    return None


def is_well(conditions: Sequence[document.Condition], now: datetime) -> bool:
    """Tell whether it has been ready for ten minutes."""
    since = well_since(conditions)
    return since is not None and now - since >= WELL_AFTER


def held_until(before: document.InstallationStatus, after: document.InstallationStatus) -> datetime | None:
    """Return until when a report has to wait, None where it need not.

    What restarts again and again goes up and down: the more often it has, the longer each report stands. What somebody
    wants anew, and what has to be remembered, is never held.
    """
    is_same = before.observed_generation == after.observed_generation and _kept(before) == _kept(after)
    if not before.restarts or not is_same or not before.conditions:
        return None
    last = max(each.last_transition_time for each in before.conditions)
    return last + min(timedelta(seconds=before.restarts), _LONGEST_HOLD)


def _kept(status: document.InstallationStatus) -> document.Memory:
    return (status.memory or document.Memory()).model_copy(update={"counted_restarts": None})
