"""The cache of prepared packages: one folder for each lock and Python, complete or not there.

An environment names its own path, so it is built where it stays. A marker written last says that it is complete;
whatever has no marker is wiped and built again. A lock file makes two preparations at once one; uv inherits it, so even
an orphan of a killed preparation is waited for rather than overwritten. What failed is wiped at once, and what was
killed is wiped with all that nobody uses any more (`upkeep`).
"""

import asyncio
import contextlib
import hashlib
import os
import platform
import shutil
import stat
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from tenantry.application import manifest
from tenantry.kernel import errors
from tenantry.local import executable, passage
from tenantry.local.packages import installer, interpreters, locks, upkeep

_KEY_LENGTH = 32


class CacheClosedError(errors.CustomerMustActError):
    """The users of workloads cannot reach the cache."""

    code = "cache-closed"


def for_machine(folder: Path) -> "PackageCache":
    """Return the cache of this machine: uv from our own environment, and open to workloads' users where we are root.

    Raises:
        PartMissingError: uv is not installed.
    """
    return PackageCache(
        folder,
        install=installer.Installer(uv=executable.find("uv"), downloads=folder / ".downloads"),
        programs=interpreters.candidates(),
        is_shared=os.geteuid() == 0,
    )


class PackageCache:
    """Prepares pip packages and finds those that are prepared."""

    def __init__(
        self,
        folder: Path,
        *,
        install: installer.Installer,
        programs: Sequence[Path],
        is_shared: bool,
        patience: timedelta = timedelta(minutes=20),
    ) -> None:
        """Keep packages in a folder.

        Args:
            folder: where; others may read it and only we write into it.
            install: runs uv.
            programs: where to look for a Python, in order.
            is_shared: whether workloads run as users other than ours.
            patience: how long to wait for another preparation of the same package.
        """
        self._folder = folder
        self._install = install
        self._programs = programs
        self._is_shared = is_shared
        self._patience = patience

    def find(self, package: manifest.Package) -> Path | None:
        """Return the folder of the package where it is prepared."""
        prefix = _digest(_pip(package))
        return next((path.parent for path in sorted(self._folder.glob(f"{prefix}-*/{upkeep.MARKER}"))), None)

    async def prepare(self, package: manifest.Package, report: installer.Report) -> Path:
        """Prepare the package, or find it, and return its folder.

        Args:
            package: what to prepare.
            report: told how far it is, in words.

        Raises:
            PackageFailedError: it could not be installed; the message ends with the installer's last lines.
            NoInterpreterError: no Python on this machine fits.
            CacheClosedError: the users of workloads cannot pass through a folder above the cache.
            PackageBusyError: another preparation of it goes on for too long.
        """
        if found := self.find(package):
            return found
        self._open()
        pip = _pip(package)
        chosen = await interpreters.choose(pip.python, self._programs, is_shared=self._is_shared)
        folder = self._folder / f"{_digest(pip)}-{chosen.feature_version}"
        async with self._locked(folder, report) as held:
            if (folder / upkeep.MARKER).exists():
                return folder
            await self._build(pip, folder, chosen, report=report, held=held)
        report("prepared")
        return folder

    async def sweep(self, used: Iterable[Path], now: datetime) -> list[upkeep.Package]:
        """Say which packages are used, and remove those that no stack uses any more; returns what was removed."""
        await asyncio.to_thread(upkeep.mark, list(used))
        removed = await asyncio.to_thread(upkeep.sweep, self._folder, now)
        if removed:
            await self._install.forget_downloads()
        return removed

    async def _build(
        self,
        pip: manifest.PipPackage,
        folder: Path,
        chosen: interpreters.Interpreter,
        *,
        report: installer.Report,
        held: int,
    ) -> None:
        await asyncio.to_thread(_wipe, folder)
        report(f"preparing for Python {chosen.version}")
        try:
            await self._install.install(pip, folder, interpreter=chosen.path, report=report, held=held)
            await asyncio.to_thread(_finish, folder)
        except BaseException:
            _wipe(folder)
            raise

    def _open(self) -> None:
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._folder.chmod(0o755)
        if self._is_shared and (closed := passage.closed_at(self._folder)):
            raise CacheClosedError(
                f"Workloads run as users of their own and cannot pass through {closed} to {self._folder}.",
                hint=f"Keep the data elsewhere, or open the folder for passing through: chmod o+x {closed}",
            )

    def _locked(self, folder: Path, report: installer.Report) -> contextlib.AbstractAsyncContextManager[int]:
        waiting = "waiting for another preparation of the same package"
        return locks.held(folder, patience=self._patience, on_wait=lambda: report(waiting))


def _pip(package: manifest.Package) -> manifest.PipPackage:
    if package.pip is None or package.pip.lock is None:
        raise installer.PackageFailedError("The package has no lock.", hint="Read the manifest from its file.")
    return package.pip


def _digest(package: manifest.PipPackage) -> str:
    """Return what the environment depends on, as far as the manifest and the machine say it."""
    parts = (package.lock or "", package.python, *package.source_builds, platform.system(), platform.machine())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_KEY_LENGTH]


def _wipe(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _open_to_all(folder: Path) -> None:
    """Let everybody read: files come from uv's own cache with the modes they once got there."""
    folder.chmod(0o755)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent) / name
            status = path.lstat()
            wanted = status.st_mode | 0o444 | (0o111 if stat.S_ISDIR(status.st_mode) else 0)
            if wanted != status.st_mode and not stat.S_ISLNK(status.st_mode):
                path.chmod(stat.S_IMODE(wanted))


def _finish(folder: Path) -> None:
    """Say that the folder is complete, once everything in it has reached the disk."""
    _open_to_all(folder)
    os.sync()
    marker = folder / upkeep.MARKER
    with marker.open("w", encoding="utf-8") as file:
        file.write(str(upkeep.size(folder)))
        file.flush()
        os.fsync(file.fileno())
