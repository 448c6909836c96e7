"""Programs under supervision: the port, and supervisord behind it.

Each program is one file in supervisord's include folder, put there whole, taken in by itself and undone when it is not
accepted, so that a bad program cannot keep the others from being started. A program's change of user, limits and
environment are the launcher's (`launch.py`), never supervisord's `user=`: an unknown user there would make it refuse
every file. Every call may be made twice.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from tenantry.local import assignment, atomic, program, supervisor_rpc

Result = TypeVar("Result")

_LOADING_SECONDS = 20.0
"""A standby that has not loaded everything after so long is not waited for."""


class ProgramState(StrEnum):
    """The states of supervisord's own process model."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"
    STOPPING = "STOPPING"
    EXITED = "EXITED"
    FATAL = "FATAL"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramInfo:
    """A program as it is now.

    Attributes:
        name: the program's name.
        state: RUNNING from the moment it was started (not: ready).
        pid: its process; None where there is none.
        exit_status: of its last end; None while it runs or where it has never ended; -1 where a signal ended it.
        started: when it was last started.
        description: supervisord's words for the state.
    """

    name: str
    state: ProgramState
    pid: int | None = None
    exit_status: int | None = None
    started: datetime | None = None
    description: str = ""

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self.pid is not None


class Supervision(Protocol):
    """Keeps programs running."""

    async def put(self, spec: program.ProgramSpec) -> bool:
        """Make the program known, or replace it where it differs; tells whether something was changed.

        A program that is to be started starts when it is new or changed; a known one that was stopped stays stopped.
        """
        ...

    async def remove(self, name: str) -> None:
        """Stop the program and forget it."""
        ...

    async def start(self, name: str) -> None:
        """Start the program where it does not run; returns as soon as its process exists."""
        ...

    async def stop(self, name: str) -> None:
        """Ask the program to end, by force after its grace; returns when it has ended."""
        ...

    async def restart(self, name: str) -> None:
        """Stop, then start."""
        ...

    async def programs(self) -> Mapping[str, ProgramInfo]:
        """Return every program by its name."""
        ...


