"""One program of a test cluster as a process: started, watched while one waits, ended in time, never left behind.

Each has a session of its own, so that Ctrl-C reaches us alone and we end them in order, and each is killed by the
kernel when we die, however that happens.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

from tenantry.kernel import errors

START_TIME = timedelta(seconds=90)
"""Bound of a start; a quiet machine needs a few seconds."""
_LOOK_EVERY = 0.05
_TAIL = 25
_TAIL_BYTES = 65536


class ProgramEndedError(errors.PermanentError):
    """A program of the test cluster ended by itself."""

    code = "program-ended"


class ProgramSlowError(errors.TemporaryError):
    """A program of the test cluster is not ready in time."""

    code = "program-slow"


class Process:
    """A program that can be started again and again with the same command."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        ready: Callable[[], Awaitable[bool]],
        entrance: Sequence[str] = (),
        grace: timedelta = timedelta(seconds=10),
    ) -> None:
        """Describe it; nothing is started.

        Args:
            name: of the program, for messages.
            command: absolute path of the executable, then its arguments.
            log: where its output goes, appended.
            ready: tells whether it does its work; asked again and again.
            entrance: what runs the command elsewhere, as a child, and ends when the command does.
            grace: between asking it to end and ending it by force.
        """
        self.name = name
        self.log = log
        self._command = command
        self._ready = ready
        self._entrance = entrance
        self._grace = grace
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process number; None where it does not run."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self, *, within: timedelta = START_TIME) -> None:
        """Start it and wait until it is ready.

        Raises:
            ProgramEndedError: it ended; the message has the end of its log.
            ProgramSlowError: it is not ready in time; likewise.
        """
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_dying_with_us(), *self._entrance, *self._command,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.log.parent,
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.log.parent)},
                start_new_session=True,
            )  # fmt: skip
        try:
            async with asyncio.timeout(within.total_seconds()):
                while not await self._ready():
                    self.check()
                    await asyncio.sleep(_LOOK_EVERY)
            self.check()  # somebody else's program may have answered
        except TimeoutError:
            message = f"{self.name} is not ready after {within.total_seconds():.0f} s.\n{self.tail()}"
            raise ProgramSlowError(message) from None

    async def stop(self) -> None:
        """Ask it to end, and end it by force when it takes too long; it has ended when this returns."""
        if self.pid is None or self._process is None:
            return
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._grace.total_seconds()):
                await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End it by force, as a crash would."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, for example to freeze it; nothing happens where it does not run."""
        if self.pid is None:
            return
        meant = self._meant(self.pid)
        # What runs a command elsewhere stands still when that does, and does not go on by itself.
        entered = [self.pid] if number is signal.SIGCONT and self.pid not in meant else []
        for each in [*meant, *entered]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, number)

    def check(self) -> None:
        """Make sure that it has not ended by itself.

        Raises:
            ProgramEndedError: it has; the message has the end of its log.
        """
        if self._process is not None and self._process.returncode is not None:
            raise ProgramEndedError(f"{self.name} ended with status {self._process.returncode}.\n{self.tail()}")

    def tail(self) -> str:
        """Return the end of its log."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL:])

    def _meant(self, pid: int) -> Sequence[int]:
        """Return the processes that signals are for: what was run elsewhere is a child of what runs it there."""
        return (children(pid) if self._entrance else []) or [pid]


def children(pid: int) -> Sequence[int]:
    """Return the children of a process; none where it has ended."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _dying_with_us() -> list[str]:
    """Return what makes the kernel end a program with us; it becomes that program, so the process number stays."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
