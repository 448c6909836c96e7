"""What is to be done next: a queue of keys. Pure: it is told the time.

A key is in it once, however often it is added; it is handed to one worker at a time; what is added while it is worked
on comes again afterwards. Groups (applications, say) take turns, a person's change goes before a routine look, and the
routine look is not starved.
"""

import heapq
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Generic, TypeVar

from tenantry.engine import backoff
from tenantry.kernel import randomness as randoms

K = TypeVar("K", bound=Hashable)

AGEING = 8
"""Each time so many keys have been taken, one of the lowest priority that waits is next."""

RETRIES = backoff.Backoff(first=timedelta(milliseconds=500), factor=2.0, ceiling=timedelta(minutes=2))


class Priority(IntEnum):
    """What goes first."""

    PERSON = 0
    """Somebody changed what is wanted."""
    CHANGE = 1
    """Something that is so has changed."""
    RESYNC = 2
    """Nothing is known to have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    priority: Priority
    due: datetime | None
    """None: at once."""

    def joined(self, other: "_Wish") -> "_Wish":
        """Return the wish that fulfils both: the earlier, with the priority of the more urgent."""
        priority = min(self.priority, other.priority)
        if self.due is None or other.due is None:
            return _Wish(priority=priority, due=None)
        return _Wish(priority=priority, due=min(self.due, other.due))


class Queue(Generic[K]):
    """Keys that wait for their time, keys that are ready, and keys that are worked on."""

    def __init__(self, randomness: randoms.Randomness, *, retries: backoff.Backoff = RETRIES) -> None:
        """Start empty.

        Args:
            randomness: for the jitter of retries.
            retries: how long a key waits that has failed.
        """
        self._randomness = randomness
        self._retries = retries
        self._groups: dict[K, str] = {}
        self._waiting: dict[K, _Wish] = {}
        self._alarms: list[tuple[datetime, int, K]] = []
        self._alarm = 0
        self._ready: dict[Priority, OrderedDict[str, OrderedDict[K, None]]] = {each: OrderedDict() for each in Priority}
        self._places: dict[K, tuple[Priority, str]] = {}
        self._working: dict[K, _Wish | None] = {}
        self._failures: dict[K, int] = {}
        self._taken = 0

    def __len__(self) -> int:
        """Return how many keys are ready."""
        return len(self._places)

    @property
    def working(self) -> int:
        """How many keys are worked on."""
        return len(self._working)

    @property
    def waiting(self) -> int:
        """How many keys wait for their time."""
        return len(self._waiting)

    def add(
        self, key: K, *, group: str | None = None, priority: Priority = Priority.CHANGE, due: datetime | None = None
    ) -> None:
        """Ask for a key to be worked on.

        Args:
            key: what to work on.
            group: whose turn it takes; None is the same as last time.
            priority: what it goes before.
            due: not before then; None is at once.
        """
        self._groups[key] = self._groups.get(key, "") if group is None else group
        wish = _Wish(priority=priority, due=due)
        if key in self._working:
            known = self._working[key]
            self._working[key] = wish if known is None else known.joined(wish)
        elif key in self._places:
            self._promote(key, priority)
        else:
            known = self._waiting.get(key)
            self._wait(key, wish if known is None else known.joined(wish))

    def retry(self, key: K, now: datetime, *, delay: timedelta | None = None) -> timedelta:
        """Ask for a key to be worked on again after a failure; return how long it waits.

        Args:
            key: what failed.
            now: the present moment.
            delay: wait at least this long, where whoever refused said so.
        """
        failures = self._failures.get(key, 0) + 1
        self._failures[key] = failures
        wait = max(self._retries.delay(failures, self._randomness), delay or timedelta())
        self.add(key, priority=Priority.RESYNC, due=now + wait)
        return wait

    def succeeded(self, key: K) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)

    def take(self, now: datetime) -> K | None:
        """Return the next key, which is worked on from now on; None where nothing is ready."""
        self._ripen(now)
        order = self._order()
        level = next((each for each in order if self._ready[each]), None)
        if level is None:
            return None
        self._taken += 1
        group, keys = next(iter(self._ready[level].items()))
        key = next(iter(keys))
        self._remove(key)
        if group in self._ready[level]:
            self._ready[level].move_to_end(group)
        self._working[key] = None
        return key

    def done(self, key: K) -> None:
        """The work on a key has ended; what was added meanwhile waits or is ready now."""
        wish = self._working.pop(key)
        if wish is not None:
            self._wait(key, wish)
        elif key not in self._failures:
            self._groups.pop(key, None)

    def next_due(self) -> datetime | None:
        """Return when the next key that waits is ready; None where none waits."""
        while self._alarms and not self._is_current(self._alarms[0]):
            heapq.heappop(self._alarms)
        return self._alarms[0][0] if self._alarms else None

    def _order(self) -> list[Priority]:
        is_turn_of_the_last = self._taken % AGEING == AGEING - 1
        return sorted(Priority, reverse=is_turn_of_the_last)

    def _wait(self, key: K, wish: _Wish) -> None:
        if wish.due is None:
            self._waiting.pop(key, None)
            self._make_ready(key, wish.priority)
            return
        self._waiting[key] = wish
        self._alarm += 1
        heapq.heappush(self._alarms, (wish.due, self._alarm, key))

    def _ripen(self, now: datetime) -> None:
        while (due := self.next_due()) is not None and due <= now:
            _, _, key = heapq.heappop(self._alarms)
            self._make_ready(key, self._waiting.pop(key).priority)

    def _is_current(self, alarm: tuple[datetime, int, K]) -> bool:
        wish = self._waiting.get(alarm[2])
        return wish is not None and wish.due == alarm[0]

    def _make_ready(self, key: K, priority: Priority) -> None:
        group = self._groups[key]
        self._places[key] = priority, group
        self._ready[priority].setdefault(group, OrderedDict())[key] = None

    def _promote(self, key: K, priority: Priority) -> None:
        if priority < self._places[key][0]:
            self._remove(key)
            self._make_ready(key, priority)

    def _remove(self, key: K) -> None:
        priority, group = self._places.pop(key)
        keys = self._ready[priority][group]
        del keys[key]
        if not keys:
            del self._ready[priority][group]
