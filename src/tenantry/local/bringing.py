"""Brings the parts of a stack up, each as soon as what it needs is there, and says what is waited for and why."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from tenantry.kernel import errors
from tenantry.local import part, supervision

_FIRST_LOOKS = 0.03
_LATER_LOOKS = 0.15
_LOOKS_BEFORE_LATER = 100
_SILENCE = timedelta(seconds=5)
_LAST_LINES = 8
_MOST_LIVES = 3


class PartNotReadyError(errors.PermanentError):
    """A part of the stack did not come up."""

    code = "part-not-ready"


class Reporter(Protocol):
    """Tells a person how far things are."""

    def step(self, part_name: str, message: str) -> None:
        """Say something about a part."""
        ...

    def ready(self, part_name: str, took: timedelta, address: str) -> None:
        """Say that a part serves."""
        ...


class Bringing:
    """One coming up of a stack."""

    def __init__(
        self,
        parts: Sequence[part.Part],
        supervisor: supervision.Supervision,
        reporter: Reporter,
        *,
        silence: timedelta = _SILENCE,
    ) -> None:
        """Take the parts, who runs them, who hears of it, and how long a wait may be silent."""
        self._silence = silence
        self._parts = parts
        self._supervisor = supervisor
        self._reporter = reporter
        self._serving = {each.name: asyncio.Event() for each in parts}
        self._lives: dict[str, set[int | None]] = {each.name: set() for each in parts}

    async def run(self) -> None:
        """Bring all parts up; returns when all of them serve.

        Raises:
            PartNotReadyError: one did not come up in time; the message has the last lines of its log.
        """
        running = {name for name, info in (await self._supervisor.programs()).items() if info.is_running}
        try:
            async with asyncio.TaskGroup() as tasks:
                for each in self._parts:
                    tasks.create_task(self._bring(each, is_running=each.name in running))
        except ExceptionGroup as group:
            # One reason is enough; the others were cancelled because of it.
            raise group.exceptions[0] from None

    async def _bring(self, each: part.Part, *, is_running: bool) -> None:
        await self._wait_for_needs(each)
        began = asyncio.get_running_loop().time()
        if not is_running:
            await each.prepare()
        spec = each.spec()
        await self._supervisor.put(spec)
        await self._supervisor.start(each.name)
        await self._wait(each, spec.log_file, began)
        await each.settle()
        took = timedelta(seconds=asyncio.get_running_loop().time() - began)
        self._reporter.ready(each.name, took, each.address)
        self._serving[each.name].set()

    async def _wait_for_needs(self, each: part.Part) -> None:
        for need in sorted(each.needs & self._serving.keys()):
            if not self._serving[need].is_set():
                self._reporter.step(each.name, f"waits for {need}")
            await self._serving[need].wait()

    async def _wait(self, each: part.Part, log_file: Path, began: float) -> None:
        clock = asyncio.get_running_loop().time
        said = began
        looks = 0
        while not await each.is_ready():
            now = clock()
            if now - said > self._silence.total_seconds():
                said = now
                if now - began > each.patience.total_seconds() or await self._keeps_ending(each):
                    raise await self._not_ready(each, log_file, after=now - began)
                self._reporter.step(each.name, f"waiting {each.waits_for} ({now - began:.0f} s)")
            looks += 1
            await asyncio.sleep(_FIRST_LOOKS if looks < _LOOKS_BEFORE_LATER else _LATER_LOOKS)

    async def _keeps_ending(self, each: part.Part) -> bool:
        # After seconds of trying, a program that is waited for before its next start has ended several times. One that
        # lives a little longer is started again at once, and is told by its many lives.
        info = (await self._supervisor.programs()).get(each.name)
        if info is None:
            return False
        lives = self._lives[each.name]
        lives.add(info.pid)
        return len(lives) > _MOST_LIVES or info.state in {
            supervision.ProgramState.BACKOFF,
            supervision.ProgramState.FATAL,
        }

    async def _not_ready(self, each: part.Part, log_file: Path, *, after: float) -> PartNotReadyError:
        info = (await self._supervisor.programs()).get(each.name)
        state = info.description if info else "not known to the supervisor"
        lines = await asyncio.to_thread(last_lines, log_file)
        message = f"The {each.name} did not come up within {after:.0f} s ({state}). Its last lines:\n{lines}"
        return PartNotReadyError(message, hint=f"Its whole log is {log_file}.")


def last_lines(file: Path, count: int = _LAST_LINES) -> str:
    """Return the end of a log; says so where there is none."""
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - 16_384))
            text = opened.read().decode(errors="replace")
    except OSError:
        return "  (it has not logged anything)"
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-count:]) or "  (it has not logged anything)"
