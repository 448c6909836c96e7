"""How many installations may change at once. Pure: it is told the time.

Whoever is not at rest counts, whatever its phase is called, so that those who only have to finish are not starved by
those who begin. One that takes too long no longer counts, but goes on.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from itertools import islice

from tenantry.operator.controller import keys


class Turns:
    """Who has a turn, and who waits for one, in the order of asking."""

    def __init__(self, limit: int, longest: timedelta) -> None:
        """Take the bound.

        Args:
            limit: so many have a turn at once.
            longest: after so long a turn is no longer counted.
        """
        self._limit = limit
        self._longest = longest
        self._since: dict[keys.Key, datetime] = {}
        self._waiting: OrderedDict[keys.Key, datetime] = OrderedDict()

    @property
    def held(self) -> int:
        """How many have a turn."""
        return len(self._since)

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return len(self._waiting)

    def ask(self, key: keys.Key, now: datetime) -> bool:
        """Tell whether it is its turn now; otherwise it waits."""
        if key in self._since:
            return True
        free = self._free(now)
        is_next = key in islice(self._waiting, free) if key in self._waiting else not self._waiting
        if is_next and free > 0:
            self._waiting.pop(key, None)
            self._since[key] = now
            return True
        self._waiting.setdefault(key, now)
        return False

    def resume(self, key: keys.Key, now: datetime) -> None:
        """It was changing already when we came: it counts, whatever the limit."""
        self._waiting.pop(key, None)
        self._since.setdefault(key, now)

    def end(self, key: keys.Key) -> None:
        """It is at rest, or gone."""
        self._since.pop(key, None)
        self._waiting.pop(key, None)

    def is_overdue(self, key: keys.Key, now: datetime) -> bool:
        """Tell whether it has taken too long."""
        since = self._since.get(key)
        return since is not None and now - since >= self._longest

    def overdue_at(self, key: keys.Key) -> datetime | None:
        """Return when it will have taken too long; None where it has no turn."""
        since = self._since.get(key)
        return None if since is None else since + self._longest

    def asked_at(self, key: keys.Key) -> datetime | None:
        """Return since when it waits; None where it does not."""
        return self._waiting.get(key)

    def next(self, now: datetime) -> list[keys.Key]:
        """Return those who wait and could have a turn now."""
        return list(islice(self._waiting, self._free(now)))

    def _free(self, now: datetime) -> int:
        counted = sum(1 for since in self._since.values() if now - since < self._longest)
        return max(self._limit - counted, 0)
