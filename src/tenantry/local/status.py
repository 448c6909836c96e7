"""`tenantry status`: what of a stack runs, where, and with how much memory."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tenantry.local import down, embedded, layout, part, processes, services, state, strays, supervision
from tenantry.local.packages import upkeep
from tenantry.local.stack import Stack, default_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One program of a stack.

    Attributes:
        name: the part, or the program's name.
        state: supervisord's word in small letters, `ready`, or `down`.
        pid: its process.
        memory_bytes: what it and its descendants use.
        address: where it answers; empty for workloads.
        is_part: a part of the stack rather than a workload.
    """

    name: str
    state: str
    pid: int | None
    memory_bytes: int
    address: str = ""
    is_part: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStatus:
    """A stack as it is now.

    Attributes:
        stack: the stack.
        supervisor_pid: its supervisor; None where that does not answer.
        rows: its programs.
        packages: what the cache holds that it shares with the other stacks of this user.
    """

    stack: Stack
    supervisor_pid: int | None
    rows: tuple[Row, ...]
    packages: tuple[upkeep.Package, ...] = ()

    @property
    def is_up(self) -> bool:
        """Whether the supervisor answers and every part serves."""
        return self.supervisor_pid is not None and all(row.state == "ready" for row in self.rows if row.is_part)


async def status(data: Path) -> StackStatus:
    """Look at the stack of a data directory.

    Raises:
        NoStackError: there is none.
    """
    place = layout.choose(data)
    remembered = await asyncio.to_thread(state.read, place.state_file)
    if remembered is None:
        raise down.NoStackError(f"There is no stack in {place.data}.")
    stack = Stack(layout=place, state=remembered, cache=default_cache())
    pid = await strays.supervisor_pid(stack)
    programs = dict(await stack.supervisor.programs()) if pid else {}
    pids = [info.pid for info in programs.values() if info.pid]
    memory = await asyncio.to_thread(processes.memory, pids)
    parts = await asyncio.gather(*(_part_row(each, programs.pop(each.name, None), memory) for each in _parts(stack)))
    workloads = (_row(info, info.state.lower(), memory) for _, info in sorted(programs.items()))
    kept = await asyncio.to_thread(upkeep.packages, stack.cache)
    return StackStatus(stack=stack, supervisor_pid=pid, rows=(*parts, *workloads), packages=tuple(kept))


def _parts(stack: Stack) -> list[part.Part]:
    return [*embedded.parts(stack), *services.parts(stack)]


async def _part_row(each: part.Part, info: supervision.ProgramInfo | None, memory: dict[int, int]) -> Row:
    if info is None:
        return Row(name=each.name, state="down", pid=None, memory_bytes=0, address=each.address)
    word = "ready" if info.is_running and await each.is_ready() else info.state.lower()
    return _row(info, word, memory, address=each.address, is_part=True)


def _row(
    info: supervision.ProgramInfo, word: str, memory: dict[int, int], *, address: str = "", is_part: bool = False
) -> Row:
    used = memory.get(info.pid, 0) if info.pid else 0
    return Row(name=info.name, state=word, pid=info.pid, memory_bytes=used, address=address, is_part=is_part)
