"""Runs the benchmarks one after another and prints what they measured."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine

from bench import again, click, figures, footprint, idle, together
from tenantry.kernel import clock

Benchmark = Callable[[int], Coroutine[None, None, None]]

BENCHMARKS: dict[str, tuple[str, Benchmark]] = {
    "click": ("From the click to a ready workspace, over a start by hand", click.run),
    "together": ("Ten sign-ups at once, over ten starts by hand at once", together.run),
    "again": ("Up again after everything was killed, over a first up", again.run),
    "footprint": ("Memory and processor of our own processes, with installations at rest", footprint.run),
    "idle": ("Queries of an idle supervisor, by the number of resting rows", idle.run),
}
_REPEAT = 10
_QUICK = 3


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(BENCHMARKS), help="run only this one (repeatable)")
    parser.add_argument("--repeat", type=int, default=_REPEAT, help="measurements of each thing; 10 by default")
    parser.add_argument("--quick", action="store_true", help="three measurements of each thing: a first impression")
    given = parser.parse_args()
    repeat = _QUICK if given.quick else given.repeat
    figures.say(f"{clock.SystemClock().now():%Y-%m-%d %H:%M} UTC; {figures.machine()}; n={repeat}\n")
    for name in given.only or BENCHMARKS:
        title, benchmark = BENCHMARKS[name]
        figures.say(f"== {name}: {title} ({figures.load()})")
        asyncio.run(benchmark(repeat))
    return 0


if __name__ == "__main__":
    sys.exit(main())
