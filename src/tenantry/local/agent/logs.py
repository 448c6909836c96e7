"""Reads what workloads and jobs have printed: the last lines, then each new one, each with the time it was written.

The supervisor puts a log away when it is long and begins a new one. Whoever follows reads the one that was put away to
its end before the new one, so no line is lost; the last lines reach back into it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tenantry.local.agent import log_times
from tenantry.runtime import contract

_CHUNK = 64 * 1024
_LONGEST = 1024 * 1024
"""No more than this is read of one file at once."""

_INTERVAL = 0.25
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def tail(folder: Path, lines: int) -> list[contract.LogLine]:
    """Return the last lines of all logs in the folder in the order in which they were written; blocks."""
    found = [line for log in _logs(folder) for line in _last_lines(log, lines)]
    found.sort(key=lambda line: line.at or _LONG_AGO)
    return found[-lines:] if lines > 0 else []


def ends(folder: Path) -> dict[Path, "End"]:
    """Return where each log ends now, for following it from there; blocks."""
    return {log: End(inode=log.stat().st_ino, size=log.stat().st_size) for log in _logs(folder)}


async def follow(folder: Path, ends: dict[Path, "End"]) -> AsyncIterator[contract.LogLine]:
    """Yield each line that is added after these ends."""
    while True:
        for line in await asyncio.to_thread(news, folder, ends):
            yield line
        await asyncio.sleep(_INTERVAL)


@dataclass(slots=True, kw_only=True)
class End:
    """How far a log has been read.

    Attributes:
        inode: which file that was; 0: none yet.
        size: up to which byte.
        rest: the beginning of a line that had no end yet.
    """

    inode: int = 0
    size: int = 0
    rest: bytes = field(default=b"", repr=False)


def news(folder: Path, ends: dict[Path, End]) -> list[contract.LogLine]:
    """Return the lines that were added after these ends, and move the ends; blocks."""
    found: list[contract.LogLine] = []
    for log in _logs(folder):
        end = ends.setdefault(log, End())
        with contextlib.suppress(FileNotFoundError):  # put away just now: the next look finds it
            status = log.stat()
            if (status.st_ino, status.st_size) == (end.inode, end.size):
                continue
            log_times.note(log)
            marks = log_times.Marks(log)
            for file in _unread(log, end):
                found += _read_on(file, end, marks, source=_source(log))
    found.sort(key=lambda line: line.at or _LONG_AGO)
    return found


def _unread(log: Path, end: End) -> list[Path]:
    """Return the files that hold what comes after the end, oldest first."""
    there = [file for file in log_times.generations(log) if file.exists()]
    begun = [place for place, file in enumerate(there) if file.stat().st_ino == end.inode]
    return there[begun[0] :] if begun else there[-1:]


def _read_on(file: Path, end: End, marks: log_times.Marks, *, source: str) -> Iterator[contract.LogLine]:
    with file.open("rb") as opened:
        status = file.stat()
        if status.st_ino != end.inode or status.st_size < end.size:
            end.inode, end.size, end.rest = status.st_ino, 0, b""
        opened.seek(end.size)
        added = opened.read(_LONGEST)
    offset = end.size - len(end.rest)
    end.size += len(added)
    *whole, end.rest = (end.rest + added).split(b"\n")
    for line in whole:
        offset += len(line) + 1
        yield contract.LogLine(at=marks.at(end.inode, offset), source=source, text=_text(line))


def _logs(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime)
    except FileNotFoundError:
        return []


def _source(log: Path) -> str:
    name = log.name.removesuffix(".log")
    return name.replace("job-", "job/", 1) if name.startswith("job-") else name


def _last_lines(log: Path, count: int) -> list[contract.LogLine]:
    """Return the last lines of a log, and of those put away before it as far as they are needed."""
    with contextlib.suppress(FileNotFoundError):
        log_times.note(log)
    marks = log_times.Marks(log)
    found: list[contract.LogLine] = []
    for file in reversed(log_times.generations(log)):
        missing = count - len(found)
        if missing <= 0 or not file.exists():
            break
        found = [*_end_of(file, missing, marks, source=_source(log)), *found]
    return found


def _end_of(file: Path, count: int, marks: log_times.Marks, *, source: str) -> list[contract.LogLine]:
    with file.open("rb") as opened:
        size = opened.seek(0, 2)
        offset = max(0, size - min(_LONGEST, max(_CHUNK, count * 1024)))
        opened.seek(offset)
        read = opened.read()
    inode = file.stat().st_ino
    found: list[contract.LogLine] = []
    for line in read.splitlines(keepends=True):
        offset += len(line)
        found.append(contract.LogLine(at=marks.at(inode, offset), source=source, text=_text(line.rstrip(b"\n"))))
    return found[-count:]


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")
