"""The cache stays small: what nobody uses goes, what somebody uses, prepares or runs stays."""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenantry.kernel import clock
from tenantry.local.packages import locks, upkeep

NOW = clock.SystemClock().now()
LONG_AGO = NOW - timedelta(days=30)


def package(cache: Path, name: str, *, used: datetime | None) -> Path:
    folder = cache / name
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "tool").write_text("x" * 10_000)
    if used is not None:
        (folder / upkeep.MARKER).write_text(str(upkeep.size(folder)))
        os.utime(folder / upkeep.MARKER, (used.timestamp(), used.timestamp()))
    return folder


def test_what_nobody_has_used_for_long_is_removed_and_all_else_stays(tmp_path: Path) -> None:
    old, new = package(tmp_path, "old", used=LONG_AGO), package(tmp_path, "new", used=NOW)
    removed = upkeep.sweep(tmp_path, NOW)
    assert [each.folder for each in removed] == [old]
    assert removed[0].size_bytes > 10_000
    assert list(tmp_path.iterdir()) == [new]


def test_what_was_named_lately_stays(tmp_path: Path) -> None:
    old = package(tmp_path, "old", used=LONG_AGO)
    upkeep.mark([old, tmp_path / "never there"])
    assert upkeep.sweep(tmp_path, clock.SystemClock().now()) == []
    assert (old / "bin" / "tool").exists()


def test_what_a_killed_preparation_left_is_removed(tmp_path: Path) -> None:
    package(tmp_path, "half", used=None)
    locks.file(tmp_path / "half").touch()
    assert len(upkeep.sweep(tmp_path, NOW)) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_removal_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    package(tmp_path, ".removed-old", used=LONG_AGO)
    upkeep.sweep(tmp_path, NOW)
    assert list(tmp_path.iterdir()) == []


async def test_what_is_being_prepared_is_left_alone(tmp_path: Path) -> None:
    half = package(tmp_path, "half", used=None)
    async with locks.held(half, patience=timedelta(seconds=1), on_wait=lambda: None):
        assert upkeep.sweep(tmp_path, NOW) == []
    assert len(upkeep.sweep(tmp_path, NOW)) == 1


async def test_what_runs_is_never_removed(tmp_path: Path) -> None:
    old = package(tmp_path, "old", used=LONG_AGO)
    script = old / "bin" / "tool"
    script.write_text("import sys; print(flush=True); sys.stdin.read()")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"\n"
    assert upkeep.sweep(tmp_path, NOW) == []
    await process.communicate(b"")
    assert len(upkeep.sweep(tmp_path, NOW)) == 1


async def test_a_lock_of_a_file_that_was_removed_meanwhile_is_had_anew(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    async with locks.held(folder, patience=timedelta(seconds=1), on_wait=lambda: None):
        locks.forget(folder)
        async with locks.held(folder, patience=timedelta(seconds=1), on_wait=lambda: None):
            with pytest.raises(locks.PackageBusyError):
                async with locks.held(folder, patience=timedelta(0), on_wait=lambda: None):
                    pass


def test_a_package_without_a_size_is_measured(tmp_path: Path) -> None:
    folder = package(tmp_path, "earlier", used=NOW)
    (folder / upkeep.MARKER).write_text("")
    os.utime(folder / upkeep.MARKER, (NOW.timestamp(), NOW.timestamp()))
    (found,) = upkeep.packages(tmp_path)
    assert found.size_bytes > 10_000
    assert found.used_at is not None
    assert abs(found.used_at - NOW.astimezone(UTC)) < timedelta(seconds=1)
