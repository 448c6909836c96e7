"""Many installations at once until all are Ready, and a new version over all of them, over the raw writes of the same.

Each measurement has a cluster of its own. Both sides are measured on the same kind of cluster, with the same
controllers, scheduler and pretended nodes reacting; which of the two comes first changes with each pair.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import figures
from bench.kubernetes import fleet, site, writer
from tenantry.kubernetes import kinds

Work = Callable[[str], Iterable[writer.Call]]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two ways: what is written, and how it is told that all is there."""

    name: str
    make: Work
    update: Work
    kind: kinds.Kind
    each: int
    holds: site.Holds
    has_operator: bool


OURS = Side(
    name="by the operator", make=fleet.orders, update=fleet.update, kind=kinds.INSTALLATION, each=1,
    holds=site.is_ready, has_operator=True,
)  # fmt: skip
RAW = Side(
    name="raw", make=fleet.objects, update=fleet.raw_update, kind=kinds.DEPLOYMENT,
    each=fleet.WORKLOADS, holds=site.is_rolled_out, has_operator=False,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Seconds of what was measured; those of the processor are by program, for all of it together."""

    creation: float
    rollout: float | None
    processor: Mapping[str, float]

    def __str__(self) -> str:
        """Return them as words."""
        made = f"made {self.creation:.1f} s"
        return made if self.rollout is None else f"{made}, rolled over {self.rollout:.1f} s"


async def run(program: Path, count: int, pairs: int, *, rolls_over: bool) -> None:
    """Measure pairs and print the figures.

    Args:
        program: the baseline's writer.
        count: how many installations are made.
        pairs: how many times.
        rolls_over: whether a new version goes over all of them as well, which takes longer than the making.
    """
    ours: list[Taken] = []
    raw: list[Taken] = []
    for number in range(pairs):
        turns = ((OURS, ours), (RAW, raw))
        for side, taken in turns if number % 2 == 0 else turns[::-1]:
            taken.append(await _measured(program, side, count, rolls_over=rolls_over))
        figures.note(f"pair {number + 1}/{pairs}: {ours[-1]}, {raw[-1]}")
    _compare(f"{count} made", [each.creation for each in ours], [each.creation for each in raw])
    if rolls_over:
        mine, theirs = ([each.rollout for each in taken if each.rollout is not None] for taken in (ours, raw))
        _compare(f"{count} rolled over", mine, theirs)
    figures.say(f"{_processors(count, ours, raw)}\n({figures.load()})\n")


def _compare(what: str, ours: Sequence[float], raw: Sequence[float]) -> None:
    mine, theirs = (figures.Series(f"{what} {side.name}", list(values)) for side, values in ((OURS, ours), (RAW, raw)))
    figures.say(f"{mine}\n{theirs}\n{figures.ratio(mine, theirs)}")


def _processors(count: int, ours: Sequence[Taken], raw: Sequence[Taken]) -> str:
    """Return who used the processor, in milliseconds for each installation."""

    def median(taken: Sequence[Taken], name: str) -> str:
        return f"{statistics.median([each.processor.get(name, 0.0) for each in taken]) / count * 1000:.1f}"

    names = [*ours[0].processor, *(each for each in raw[0].processor if each not in ours[0].processor)]
    rows = [(name, median(ours, name), median(raw, name)) for name in names]
    return figures.table([("processor, ms for each", OURS.name, RAW.name), *rows])


async def _measured(program: Path, side: Side, count: int, *, rolls_over: bool) -> Taken:
    async with site.opened(count) as place:
        if not side.has_operator:
            return await _taken(program, place, side, count, place.processor, rolls_over=rolls_over)
        async with site.operator(place) as running:
            await running.until_it_acts()

            def used() -> dict[str, float]:
                return place.processor() | {"operator": running.processor()}

            return await _taken(program, place, side, count, used, rolls_over=rolls_over)


async def _taken(
    program: Path, place: site.Site, side: Side, count: int, used: Callable[[], dict[str, float]], *, rolls_over: bool
) -> Taken:
    def processor() -> dict[str, float]:
        ours = os.times()
        return used() | {"writer": ours.children_user + ours.children_system, "benchmark": time.process_time()}

    names = fleet.namespaces(count)
    before = processor()
    creation = await timed(program, place, side, side.make, names)
    rollout = await timed(program, place, side, side.update, names) if rolls_over else None
    return Taken(
        creation=creation,
        rollout=rollout,
        processor={name: seconds - before[name] for name, seconds in processor().items()},
    )


async def timed(program: Path, place: site.Site, side: Side, work: Work, names: Sequence[str]) -> float:
    """Write the work of all installations and return the seconds until all are there."""
    made = [list(work(name)) for name in names]
    is_update = work is side.update
    wanted = len(names) * side.each
    async with place.reached(side.kind, 0 if is_update else wanted, side.holds) as reached:
        begun = time.monotonic()
        await writer.write(program, place.up, made)
        if not is_update:
            await reached
            return time.monotonic() - begun
    # Every write of the update has been answered, so whatever holds now holds for the new version.
    async with place.reached(side.kind, wanted, side.holds) as reached:
        await reached
    return time.monotonic() - begun
