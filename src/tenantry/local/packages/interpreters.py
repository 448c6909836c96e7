"""Chooses the Python that a package runs on: one that fits, and that the users of workloads can execute.

Workloads run under users of their own. A Python below a private home folder fits every specifier and still cannot be
executed by them, so such a one is passed over.
"""

import asyncio
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging import specifiers

from tenantry.kernel import errors
from tenantry.local import passage

_QUESTION = "import json,sys,sysconfig;print(json.dumps([sys.version.split()[0],sysconfig.get_path('stdlib')]))"
_TIMEOUT = 20.0
_MINORS = range(15, 10, -1)


class NoInterpreterError(errors.CustomerMustActError):
    """No Python on this machine fits the package."""

    code = "no-interpreter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python of this machine.

    Attributes:
        path: the program itself, with links followed.
        version: such as `3.11.2`.
        closed_at: the first file or folder that other users may not pass or read, if there is one.
    """

    path: Path
    version: str
    closed_at: Path | None

    @property
    def feature_version(self) -> str:
        """The version as far as compiled packages care: `3.11`."""
        return ".".join(self.version.split(".")[:2])


def candidates() -> list[Path]:
    """Return programs that may be a Python: the one that runs this, then those of the path and of the usual folders."""
    names = ["python3", *(f"python3.{minor}" for minor in _MINORS)]
    folders = [None, "/usr/local/bin:/usr/bin"]
    named = [shutil.which(name, path=folder) for folder in folders for name in names]
    return [Path(sys.executable), *(Path(each) for each in named if each)]


async def choose(specifier: str, programs: Iterable[Path], *, is_shared: bool) -> Interpreter:
    """Return the first program that fits.

    Args:
        specifier: which versions fit, as `>=3.11`.
        programs: where to look, in order.
        is_shared: whether users other than ours must be able to execute it.

    Raises:
        NoInterpreterError: none fits; the message says which were seen and why they were refused.
    """
    wanted = specifiers.SpecifierSet(specifier)
    seen: list[Interpreter] = []
    for path in dict.fromkeys(program.resolve() for program in programs):
        found = await _ask(path)
        if found is None:
            continue
        seen.append(found)
        if found.version in wanted and not (is_shared and found.closed_at):
            return found
    raise _none(specifier, seen, wanted)


async def _ask(path: Path) -> Interpreter | None:
    try:
        process = await asyncio.create_subprocess_exec(
            path, "-I", "-S", "-c", _QUESTION, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(_TIMEOUT):
            output, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        await _end(process)
    if process.returncode != 0:
        return None
    version, library = json.loads(output)
    return Interpreter(
        path=path, version=version, closed_at=passage.closed_at(path) or passage.closed_at(Path(library))
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def _none(specifier: str, seen: Sequence[Interpreter], wanted: specifiers.SpecifierSet) -> NoInterpreterError:
    fitting = [each for each in seen if each.version in wanted]
    if not fitting:
        found = ", ".join(f"{each.version} at {each.path}" for each in seen) or "none"
        return NoInterpreterError(
            f"No Python on this machine fits “{specifier}”. Found: {found}.",
            hint="Install one that fits, for example by the system's packages, and try again.",
        )
    closed = ", ".join(f"{each.path} (closed at {each.closed_at})" for each in fitting)
    return NoInterpreterError(
        f"Workloads run as users of their own, and none of them may execute {closed}.",
        hint="Install Python for all users (on Debian: apt install python3), or open the folder: chmod o+x FOLDER.",
    )
