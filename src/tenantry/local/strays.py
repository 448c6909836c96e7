"""Ends what an earlier life of the stack left behind, before a new one begins."""

import contextlib
import signal
from datetime import timedelta
from pathlib import Path

from tenantry.local import control_groups, processes, supervision
from tenantry.local.stack import Stack

_DATABASE_GRACE = timedelta(seconds=20)
_GRACE = timedelta(seconds=3)


async def end(stack: Stack) -> int:
    """End every process of this stack but our own; returns how many there were.

    PostgreSQL comes first, found by its own lock file, and is asked for a fast shutdown: that spares it a recovery.
    What a server that was killed has left follows.
    """
    await _end_postgres(stack.database_server.data)
    found = processes.marked(stack.state.id)
    await processes.end(found, check=lambda pid: processes.has_marker(pid, stack.state.id), grace=_GRACE)
    return len(found)


async def supervisor_pid(stack: Stack) -> int | None:
    """Return the pid of this stack's supervisor, None where it does not answer."""
    if await supervision.ready(stack.supervisor, within=timedelta(seconds=0.2)):
        return await stack.supervisor.pid()
    return None


def forget_programs(stack: Stack) -> None:
    """Remove the files of all programs, so that a new supervisor begins with none, and their control groups.

    Parts are put again by `up` and workloads by the agent, each in its turn; so none is started before its database.
    """
    groups = control_groups.named(f"tenantry-{stack.state.id}")
    control_groups.remove(groups)
    for file in stack.layout.programs.iterdir():
        file.unlink(missing_ok=True)


async def _end_postgres(data: Path) -> None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])

        def is_ours(candidate: int) -> bool:
            with contextlib.suppress(OSError):
                return str(data).encode() in Path(f"/proc/{candidate}/cmdline").read_bytes().split(b"\0")
            return False

        if is_ours(pid):
            await processes.end([pid], check=is_ours, grace=_DATABASE_GRACE, first=signal.SIGINT)
    await _end_sessions(data)


async def _end_sessions(data: Path) -> None:
    """End what a killed server has left: a new one refuses to start beside it.

    Its sessions show their title where their environment was, so no marker is found on them; all of them work in the
    data directory, and nothing else does.
    """
    left = processes.working_in(data)
    await processes.end(left, check=lambda pid: processes.works_in(pid, data), grace=_GRACE, first=signal.SIGQUIT)
