"""`tenantry up`: brings a stack up, stays with it, and takes it down at the end."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Collection, Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors, ids
from tenantry.kernel import randomness as randoms
from tenantry.local import (
    atomic,
    bringing,
    credentials,
    down,
    embedded,
    layout,
    locking,
    part,
    ports,
    processes,
    registration,
    room,
    services,
    state,
    strays,
    supervisord,
)
from tenantry.local.stack import Stack, default_cache

_MOST_DEATHS = 5


class SupervisorKeepsDyingError(errors.PermanentError):
    """The supervisor ended again and again."""

    code = "supervisor-keeps-dying"


class Ending(StrEnum):
    """How `up` came to its end."""

    DETACHED = "detached"
    """The stack runs on by itself."""
    STOPPED = "stopped"
    """The stack was taken down."""
    RUNNING_ALREADY = "running already"
    """There was nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `up` is asked for.

    Attributes:
        data: the data directory.
        listen: ADDRESS:PORT of the front door; None: as before.
        is_detached: do not stay with the stack.
        parts: only these parts.
        cache: folder of prepared packages.
    """

    data: Path
    listen: str | None = None
    is_detached: bool = False
    parts: Collection[part.PartName] = part.EVERYTHING
    cache: Path | None = None


async def up(options: Options, reporter: bringing.Reporter, on_ready: Callable[[Stack], None]) -> Ending:
    """Bring a stack up and, unless detached, stay until a signal asks for its end.

    Args:
        options: what is asked for.
        reporter: hears of each step.
        on_ready: called with the stack each time all parts serve.

    Raises:
        TenantryError: a part could not be brought up; what was started is taken down again.
    """
    place = await asyncio.to_thread(_make_place, options.data)
    with locking.held(place.lock_file):
        before = await asyncio.to_thread(state.read, place.state_file)
        if before and before.is_detached and await strays.supervisor_pid(_stack(options, place, before)):
            return Ending.RUNNING_ALREADY
        stack = _stack(options, place, await _remember(options, place, before))
        return await _live(stack, options, reporter, on_ready)


async def _live(
    stack: Stack, options: Options, reporter: bringing.Reporter, on_ready: Callable[[Stack], None]
) -> Ending:
    asked = asyncio.Event()
    with _signals(asked):
        is_left_running = False
        try:
            is_left_running = await _stay(stack, options, reporter, asked=asked, on_ready=on_ready)
        finally:
            if not is_left_running:
                await down.take_down(stack, reporter)
        return Ending.DETACHED if is_left_running else Ending.STOPPED


async def _stay(
    stack: Stack,
    options: Options,
    reporter: bringing.Reporter,
    *,
    asked: asyncio.Event,
    on_ready: Callable[[Stack], None],
) -> bool:
    """Keep the stack up until its end is asked for; tells whether it is to run on."""
    for _ in range(_MOST_DEATHS):
        pid = await _unless(asked, _begin(stack, options, reporter))
        if pid is None:
            return False
        on_ready(stack)
        if options.is_detached:
            return True
        if await _unless(asked, _dead(pid)) is None:
            return False
        reporter.step("supervisor", "ended; everything is brought up again")
    raise SupervisorKeepsDyingError(hint=f"Its log is {stack.supervisor_paths.log}.")


async def _begin(stack: Stack, options: Options, reporter: bringing.Reporter) -> int:
    """Bring everything up and return the supervisor's pid."""
    pid = await strays.supervisor_pid(stack)
    if pid is None:
        pid = await _start_supervisor(stack, options, reporter)
    parts = [each for each in (*embedded.parts(stack), *services.parts(stack)) if each.name in options.parts]
    await bringing.Bringing(parts, stack.supervisor, reporter).run()
    if part.PartName.PROVISIONER in options.parts:
        await registration.register(stack)
    access = {"url": stack.provisioner_url, "token": credentials.read(stack.credentials.cli_token)}
    await asyncio.to_thread(atomic.write, stack.layout.cli_file, json.dumps(access).encode())
    return pid


async def _start_supervisor(stack: Stack, options: Options, reporter: bringing.Reporter) -> int:
    if ended := await strays.end(stack):
        reporter.step("supervisor", f"ended {ended} processes that an earlier life of this stack had left")
    address, _, port = stack.state.listen.rpartition(":")
    if part.PartName.FRONTDOOR in options.parts:
        ports.check("the front door", address, int(port), hint="Choose another with --listen ADDRESS:PORT.")
    for name, number in stack.state.ports.items():
        ports.check(name, "127.0.0.1", number)
    await asyncio.to_thread(strays.forget_programs, stack)
    process = await supervisord.start(stack.supervisor_paths, marker=stack.state.id)
    return process.pid


async def _dead(pid: int) -> int:
    await processes.until_ended(pid)
    return pid


async def _unless(asked: asyncio.Event, work: Coroutine[None, None, int]) -> int | None:
    """Do the work, or return None as soon as the end is asked for; the work is then cancelled."""
    working = asyncio.ensure_future(work)
    asking = asyncio.ensure_future(asked.wait())
    try:
        await asyncio.wait({working, asking}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, asking):
            task.cancel()
        await asyncio.gather(working, asking, return_exceptions=True)


@contextmanager
def _signals(asked: asyncio.Event) -> Generator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, asked.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _make_place(data: Path) -> layout.Layout:
    os.umask(0o077)
    place = layout.choose(data)
    is_new = not place.state_file.exists()
    with room.writing(place.data):
        place.create()
        room.check(place.data, room.TO_BEGIN if is_new else room.TO_GO_ON)
        place.lock_file.touch(mode=0o600)
    return place


def _stack(options: Options, place: layout.Layout, remembered: state.StackState) -> Stack:
    return Stack(layout=place, state=remembered, cache=options.cache or default_cache())


async def _remember(options: Options, place: layout.Layout, before: state.StackState | None) -> state.StackState:
    chance = randoms.SystemRandomness()
    identifiers = ids.UlidIdentifiers(clocks.SystemClock(), chance)
    begun = before or state.begin(chance, identifiers)
    remembered = state.complete(begun, listen=options.listen, is_detached=options.is_detached, chance=chance)
    if before and await strays.supervisor_pid(_stack(options, place, before)):
        # What still runs from a killed `up` is taken over as it is, address included.
        remembered = replace(before, is_detached=options.is_detached)
    await asyncio.to_thread(state.write, place.state_file, remembered)
    await asyncio.to_thread(credentials.Credentials(folder=place.secrets).create)
    return remembered
