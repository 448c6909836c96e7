"""The standbys that wait for somebody: processes with everything loaded, each in a place where nobody lives yet.

A new installation moves in: it takes over the standby's slot, ports and user for good, and its process.
"""

import contextlib
from collections.abc import Generator, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a standby has loaded.

    Attributes:
        application: the application's name.
        version: whose package it runs.
        digest: changes when the application changes.
    """

    application: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standby:
    """A place with processes that wait.

    Attributes:
        kind: what they have loaded.
        slot: the name of its programs, groups and folder.
        ports: port name → number, reserved for whoever moves in.
        uid: whom its processes run as; None: as the agent.
        workloads: which of the application's workloads wait there.
    """

    kind: Kind
    slot: str
    ports: dict[str, int]
    uid: int | None
    workloads: tuple[str, ...]


class Pool:
    """The standbys of this machine."""

    def __init__(self) -> None:
        self._waiting: dict[str, Standby] = {}
        self._slots: set[str] = set()

    @property
    def slots(self) -> AbstractSet[str]:
        """Slots that are standbys', also those that are being made or moved into."""
        return frozenset(self._slots)

    def waiting(self) -> Iterable[Standby]:
        """Return those that somebody could move into."""
        return list(self._waiting.values())

    def reserve(self, slot: str) -> None:
        """Begin to make a standby there."""
        self._slots.add(slot)

    def add(self, standby: Standby) -> None:
        """It waits from now on."""
        self._slots.add(standby.slot)
        self._waiting[standby.slot] = standby

    def withdraw(self, slot: str) -> None:
        """Nobody moves in any more; the slot stays reserved until it is released."""
        self._waiting.pop(slot, None)

    def release(self, slot: str) -> None:
        """There is nothing in the slot any more, or it is an installation's."""
        self.withdraw(slot)
        self._slots.discard(slot)

    @contextlib.contextmanager
    def moving_in(self, kind: Kind) -> Generator[Standby | None]:
        """Give the block a standby of this kind, or None; it is the pool's again where the block fails."""
        found = next((each for each in self._waiting.values() if each.kind == kind), None)
        if found is None:
            yield None
            return
        self.withdraw(found.slot)
        try:
            yield found
        except BaseException:
            self.add(found)
            raise
        self.release(found.slot)
