"""Whose pods have to be looked at, and whose report has to wait. Pure: it is told the time.

What goes well is never asked. What is not well is looked at when that begins and when it ends, and now and then
between; so is a start that takes long. What goes up and down while its report waits is looked at once more, so that
nothing of it is lost.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tenantry.operator.controller import assessment, keys, restarts
from tenantry.runtime import document

AGAIN = timedelta(minutes=1)
"""While something is not well, its pods are looked at once in this time, as long as few are not well."""

EACH = timedelta(seconds=0.2)
"""At most one is looked at in this time, in the long run: what ails thousands at once is not helped by asking more."""

SLOW = timedelta(seconds=20)
"""A start that takes longer than this is looked at: most have come up by then, and those that cannot say why."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Troubles:
    """The installations that are not well, or were not when their report had to wait."""

    def __init__(self, patience: Callable[[], timedelta] = timedelta) -> None:
        """Start with none.

        Args:
            patience: tells how much longer than usual a start may take now before it is looked at.
        """
        self._patience = patience
        self._counted: dict[keys.Key, datetime] = {}
        self._held: dict[keys.Key, datetime] = {}

    def is_over(self, key: keys.Key) -> bool:
        """Tell whether nothing of an installation is still to be told."""
        return key not in self._held

    def end(self, key: keys.Key) -> None:
        """It is well, or gone."""
        self._counted.pop(key, None)
        self._held.pop(key, None)

    def is_held(
        self, key: keys.Key, before: document.InstallationStatus, after: document.InstallationStatus, now: datetime
    ) -> bool:
        """Tell whether a report has to wait; see `next_look`."""
        until = restarts.held_until(before, after)
        if until is None or until <= now:
            return False
        self._held[key] = until
        return True

    def must_count(
        self, key: keys.Key, before: document.InstallationStatus, after: document.InstallationStatus, now: datetime
    ) -> bool:
        """Tell whether the pods have to be looked at before this is reported; asked once for each report."""
        begins = after.phase is document.Phase.DEGRADED is not before.phase
        ends = assessment.has_unwell_workloads(before) and after.phase is document.Phase.READY
        is_open = assessment.has_unwell_workloads(after) or self._is_slow(after, now)
        is_due = now - self._counted.get(key, _NEVER) >= self._again() and is_open
        was_held = self._held.pop(key, None) is not None
        if not (begins or ends or is_due or was_held):
            return False
        self._counted[key] = now
        return True

    def next_look(self, key: keys.Key, reported: document.InstallationStatus, now: datetime) -> datetime | None:
        """Return when to look again; None where nothing is known to be wrong."""
        if key in self._held:
            return self._held[key]
        if assessment.is_starting(reported) and not self._is_slow(reported, now):
            return _begun(reported, now) + SLOW + self._patience()
        is_open = assessment.has_unwell_workloads(reported) or assessment.is_starting(reported)
        return now + self._again() if is_open else None

    def _again(self) -> timedelta:
        return max(AGAIN, EACH * len(self._counted))

    def _is_slow(self, status: document.InstallationStatus, now: datetime) -> bool:
        return assessment.is_starting(status) and now - _begun(status, now) >= SLOW + self._patience()


def _begun(status: document.InstallationStatus, now: datetime) -> datetime:
    return (status.memory.waiting_since if status.memory is not None else None) or now
