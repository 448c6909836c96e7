"""Runs uv: makes an environment and installs a lock into it, with progress in words and the last lines on failure."""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tenantry.application import manifest
from tenantry.kernel import errors

Report = Callable[[str], None]
"""Takes a sentence about how far something is."""

_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "TENANTRY_STACK", "NETRC")
_PASSED_ON_PREFIXES = ("UV_", "XDG_")
_PASSED_ON_SUFFIX = "_proxy"
_LAST_LINES = 15
_LONGEST_LINE = 1024 * 1024


class PackageFailedError(errors.PermanentError):
    """A package could not be installed."""

    code = "package-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """Installs packages with uv.

    Attributes:
        uv: the program.
        downloads: where uv keeps what it downloaded, unless UV_CACHE_DIR says otherwise; uv's own place where not set.
        timeout: how long one installation may take.
    """

    uv: Path
    downloads: Path | None = None
    timeout: timedelta = timedelta(minutes=15)

    async def install(
        self, package: manifest.PipPackage, folder: Path, *, interpreter: Path, report: Report, held: int
    ) -> None:
        """Install the package into a new environment.

        Args:
            package: what to install.
            folder: where; it must not exist.
            interpreter: the Python it runs on.
            report: told how far it is.
            held: a descriptor that uv inherits, so that a lock on it holds as long as uv runs.

        Raises:
            PackageFailedError: uv failed or took too long; the message ends with its last lines.
        """
        report("making an environment")
        await self._run(["venv", "--no-config", "--python", str(interpreter), str(folder)], report, held)
        lock = folder / "requirements.lock"
        lock.write_text(package.lock or "", encoding="utf-8")
        report("installing packages")
        arguments = ["pip", "install", "--python", str(folder / "bin" / "python"), *_RULES, *_builds(package)]
        await self._run([*arguments, "--requirements", str(lock)], report, held)

    async def forget_downloads(self) -> None:
        """Empty our own cache of downloads, which uv keeps for ever; one that somebody else chose is theirs."""
        if self.downloads is None or "UV_CACHE_DIR" in os.environ:
            return
        with contextlib.suppress(PackageFailedError):
            await self._run(["cache", "clean", "--no-config"], lambda _: None, None)

    def _environment(self) -> dict[str, str]:
        kept = {"UV_CACHE_DIR": str(self.downloads)} if self.downloads else {}
        return kept | environment(os.environ)

    async def _run(self, arguments: Sequence[str], report: Report, held: int | None) -> None:
        process = await asyncio.create_subprocess_exec(
            self.uv,
            *arguments,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            pass_fds=() if held is None else (held,),
            umask=0o022,
            limit=_LONGEST_LINE,
        )
        last: deque[str] = deque(maxlen=_LAST_LINES)
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                await _read(process, last, report)
                status = await process.wait()
        except TimeoutError as error:
            raise _failed(f"uv did not end within {self.timeout}", last) from error
        finally:
            await _end(process)
        if status != 0:
            raise _failed(f"uv ended with status {status}", last)


def environment(present: Mapping[str, str]) -> dict[str, str]:
    """Return what uv and the builds it starts may see of our environment: how to reach an index, no secret."""
    return {
        name: value
        for name, value in present.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES) or name.lower().endswith(_PASSED_ON_SUFFIX)
    }


_RULES = ("--require-hashes", "--no-deps", "--compile-bytecode", "--only-binary", ":all:", "--no-progress", "--strict")
"""The lock is complete, so nothing else is resolved; bytecode is compiled now, since workloads may not write it."""


def _builds(package: manifest.PipPackage) -> list[str]:
    return [word for name in package.source_builds for word in ("--no-binary", name)]


async def _read(process: asyncio.subprocess.Process, last: deque[str], report: Report) -> None:
    if process.stdout is None:
        return
    async for line in process.stdout:
        text = line.decode(errors="replace").strip()
        if not text:
            continue
        last.append(text)
        if text.startswith(("Resolved", "Prepared", "Installed", "Bytecode")):
            report(text[0].lower() + text[1:])


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _failed(what: str, last: deque[str]) -> PackageFailedError:
    lines = "\n".join(last)
    return PackageFailedError(
        f"The package could not be installed: {what}.\n{lines}",
        hint="Check the lock, and that this machine reaches the package index, then apply the application again.",
    )
