"""Beginnings that are not told, because many installations are on their way. Pure: it is told the time.

Where few change, each is told step by step. Where many do, telling of each that it has begun would be a write more for
each, and those that write would keep the others from going on. So a beginning waits, and the end is told instead,
unless that takes longer than so many may take.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tenantry.operator.controller import keys
from tenantry.runtime import document

_RESTING = (document.Phase.READY, document.Phase.ASLEEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """From when on there are many.

    Attributes:
        few: so many on their way at once are few enough to tell of each.
        each: what each adds to the time that all may take: twice what one took of a cluster whose control plane had two
            cores (docs/explanation/performance.md).
    """

    few: int = 50
    each: timedelta = timedelta(seconds=0.2)

    def patience(self, changing: int) -> timedelta:
        """Return how long nobody need be told of one that goes well while so many change."""
        return self.each * changing if changing > self.few else timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A beginning that is not told: what was told last, what is to be remembered, since when and until when."""

    told: document.InstallationStatus
    memory: document.Memory | None
    since: datetime
    until: datetime


class Untold:
    """The installations that have begun without a word, and what is to be remembered of them meanwhile."""

    def __init__(self, crowd: Crowd) -> None:
        """Start with none.

        Args:
            crowd: from when on there are many.
        """
        self._crowd = crowd
        self._begun: dict[keys.Key, _Begun] = {}

    def memory(self, key: keys.Key, told: document.InstallationStatus) -> document.Memory | None:
        """Return what a report that waits would have remembered; None where none waits.

        Args:
            key: whose report it is.
            told: what was reported last; if another operator did so meanwhile, it knows better.
        """
        known = self._begun.get(key)
        return known.memory if known is not None and known.told == told else None

    def waits(
        self,
        key: keys.Key,
        before: document.InstallationStatus,
        after: document.InstallationStatus,
        *,
        changing: int,
        now: datetime,
    ) -> bool:
        """Tell whether a report waits.

        Args:
            key: whose report it is.
            before: what was reported last.
            after: what is to be reported.
            changing: so many are on their way.
            now: the present moment.
        """
        known = self._begun.get(key)
        since, until = (now, now) if known is None or known.told != before else (known.since, known.until)
        until = max(until, since + self._crowd.patience(changing))
        if not _is_beginning(before, after) or until <= now:
            self.end(key)
            return False
        self._begun[key] = _Begun(told=before, memory=after.memory, since=since, until=until)
        return True

    def next_look(self, key: keys.Key) -> datetime | None:
        """Return when its report has waited long enough; None where none waits."""
        known = self._begun.get(key)
        return None if known is None else known.until

    def end(self, key: keys.Key) -> None:
        """It was told, or is gone."""
        self._begun.pop(key, None)


def _is_beginning(before: document.InstallationStatus, after: document.InstallationStatus) -> bool:
    """Tell whether a report says that one goes on which was at rest, or of which nothing was said, and no more."""
    was_at_rest = before.phase in _RESTING or not before.conditions
    has_obstacle = after.memory is not None and after.memory.obstacle is not None
    goes_on = after.phase is document.Phase.PROGRESSING and after.restarts == before.restarts
    return was_at_rest and goes_on and not has_obstacle
