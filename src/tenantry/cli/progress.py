"""Shows work as it goes, on standard error: a line for each step that is done, and on a terminal what is waited for."""

import sys
import time
from types import TracebackType
from typing import Self

from rich import console as consoles
from rich import status as spinners

from tenantry.application import manifest
from tenantry.runtime import document
from tenantry.wire import applications, installations


class Progress:
    """Shows the steps of one thing; use it as a context."""

    def __init__(self) -> None:
        """Write to standard error, so that the answer alone is on standard output."""
        self._console = consoles.Console(file=sys.stderr, highlight=False, markup=False)
        self._spinner: spinners.Status | None = None
        self._done: set[str] = set()
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        """Begin."""
        if self._console.is_terminal:
            self._spinner = self._console.status("Waiting")
            self._spinner.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line about what is waited for away."""
        if self._spinner is not None:
            self._spinner.stop()

    def installation(self, state: installations.Installation) -> None:
        """Show an installation's steps."""
        for condition in state.conditions:
            if condition.status is document.ConditionStatus.TRUE:
                self._step(condition.type, condition.message or condition.reason)
        waits = [each for each in state.conditions if each.status is not document.ConditionStatus.TRUE]
        reason = (waits[0].message or waits[0].type) if waits else state.message
        self._wait_for(f"{state.name} is {state.status}" + (f": {reason}" if reason else ""))

    def application(self, state: applications.Application) -> None:
        """Show the preparation of an application's versions."""
        for version in state.versions:
            if version.phase is manifest.VersionPhase.PREPARED:
                self._step(f"{state.name} {version.version}", "prepared")
        waits = [each for each in state.versions if each.phase is manifest.VersionPhase.PREPARING]
        if waits:
            self._wait_for(f"{state.name} {waits[0].version}: {waits[0].message or 'is being prepared'}")

    def _step(self, name: str, message: str) -> None:
        if name in self._done:
            return
        self._done.add(name)
        elapsed = time.monotonic() - self._began
        self._console.print(f"{elapsed:6.1f} s  {name:<22} {message}".rstrip(), soft_wrap=True)

    def _wait_for(self, what: str) -> None:
        if self._spinner is not None:
            self._spinner.update(what)