class Supervisord:
    """The supervisord that answers on a unix socket and reads an include folder."""

    def __init__(self, socket: Path, include: Path, *, python: Path | None = None) -> None:
        """Take where it listens and what it reads.

        Args:
            socket: its unix socket.
            include: the folder of which it reads `*.conf`.
            python: the interpreter for the launcher; our own where it is not given.
        """
        self._rpc = supervisor_rpc.SupervisorRpc(socket)
        self._include = include
        self._python = python or Path(sys.executable)
        self._changing = asyncio.Lock()

    async def put(self, spec: program.ProgramSpec) -> bool:
        rendered = program.render(spec, folder=self._include, python=self._python)
        async with self._changing:
            if self._is_taken_in(spec.name, rendered) and spec.name in await self.programs():
                return False
            await asyncio.to_thread(self._write, spec.name, rendered)
            await self._take_in(spec.name)
            await asyncio.to_thread(self._settle, spec.name, rendered)
            return True

    async def become(self, spec: program.ProgramSpec) -> bool:
        """Let the standby under the program's name become the program, once it has loaded; tells whether it does."""
        rendered = program.render(spec, folder=self._include, python=self._python)
        path = Path(spec.directory) / assignment.socket_name(spec.name)
        if not await self._is_loaded(spec.name, path):
            return False
        async with self._changing:
            return await asyncio.to_thread(self._assign, spec, rendered, path)

    async def remove(self, name: str) -> None:
        program.check_name(name)
        async with self._changing:
            await self._drop_group(name)
            await asyncio.to_thread(self._remove_files, name)

    async def start(self, name: str) -> None:
        await self._call("startProcess", name, False, tolerated=supervisor_rpc.Fault.ALREADY_STARTED)

    async def stop(self, name: str) -> None:
        await self._stop(name, tolerated=(supervisor_rpc.Fault.NOT_RUNNING,))

    async def restart(self, name: str) -> None:
        await self.stop(name)
        await self.start(name)

    async def programs(self) -> Mapping[str, ProgramInfo]:
        found = cast("list[dict[str, Any]]", await self._call("getAllProcessInfo"))
        return {info.name: info for info in map(_info, found)}

    async def version(self) -> str:
        """Return supervisord's version: it answers."""
        return str(await self._call("getSupervisorVersion"))

    async def pid(self) -> int:
        """Return supervisord's own pid."""
        return int(await self._call("getPID"))

    async def shut_down(self) -> None:
        """Ask supervisord to stop all programs and end; returns at once."""
        await self._call("shutdown")

    async def stop_all(self, names: Iterable[str]) -> None:
        """Ask programs to end at the same time; returns when all have ended, by force where they would not."""
        waiting = set(names)
        await self._until_launched(waiting)
        for name in waiting:
            gone = (supervisor_rpc.Fault.NOT_RUNNING, supervisor_rpc.Fault.BAD_NAME)
            await self._call("stopProcess", name, False, tolerated=gone)
        while True:
            found = await self.programs()
            if not any(name in waiting and info.is_running for name, info in found.items()):
                return
            await asyncio.sleep(0.05)

    async def _take_in(self, name: str) -> None:
        try:
            await self._call("reloadConfig")
        except supervisor_rpc.SupervisorFaultError:
            await asyncio.to_thread(self._remove_files, name)
            raise
        await self._drop_group(name)
        await self._call("addProcessGroup", name, tolerated=supervisor_rpc.Fault.ALREADY_ADDED)

    async def _drop_group(self, name: str) -> None:
        gone = (supervisor_rpc.Fault.NOT_RUNNING, supervisor_rpc.Fault.BAD_NAME)
        await self._stop(name, tolerated=gone)
        await self._call("removeProcessGroup", name, tolerated=supervisor_rpc.Fault.BAD_NAME)

    async def _stop(self, name: str, *, tolerated: tuple[supervisor_rpc.Fault, ...]) -> None:
        # Asked for without waiting, then watched: supervisord's own waiting answer comes up to a second late.
        await self._until_launched({name})
        await self._call("stopProcess", name, False, tolerated=tolerated)
        while True:
            state = await self._state(name)
            if state is not ProgramState.STOPPING:
                return
            await asyncio.sleep(0.02)

    async def _until_launched(self, names: AbstractSet[str]) -> None:
        """Wait until no program of these is still a copy of supervisord, which would swallow a signal unheard."""
        for name, info in (await self.programs()).items():
            while name in names and info.pid and _is_copy(info.pid):  # noqa: ASYNC110 - the kernel sets no event of ours
                await asyncio.sleep(0.005)

    async def _state(self, name: str) -> ProgramState | None:
        found = await self._call("getProcessInfo", name, tolerated=supervisor_rpc.Fault.BAD_NAME)
        return _info(cast("dict[str, Any]", found)).state if found else None

    async def _call(
        self,
        method: str,
        *arguments: str | bool,
        tolerated: supervisor_rpc.Fault | tuple[supervisor_rpc.Fault, ...] = (),
    ) -> Any:
        accepted = (tolerated,) if isinstance(tolerated, supervisor_rpc.Fault) else tolerated
        try:
            return await _in_thread(lambda: self._rpc.call(method, arguments))
        except supervisor_rpc.SupervisorFaultError as error:
            if error.fault in accepted:
                return None
            raise

    def _is_taken_in(self, name: str, rendered: program.RenderedProgram) -> bool:
        # The note is written last: a change that was cut off on its way to supervisord is made again.
        return _text(self._include / f"{name}.taken") == rendered.launch_file + "\n" + rendered.section

    async def _is_loaded(self, name: str, path: Path) -> bool:
        """Wait until the standby has loaded everything, as long as it is the same process that tries."""
        first = await self._pid(name)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOADING_SECONDS):
                while not assignment.is_waiting(path):
                    if first is None or await self._pid(name) != first:
                        return False
                    await asyncio.sleep(0.02)
        return assignment.is_waiting(path)

    async def _pid(self, name: str) -> int | None:
        found = (await self.programs()).get(name)
        return found.pid if found else None

    def _assign(self, spec: program.ProgramSpec, rendered: program.RenderedProgram, path: Path) -> bool:
        """Tell the standby, and let what supervisord starts in its place, should it end, be the program as well."""
        launch_file, _, section = (_text(self._include / f"{spec.name}.taken") or "").partition("\n")
        if section.replace(launch_file, rendered.launch_file) != rendered.section:
            return False  # the supervisor would treat it otherwise than it should
        if not assignment.assign(path, json.loads(rendered.launch_spec)):
            return False
        atomic.write(self._include / launch_file, rendered.launch_spec)
        self._note(spec.name, rendered)
        return True

    def _write(self, name: str, rendered: program.RenderedProgram) -> None:
        (self._include / f"{name}.taken").unlink(missing_ok=True)
        atomic.write(self._include / rendered.launch_file, rendered.launch_spec)
        atomic.write(self._include / f"{name}.conf", rendered.section.encode())

    def _settle(self, name: str, rendered: program.RenderedProgram) -> None:
        self._remove_launch_files(name, keep=rendered.launch_file)
        self._note(name, rendered)

    def _note(self, name: str, rendered: program.RenderedProgram) -> None:
        atomic.write(self._include / f"{name}.taken", f"{rendered.launch_file}\n{rendered.section}".encode())

    def _remove_files(self, name: str) -> None:
        for suffix in ("conf", "taken"):
            (self._include / f"{name}.{suffix}").unlink(missing_ok=True)
        self._remove_launch_files(name, keep="")

    def _remove_launch_files(self, name: str, *, keep: str) -> None:
        for file in self._include.glob(f"{name}.*.json"):
            if file.name != keep and file.name.count(".") == name.count(".") + 2:
                file.unlink(missing_ok=True)


async def ready(supervisord: Supervisord, *, within: timedelta) -> bool:
    """Wait until supervisord answers; tells whether it did in time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within.total_seconds()):
            while True:
                with contextlib.suppress(supervisor_rpc.SupervisorAwayError):
                    await supervisord.version()
                    return True
                await asyncio.sleep(0.025)
    return False


async def _in_thread(work: Callable[[], Result]) -> Result:
    return await asyncio.to_thread(work)


def _is_copy(pid: int) -> bool:
    try:
        return b"supervisor.supervisord" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _text(file: Path) -> str | None:
    try:
        return file.read_text()
    except OSError:
        return None


def _info(found: dict[str, Any]) -> ProgramInfo:
    state = ProgramState(found["statename"])
    pid = int(found["pid"]) or None
    has_ended = pid is None and int(found["stop"]) > 0
    started = int(found["start"])
    return ProgramInfo(
        name=str(found["name"]),
        state=state,
        pid=pid,
        exit_status=int(found["exitstatus"]) if has_ended else None,
        started=datetime.fromtimestamp(started, UTC) if started else None,
        description=str(found["description"]),
    )
