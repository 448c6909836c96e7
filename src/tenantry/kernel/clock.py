"""Time as a port, so that tests and the billing time machine decide what time it is.

Nothing outside this module asks the system for the time. All times are aware and in UTC.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that may ask the system


class ManualClock:
    """A clock that stands still until it is moved: for tests and for playing the future."""

    def __init__(self, start: datetime) -> None:
        """Start at the given aware moment."""
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the moment the clock was last moved to."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move forward and return the new moment."""
        self._now += by
        return self._now
