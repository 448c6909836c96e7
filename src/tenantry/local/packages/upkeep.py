"""Keeps the cache of packages small: what nobody has used for long, and what was never finished, is removed.

Stacks share the cache, so no stack can tell alone what is needed. Each says now and then which packages it may start
(`mark`), and a package that nobody has named for two weeks is nobody's. It is never removed while it is being prepared,
nor while a process runs from it. A stack that comes back later prepares it again.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tenantry.local.packages import locks

KEPT_UNUSED = timedelta(days=14)
"""How long a package stays that nobody uses."""

MARKER = ".prepared"
"""Written last into a package; holds its size in bytes, and its time is that of the last use."""

_REMOVED = ".removed-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A folder of the cache.

    Attributes:
        folder: where it is.
        used_at: when a stack last named it; None: it is not complete.
        size_bytes: what it takes, files that it shares with the downloads included.
    """

    folder: Path
    used_at: datetime | None
    size_bytes: int


def packages(cache: Path) -> list[Package]:
    """Return what is in the cache; blocks."""
    with contextlib.suppress(FileNotFoundError):
        return [_look(each) for each in sorted(cache.iterdir()) if each.is_dir() and not each.name.startswith(".")]
    return []


def mark(folders: Iterable[Path]) -> None:
    """Say that these packages are used; blocks."""
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):
            os.utime(folder / MARKER)


def unneeded(found: Iterable[Package], now: datetime, keep: timedelta = KEPT_UNUSED) -> list[Package]:
    """Return the packages that nobody uses: those that were never finished, and those not named for so long."""
    return [each for each in found if each.used_at is None or now - each.used_at > keep]


def sweep(cache: Path, now: datetime, keep: timedelta = KEPT_UNUSED) -> list[Package]:
    """Remove what is not needed, unless it is being prepared or a process runs from it; returns what was removed."""
    removed = [each for each in unneeded(packages(cache), now, keep) if _remove(each, now, keep)]
    for rest in cache.glob(f"{_REMOVED}*"):
        shutil.rmtree(rest, ignore_errors=True)
    return removed


def _look(folder: Path) -> Package:
    try:
        marker = folder / MARKER
        used_at = datetime.fromtimestamp(marker.stat().st_mtime, UTC)
        return Package(folder=folder, used_at=used_at, size_bytes=int(marker.read_text() or size(folder)))
    except (FileNotFoundError, ValueError):
        return Package(folder=folder, used_at=None, size_bytes=0)


def size(folder: Path) -> int:
    """Return the bytes that the files of a folder take; blocks."""
    return sum(Path(parent, name).lstat().st_blocks * 512 for parent, _, files in os.walk(folder) for name in files)


def _remove(package: Package, now: datetime, keep: timedelta) -> bool:
    folder = package.folder
    with locks.held_if_free(folder) as is_held:
        # Looked at again: another stack may have named or finished it before the lock was had.
        if not is_held or not unneeded([_look(folder)], now, keep) or _is_run_from(folder):
            return False
        gone = folder.with_name(f"{_REMOVED}{folder.name}")
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)
        locks.forget(folder)
    shutil.rmtree(gone, ignore_errors=True)
    return True


def _is_run_from(folder: Path) -> bool:
    below = f"{folder}/".encode()
    return any(below in command for command in _commands())


def _commands() -> Iterator[bytes]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                yield (entry / "cmdline").read_bytes()
