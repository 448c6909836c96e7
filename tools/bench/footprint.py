"""What our own processes cost while 0, 10 and 50 installations rest: memory (PSS) and processor time a minute.

The applications' own processes are not counted; PostgreSQL is, with all its sessions, as one sum.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import figures, shop
from tenantry.local import part, processes
from tenantry.local.stack import Stack

_COUNTS = (0, 10, 50)
_PRODUCT = "ihatemoney"
_WINDOW_SECONDS = 30
_ORDERS_AT_ONCE = 4
_NEEDED_KIBIBYTES = 120 * 1024
"""Free memory for one more installation, generously."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What one part costs."""

    mebibytes: float
    seconds_a_minute: float


async def run(repeat: int) -> None:
    """Measure once for each number of installations (a window is a sum already) and print a table."""
    del repeat
    measured: dict[int, Mapping[str, Cost]] = {}
    async with shop.opened() as owner:
        there = 0
        for count in _COUNTS:
            if (count - there) * _NEEDED_KIBIBYTES > _free_kibibytes():
                figures.say(f"{count} installations are left out: this machine is short of memory now.")
                continue
            await _order_up_to(owner, there, count)
            there = count
            measured[count] = await _measure(owner.stack)
            figures.note(f"{count} installations measured ({figures.load()})")
    figures.say(_table(measured))
    figures.say(f"(windows of {_WINDOW_SECONDS} s, {_PRODUCT}, {figures.load()})\n")


async def _order_up_to(owner: shop.Shop, there: int, count: int) -> None:
    turns = asyncio.Semaphore(_ORDERS_AT_ONCE)

    async def order(number: int) -> None:
        async with turns:
            page, form = await owner.form(_PRODUCT)
            await owner.visitor.send(page, form, name=f"rest-{number}")
            await owner.stable(f"rest-{number}")

    await asyncio.gather(*[order(number) for number in range(there, count)])


async def _measure(stack: Stack) -> Mapping[str, Cost]:
    before, begun = await processor(stack), time.monotonic()
    await asyncio.sleep(_WINDOW_SECONDS)  # the window itself
    after, took = await processor(stack), time.monotonic() - begun
    heads = await _heads(stack)
    memory = await asyncio.to_thread(processes.memory, heads.values())
    sizes = {name: memory[pid] for name, pid in heads.items()}
    sizes["supervisord"] = await asyncio.to_thread(_pss, heads["supervisord"])
    return {name: Cost(sizes[name] / 1024**2, (after[name] - before[name]) * 60 / took) for name in heads}


async def _heads(stack: Stack) -> dict[str, int]:
    """Return the first process of each part."""
    infos = await stack.supervisor.programs()
    found = {name.value: infos[name].pid for name in part.PartName if name in infos}
    return {"supervisord": await stack.supervisor.pid()} | {name: pid for name, pid in found.items() if pid is not None}


async def processor(stack: Stack) -> dict[str, float]:
    """Return the seconds of the processor that each part has used so far, with all that it started itself."""
    heads = await _heads(stack)
    trees = await asyncio.to_thread(_trees)
    return {
        # All else descends from the supervisor, so of it only its own time counts.
        name: seconds(pid) if name == "supervisord" else _tree_seconds(pid, trees)
        for name, pid in heads.items()
    }


def _tree_seconds(pid: int, trees: Mapping[int, list[int]]) -> float:
    return seconds(pid, with_ended=True) + sum(_tree_seconds(child, trees) for child in trees.get(pid, []))


def seconds(pid: int, *, with_ended: bool = False) -> float:
    """Return the seconds of the processor that a process has used, with its ended children or without."""
    with contextlib.suppress(OSError):
        fields = _stat(pid)
        return sum(int(each) for each in fields[11 : 15 if with_ended else 13]) / _TICKS
    return 0.0


def _trees() -> dict[int, list[int]]:
    trees: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                trees.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    return trees


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _free_kibibytes() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))


def _table(measured: Mapping[int, Mapping[str, Cost]]) -> str:
    rows = [["part", *[f"MiB at {count}" for count in measured], *[f"CPU s/min at {count}" for count in measured]]]
    for name in next(iter(measured.values())):
        costs = [each[name] for each in measured.values()]
        rows.append([name, *[f"{each.mebibytes:.0f}" for each in costs], *[_rate(each) for each in costs]])
    sums = [
        Cost(sum(each.mebibytes for each in costs.values()), sum(each.seconds_a_minute for each in costs.values()))
        for costs in measured.values()
    ]
    rows.append(["together", *[f"{each.mebibytes:.0f}" for each in sums], *[_rate(each) for each in sums]])
    return figures.table(rows)


def _rate(cost: Cost) -> str:
    return f"{cost.seconds_a_minute:.2f}"
