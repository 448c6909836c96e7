"""`tenantry down`: ends everything of a stack, workloads first and the database last, and leaves nothing running."""

import asyncio
import contextlib
import os
import signal
from datetime import timedelta
from pathlib import Path

from tenantry.kernel import errors
from tenantry.local import bringing, layout, locking, part, processes, state, strays, supervisor_rpc
from tenantry.local.stack import Stack, default_cache

_UP_GRACE = timedelta(seconds=120)
_SHUTDOWN_GRACE = timedelta(seconds=40)
_STAGES = (
    # Whoever starts workloads goes first, so that none comes back; what they write to goes last.
    frozenset({part.PartName.AGENT}),
    None,
    frozenset({part.PartName.PORTAL, part.PartName.PROVISIONER, part.PartName.MAILBOX, part.PartName.FRONTDOOR}),
    frozenset({part.PartName.POSTGRES, part.PartName.OBJECTSTORE}),
)


class NoStackError(errors.NotFoundError):
    """There is no stack in this data directory."""

    code = "no-stack"
    hint = "Name its data directory with --data."


async def down(data: Path, reporter: bringing.Reporter) -> bool:
    """Take the stack of a data directory down; tells whether anything ran.

    Raises:
        NoStackError: there is none.
        StackBusyError: the `up` that looks after it does not end.
    """
    place = layout.choose(data)
    remembered = await asyncio.to_thread(state.read, place.state_file)
    if remembered is None:
        raise NoStackError(f"There is no stack in {place.data}.")
    was_held = await _end_up(place.lock_file, reporter)
    with locking.held(place.lock_file):
        return await take_down(Stack(layout=place, state=remembered, cache=default_cache()), reporter) or was_held


async def take_down(stack: Stack, reporter: bringing.Reporter) -> bool:
    """End everything of a stack whose lock we hold; tells whether anything ran."""
    pid = await strays.supervisor_pid(stack)
    if pid is not None:
        with contextlib.suppress(supervisor_rpc.SupervisorAwayError):
            await _stop_in_stages(stack, reporter)
            await stack.supervisor.shut_down()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SHUTDOWN_GRACE.total_seconds()):
                await processes.until_ended(pid)
    ended = await strays.end(stack)
    await asyncio.to_thread(strays.forget_programs, stack)
    return pid is not None or ended > 0


async def _stop_in_stages(stack: Stack, reporter: bringing.Reporter) -> None:
    ours = {name.value for name in part.PartName}
    for stage in _STAGES:
        running = {name for name, info in (await stack.supervisor.programs()).items() if info.is_running}
        names = running & stage if stage is not None else running - ours
        if names:
            what = ", ".join(sorted(names)) if stage is not None else f"the workloads ({len(names)})"
            reporter.step("stack", f"ends {what}")
            await stack.supervisor.stop_all(names)


async def _end_up(lock_file: Path, reporter: bringing.Reporter) -> bool:
    """Ask the `up` that looks after the stack to end; tells whether there was one."""
    pid = locking.holder(lock_file)
    if pid is None:
        return False
    reporter.step("stack", f"asks process {pid}, which looks after it, to end")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    await locking.until_free(lock_file, within=_UP_GRACE)
    return True
