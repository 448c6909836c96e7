"""Moments and lengths of time in words, with the exact time beside them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

_MINUTE = 60
_HOUR = 3600
_DAY = 86400
_SHORT = 10
_LONG_AGO = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time as a page shows it."""

    iso: str
    exact: str
    words: str


def moment(at: datetime, now: datetime) -> Moment:
    """Return a time relative to now, with the exact one."""
    return Moment(iso=at.isoformat(timespec="seconds"), exact=f"{at:%-d %B %Y, %H:%M:%S} UTC", words=_relative(at, now))


def length(duration: timedelta) -> str:
    """Return a length of time as one would say it: `0.8 seconds`, `3 seconds`, `2 minutes`."""
    seconds = duration.total_seconds()
    if seconds < _SHORT:
        tenths = max(round(seconds, 1), 0.1)
        return _count(tenths, "second") if tenths % 1 else _count(int(tenths), "second")
    if seconds < 2 * _MINUTE:
        return _count(round(seconds), "second")
    if seconds < 2 * _HOUR:
        return _count(round(seconds / _MINUTE), "minute")
    if seconds < 2 * _DAY:
        return _count(round(seconds / _HOUR), "hour")
    return _count(round(seconds / _DAY), "day")


def _relative(at: datetime, now: datetime) -> str:
    distance = timedelta(seconds=round(abs(now - at).total_seconds()))
    if distance < timedelta(seconds=5):
        return "just now"
    if at > now:
        return f"in {length(distance)}"
    return f"{at:%-d %B %Y}" if distance > _LONG_AGO else f"{length(distance)} ago"


def _count(number: float, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
