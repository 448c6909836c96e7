"""When a job on a schedule is due: five fields as cron has them, in a time zone. Pure, and the same everywhere.

The words are those that cron and Kubernetes read alike: numbers, `*`, ranges, steps and lists. Names, `7` for Sunday
and `@daily` are not among them, since one of the two would refuse them or mean something else.
"""

import zoneinfo
from datetime import datetime, timedelta

import cronsim

_PART = r"((\*|[0-9]+-[0-9]+)(/[0-9]+)?|[0-9]+)"
_FIELD = rf"{_PART}(,{_PART})*"
PATTERN = rf"^{_FIELD}( {_FIELD}){{4}}$"
"""How an expression is written: minute, hour, day of the month, month, day of the week (0 is Sunday)."""

_SUNDAY_AGAIN = 7
_ANY = datetime(2000, 1, 1)  # noqa: DTZ001 - only the expression is tried


def problem(expression: str) -> str | None:
    """Return what is wrong with an expression, for a person; None where nothing is."""
    days = expression.rpartition(" ")[2].replace("-", ",").split(",")
    if str(_SUNDAY_AGAIN) in [each.partition("/")[0] for each in days]:
        return "Sunday is 0."
    try:
        next(cronsim.CronSim(expression, _ANY))
    except cronsim.CronSimError as error:
        return f"{error}."
    except StopIteration:
        return "It is never due."
    return None


def is_zone(name: str) -> bool:
    """Tell whether there is a time zone of this name."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def next_due(expression: str, zone: str, after: datetime) -> datetime:
    """Return the first moment after another at which an expression is due.

    Args:
        expression: as `problem` finds nothing wrong with.
        zone: the name of a time zone.
        after: an aware moment.
    """
    local = after.astimezone(zoneinfo.ZoneInfo(zone))
    due = next(cronsim.CronSim(expression, local))
    return max(due.astimezone(after.tzinfo), after + timedelta(microseconds=1))
