"""When the lines of a log were written, though neither programs nor the supervisor write it down.

Beside each log lies a file of marks, `WORKLOAD.times`: “at this moment the log had so many bytes”. The moment is that
of the log's last change, which the file system keeps, so a line that nothing follows for a while has its exact time,
and lines that are written faster than the agent looks share the time of the last of them. Marks name the log by its
inode: they hold on when the supervisor rotates it, and for what was written while the agent was away.
"""

import asyncio
import bisect
import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_MOST_BYTES = 512 * 1024
_BACKUPS = 3
_EVERY = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How long a log was, and when it had become so."""

    inode: int
    size: int
    milliseconds: int

    def line(self) -> str:
        """Return the mark as it is kept."""
        return f"{self.inode} {self.size} {self.milliseconds}\n"


class Marks:
    """The marks of one log, read once."""

    def __init__(self, log: Path) -> None:
        """Read the marks of a log."""
        self._sizes: dict[int, list[int]] = {}
        self._times: dict[int, list[int]] = {}
        for mark in _read(log):
            sizes, times = self._sizes.setdefault(mark.inode, []), self._times.setdefault(mark.inode, [])
            if sizes and mark.size < sizes[-1]:  # emptied in place: what was said of it before holds no more
                sizes.clear()
                times.clear()
            sizes.append(mark.size)
            times.append(mark.milliseconds)

    def at(self, inode: int, end: int) -> datetime | None:
        """Return when the byte before this offset was there."""
        sizes = self._sizes.get(inode, [])
        place = bisect.bisect_left(sizes, end)
        return datetime.fromtimestamp(self._times[inode][place] / 1000, UTC) if place < len(sizes) else None


class Watch:
    """Looks at logs again and again, and notes what has changed; a log that rests costs one look at its entry."""

    def __init__(self, folder: Path) -> None:
        """Take the folder that holds the folders of installations."""
        self._folder = folder
        self._seen: dict[str, tuple[int, int]] = {}

    async def run(self) -> None:
        """Look again and again, for ever."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(_EVERY)

    def look(self) -> None:
        """Note every log that has grown since the last look; blocks."""
        seen: dict[str, tuple[int, int]] = {}
        for entry in self._logs():
            with contextlib.suppress(OSError):  # put away or removed just now, or a full disk: times matter less
                status = entry.stat()
                present = (status.st_ino, status.st_mtime_ns)
                if self._seen.get(entry.path) != present:
                    note(Path(entry.path))
                seen[entry.path] = present
        self._seen = seen

    def _logs(self) -> Iterator[os.DirEntry[str]]:
        # Listed by hand: this is done every second, and paths made for a pattern cost far more than the looks.
        for installation in _entries(str(self._folder)):
            yield from (each for each in _entries(f"{installation.path}/logs") if each.name.endswith(".log"))


def note(log: Path) -> None:
    """Keep how long a log is and since when, unless that is known; blocks."""
    status = log.stat()
    mark = Mark(inode=status.st_ino, size=status.st_size, milliseconds=status.st_mtime_ns // 1_000_000)
    if mark != _last(log):
        _append(log, mark)


def generations(log: Path) -> list[Path]:
    """Return the log after those that the supervisor has put away, oldest first."""
    return [log.with_name(f"{log.name}.{number}") for number in range(_BACKUPS, 0, -1)] + [log]


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _file(log: Path) -> Path:
    return log.with_suffix(".times")


def _append(log: Path, mark: Mark) -> None:
    file = _file(log)
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        os.write(descriptor, mark.line().encode())
    finally:
        os.close(descriptor)
    if size > _MOST_BYTES:
        _thin(log)


def _thin(log: Path) -> None:
    """Forget logs that are gone, and every second mark of the others."""
    there = {each.stat().st_ino for each in generations(log) if each.exists()}
    kept = [mark for mark in _read(log) if mark.inode in there]
    temporary = _file(log).with_suffix(".times.new")
    temporary.write_text("".join(mark.line() for mark in [*kept[1::2], *kept[-1:]]))
    temporary.replace(_file(log))


def _read(log: Path) -> list[Mark]:
    try:
        return list(_parse(_file(log).read_text(errors="replace").splitlines()))
    except OSError:
        return []


def _last(log: Path) -> Mark | None:
    with contextlib.suppress(OSError), _file(log).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 128))
        marks = list(_parse(file.read().decode(errors="replace").splitlines()[-1:]))
        return marks[-1] if marks else None
    return None


def _parse(lines: Iterable[str]) -> Iterable[Mark]:
    for line in lines:
        with contextlib.suppress(ValueError):  # a line that was cut off by a crash
            inode, size, milliseconds = map(int, line.split())
            yield Mark(inode=inode, size=size, milliseconds=milliseconds)
