"""Runs the benchmarks of the operator one after another and prints what they measured."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import figures
from bench.kubernetes import creation, sale, standing, writer
from tenantry.kernel import clock, errors

_COUNT = 1000
_PAIRS = 3
_BENCHMARKS = ("creation", "rollout", "standing", "sale")


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="bench.kubernetes", description=__doc__)
    parser.add_argument("--only", action="append", choices=_BENCHMARKS, help="run only this one (repeatable)")
    parser.add_argument("--installations", type=int, action="append", help=f"how many ({_COUNT}; repeatable)")
    parser.add_argument("--pairs", type=int, default=_PAIRS, help="pairs of each comparison; 3 by default")
    given = parser.parse_args()
    figures.say(f"{clock.SystemClock().now():%Y-%m-%d %H:%M} UTC; {figures.machine()}\n")
    chosen: Sequence[str] = given.only or _BENCHMARKS
    try:
        if "sale" in chosen:
            figures.say(f"== click to ready on a real node ({figures.load()})")
            asyncio.run(sale.run(given.pairs))
        with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as folder:
            program = writer.build(Path(folder))
            for count in given.installations or [_COUNT]:
                asyncio.run(_run(program, chosen, count, given.pairs))
    except errors.TenantryError as error:
        figures.note(f"{error.message} {error.advice}")
        return 1
    return 0


async def _run(program: Path, names: Sequence[str], count: int, pairs: int) -> None:
    if {"creation", "rollout"} & set(names):
        figures.say(f"== {count} installations, each over the raw writes ({figures.load()})")
        await creation.run(program, count, pairs, rolls_over="rollout" in names)
    if "standing" in names:
        figures.say(f"== {count} installations at rest ({figures.load()})")
        await standing.run(program, count, pairs)


if __name__ == "__main__":
    sys.exit(main())
