"""Says where so many more installations would go, by the very decisions that place them one by one. Pure.

The three kinds of places are chosen independently of each other, so as many are placed as the kind with the least room
has places for.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tenantry.provisioner.installations import demand as demands
from tenantry.provisioner.installations import placement
from tenantry.wire.placement import Measure, PlaceKind

Found = Mapping[PlaceKind, Sequence[placement.Candidate]]
"""Everything of which the wanted takes something, by its kind."""

TITLES: Mapping[PlaceKind, str] = {
    PlaceKind.CLUSTER: "clusters",
    PlaceKind.DATABASE_SERVER: "database servers",
    PlaceKind.OBJECT_STORE: "object stores",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One place with all that would be placed there.

    Attributes:
        before: as it is.
        after: as it would be.
        count: how many would be placed there.
    """

    kind: PlaceKind
    before: placement.Candidate
    after: placement.Candidate
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Where they would go.

    Attributes:
        placed: how many there is a place for.
        runs_out: of which kind there is no place for more; None where there is a place for all.
        message: why, for a person; empty where there is a place for all.
    """

    placed: int
    runs_out: PlaceKind | None
    message: str
    places: Sequence[Filled]


def forecast(found: Found, wanted: demands.Demand, count: int) -> Forecast:
    """Return where that many more would go.

    Args:
        found: what there is.
        wanted: what each of them takes.
        count: how many there are to be.
    """
    room = {kind: sum(fill(candidates, wanted, count).values()) for kind, candidates in found.items()}
    placed = min(room.values(), default=0)
    places = [each for kind in found for each in _filled(kind, found[kind], wanted, placed)]
    runs_out = next((kind for kind in found if room[kind] == placed < count), None)
    message = ""
    if runs_out is not None:
        left = [each.after for each in places if each.kind is runs_out]
        message = placement.nowhere(TITLES[runs_out], left, wanted)
    return Forecast(placed=placed, runs_out=runs_out, message=message, places=places)


def fill(candidates: Sequence[placement.Candidate], wanted: demands.Demand, count: int) -> Counter[str]:
    """Return how many go to each candidate, by its id: each to the one that `placement.choose` would choose.

    Only the one that was chosen is another afterwards, so the others need not be looked at again.
    """
    known = {each.id: each for each in candidates}
    waiting = [(placement.order(each, wanted), each.id) for each in candidates if not placement.obstacle(each, wanted)]
    heapq.heapify(waiting)
    filled: Counter[str] = Counter()
    while waiting and filled.total() < count:
        _, chosen = heapq.heappop(waiting)
        filled[chosen] += 1
        known[chosen] = with_more(known[chosen], wanted, 1)
        if not placement.shortage(known[chosen], wanted):
            heapq.heappush(waiting, (placement.order(known[chosen], wanted), chosen))
    return filled


def with_more(candidate: placement.Candidate, wanted: demands.Demand, count: int) -> placement.Candidate:
    """Return a candidate as it is with so many more."""
    taken = {
        measure: candidate.taken.get(measure, 0) + placement.takes(candidate, wanted, measure) * count
        for measure in candidate.offers
    }
    return replace(candidate, taken=taken)


def needed(filled: Filled, wanted: demands.Demand) -> Mapping[Measure, int]:
    """Return what a place would need in addition for one more than it would hold."""
    return {measure: placement.lacking(filled.after, wanted, measure) for measure in filled.after.offers}


def _filled(
    kind: PlaceKind, candidates: Sequence[placement.Candidate], wanted: demands.Demand, count: int
) -> Iterator[Filled]:
    counts = fill(candidates, wanted, count)
    for each in candidates:
        yield Filled(kind=kind, before=each, after=with_more(each, wanted, counts[each.id]), count=counts[each.id])
