"""Shares out the connections that a pooler may open on a database server. Pure.

The budget is hard: PgBouncer knows no limit over all its databases, so the sum of what each may open has to be within
it. Nobody's part depends on who else is there, so that a new neighbour changes nothing for the others, and no moment in
between has more. What does not fit goes to the server itself where it did so before; a new installation is placed
elsewhere, or nowhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenantry.application import manifest, needs
from tenantry.wire.placement import Measure

_TENTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A logical database that may go through the pooler.

    Attributes:
        size: how many connections it would have there.
    """

    id: str
    size: int


def admitted(left: int, databases: Sequence[Database]) -> frozenset[str]:
    """Return which of those that have no part yet get one: the oldest first, and each for which there is enough.

    Args:
        left: how many connections the pooler may open that are given to nobody.
        databases: those that may go through it, oldest first.
    """
    chosen: set[str] = set()
    for each in databases:
        if each.size <= left:
            chosen.add(each.id)
            left -= each.size
    return frozenset(chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The part of a logical database whose application asks for another now.

    Attributes:
        size: how many connections it has there.
        wanted: how many it would have.
    """

    id: str
    size: int
    wanted: int


def refitted(left: int, parts: Sequence[Part]) -> frozenset[str]:
    """Return which of them get what is wanted now: all that need no more, then the oldest for which there is enough.

    Args:
        left: how many connections the pooler may open that are given to nobody.
        parts: oldest first.
    """
    chosen: set[str] = set()
    for each in sorted(parts, key=lambda part: part.wanted > part.size):
        if (more := each.wanted - each.size) <= max(left, 0):
            chosen.add(each.id)
            left -= more
    return frozenset(chosen)


def fits(mode: str, size: int, pooling: needs.Pooling) -> bool:
    """Tell whether a part does for what an application asks for.

    One that is too small makes transactions wait for each other; sessions it would let wait for ever.
    """
    return mode == pooling.mode and (mode == "transaction" or size >= pooling.connections)


def past_it(connections: int) -> int:
    """Return how many connections are reserved at the server itself for an installation that goes through the pooler.

    Only its jobs go past it, as many as its role may hold; one in ten may at the same time.
    """
    return -(-connections // _TENTH)


def takes(wanted: Mapping[Measure, int]) -> Mapping[Measure, int]:
    """Return what an installation takes of a server with a pooler, where that is not the usual."""
    if Measure.POOLED not in wanted:
        return {}
    return {Measure.CONNECTIONS: past_it(wanted[Measure.CONNECTIONS])}


def pooling(application: manifest.Application) -> needs.Pooling | None:
    """Return how an application's installations may go through a pooler; None where they may not."""
    need = application.spec.needs.database
    return None if need is None else need.pooling
