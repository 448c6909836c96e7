"""Processes as the kernel shows them: whose they are by the marker they carry, what they use, and how they are ended.

A process is ended through a descriptor of itself that is opened before it is looked at, so that a number which was
given to another process meanwhile can never hit the wrong one.
"""

import asyncio
import contextlib
import os
import select
import signal
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from tenantry.local import launch

_PROC = Path("/proc")
_LOOK_EVERY = 0.05


def marked(marker: str) -> set[int]:
    """Return the processes that carry the stack's marker, without ourselves and those that we descend from."""
    return {pid for pid in _pids() if has_marker(pid, marker)} - _ancestors()


def has_marker(pid: int, marker: str) -> bool:
    """Tell whether the process carries the stack's marker."""
    wanted = f"{launch.MARKER}={marker}".encode()
    with contextlib.suppress(OSError):
        return is_alive(pid) and wanted in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    return False


def working_in(folder: Path) -> set[int]:
    """Return the processes whose current folder this is."""
    return {pid for pid in _pids() if works_in(pid, folder)}


def works_in(pid: int, folder: Path) -> bool:
    """Tell whether this is the process's current folder."""
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "cwd").readlink() == folder
    return False


def is_alive(pid: int) -> bool:
    """Tell whether the process runs; one that has ended and waits for its parent does not."""
    with contextlib.suppress(OSError, IndexError):
        state = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        return state not in {"Z", "X"}
    return False


async def end(
    pids: Iterable[int],
    *,
    check: Callable[[int], bool],
    grace: timedelta,
    first: signal.Signals = signal.SIGTERM,
) -> None:
    """Ask processes to end, and end by force those that have not after the grace.

    Args:
        pids: which processes.
        check: tells again, once the process can no longer be mistaken, that it is the one that was meant.
        grace: time between asking and force.
        first: the signal that asks.
    """
    with contextlib.ExitStack() as opened:
        handles = [handle for pid in pids if (handle := _open(pid, check, opened)) is not None]
        for number in (first, signal.SIGKILL):
            _signal(handles, number)
            if await _ended(handles, within=grace):
                return


async def until_ended(pid: int) -> None:
    """Wait until the process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def memory(pids: Iterable[int]) -> dict[int, int]:
    """Return for each process the bytes that it and its descendants use; what is shared counts in shares."""
    children: dict[int, list[int]] = defaultdict(list)
    for pid in _pids():
        with contextlib.suppress(OSError, ValueError, IndexError):
            children[_parent(pid)].append(pid)
    return {pid: sum(_memory(member) for member in _tree(pid, children)) for pid in pids}


def _pids() -> Iterator[int]:
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            yield int(entry.name)


def _parent(pid: int) -> int:
    return int((_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


def _ancestors() -> set[int]:
    found: set[int] = set()
    pid = os.getpid()
    while pid > 1 and pid not in found:
        found.add(pid)
        with contextlib.suppress(OSError):
            pid = _parent(pid)
    return found


def _tree(pid: int, children: dict[int, list[int]]) -> Iterator[int]:
    yield pid
    for child in children.get(pid, []):
        yield from _tree(child, children)


def _memory(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _open(pid: int, check: Callable[[int], bool], opened: contextlib.ExitStack) -> int | None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    opened.callback(os.close, descriptor)
    return descriptor if check(pid) else None


def _signal(handles: Iterable[int], number: signal.Signals) -> None:
    for handle in handles:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, number)


async def _ended(handles: Iterable[int], *, within: timedelta) -> bool:
    remaining = list(handles)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within.total_seconds()):
            while remaining := [handle for handle in remaining if not _has_ended(handle)]:  # noqa: ASYNC110 - no event of ours
                await asyncio.sleep(_LOOK_EVERY)
    return not remaining


def _has_ended(handle: int) -> bool:
    # Readable means ended, also where nobody has collected the process yet.
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    return bool(poller.poll(0))
