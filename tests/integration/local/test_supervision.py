"""supervisord, driven for real."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tenantry.local import program, supervision, supervisor_rpc

pytestmark = pytest.mark.embedded


def spec(folder: Path, name: str = "sleeper", script: str = "exec sleep 600", **changes: object) -> program.ProgramSpec:
    values: dict[str, object] = {
        "name": name,
        "command": ["/bin/sh", "-c", script],
        "log_file": folder / f"{name}.log",
        "environment": {"PATH": "/usr/bin:/bin"},
    }
    return program.ProgramSpec(**{**values, **changes})  # type: ignore[arg-type] - values by name


async def until(condition: Callable[[], object], within: float = 10) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.02)


async def info(supervised: supervision.Supervisord, name: str = "sleeper") -> supervision.ProgramInfo:
    return (await supervised.programs())[name]


async def running(supervised: supervision.Supervisord, *, other_than: int | None = None) -> int:
    async with asyncio.timeout(10):
        while True:
            pid = (await info(supervised)).pid
            if pid is not None and pid != other_than:
                return pid
            await asyncio.sleep(0.02)


async def test_a_program_runs_with_its_own_environment_only(
    supervised: supervision.Supervisord, short_folder: Path
) -> None:
    await supervised.put(spec(short_folder, script="env; echo done", restart=program.Restart.NEVER))
    log = short_folder / "sleeper.log"
    await until(lambda: log.exists() and "done" in log.read_text())
    lines = {line.split("=")[0] for line in log.read_text().splitlines()} - {"done", "PWD"}
    assert lines == {"PATH", "TENANTRY_STACK"}
    async with asyncio.timeout(5):
        while (found := await info(supervised)).state is not supervision.ProgramState.EXITED:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    assert (found.pid, found.exit_status) == (None, 0)


async def test_putting_the_same_program_again_changes_nothing(
    supervised: supervision.Supervisord, short_folder: Path
) -> None:
    assert await supervised.put(spec(short_folder)) is True
    pid = await running(supervised)
    assert await supervised.put(spec(short_folder)) is False
    assert (await info(supervised)).pid == pid
    assert await supervised.put(spec(short_folder, script="exec sleep 601")) is True
    replaced = await running(supervised)
    assert replaced != pid
    await until(lambda: b"601" in Path(f"/proc/{replaced}/cmdline").read_bytes())


async def test_a_change_that_was_cut_off_is_made_again(supervised: supervision.Supervisord, short_folder: Path) -> None:
    await supervised.put(spec(short_folder))
    pid = await running(supervised)
    changed = spec(short_folder, script="exec sleep 602")
    rendered = program.render(changed, folder=short_folder / "programs", python=Path(sys.executable))
    supervised._write("sleeper", rendered)  # pyright: ignore[reportPrivateUsage] - half of a put
    assert await supervised.put(changed) is True
    assert await running(supervised) != pid


async def test_a_killed_program_comes_back(supervised: supervision.Supervisord, short_folder: Path) -> None:
    await supervised.put(spec(short_folder))
    pid = await running(supervised)
    os.kill(pid, signal.SIGKILL)
    assert await running(supervised, other_than=pid) != pid


async def test_stop_uses_the_signal_and_then_force(supervised: supervision.Supervisord, short_folder: Path) -> None:
    polite = spec(
        short_folder,
        script="trap 'echo interrupted; exit 0' INT; echo up; while :; do sleep 0.05; done",
        stop_signal=program.StopSignal.INT,
    )
    await supervised.put(polite)
    log = short_folder / "sleeper.log"
    await until(lambda: log.exists() and "up" in log.read_text())
    await supervised.stop("sleeper")
    assert "interrupted" in log.read_text()
    assert (await info(supervised)).state is supervision.ProgramState.STOPPED
    stubborn = spec(
        short_folder,
        script="trap '' TERM; echo stubborn; while :; do sleep 0.05; done",
        stop_grace=timedelta(seconds=1),
    )
    await supervised.put(stubborn)
    await until(lambda: "stubborn" in log.read_text())
    await supervised.stop("sleeper")
    await supervised.stop("sleeper")
    assert (await info(supervised)).pid is None


async def test_removal_forgets_everything_and_may_be_repeated(
    supervised: supervision.Supervisord, short_folder: Path
) -> None:
    await supervised.put(spec(short_folder, name="one"))
    await supervised.put(spec(short_folder, name="one.more"))
    await supervised.remove("one")
    await supervised.remove("one")
    assert set(await supervised.programs()) == {"one.more"}
    assert {file.name.split(".")[1] for file in (short_folder / "programs").iterdir()} == {"more"}


async def test_start_and_restart_of_a_program_that_waits(
    supervised: supervision.Supervisord, short_folder: Path
) -> None:
    await supervised.put(spec(short_folder, is_started=False))
    assert (await info(supervised)).pid is None
    await supervised.start("sleeper")
    await supervised.start("sleeper")
    pid = await running(supervised)
    await supervised.restart("sleeper")
    assert await running(supervised) != pid


async def test_a_supervisor_that_is_killed_takes_its_programs_along(
    supervised: supervision.Supervisord, short_folder: Path
) -> None:
    await supervised.put(spec(short_folder))
    pid = await running(supervised)
    os.kill(await supervised.pid(), signal.SIGKILL)
    await until(lambda: not _lives(pid))
    with pytest.raises(supervisor_rpc.SupervisorAwayError):
        await supervised.programs()


async def test_what_cannot_be_launched_says_why_in_its_log(
    supervised: supervision.Supervisord, short_folder: Path
) -> None:
    broken = spec(short_folder, command=["/does/not/exist"], restart=program.Restart.NEVER)
    await supervised.put(broken)
    log = short_folder / "sleeper.log"
    await until(lambda: log.exists() and log.read_text().endswith("\n"))
    assert log.read_text() == "launch: FileNotFoundError: [Errno 2] No such file or directory: '/does/not/exist'\n"
    await supervised.put(spec(short_folder, name="fine"))
    assert (await info(supervised, "fine")).is_running


def _lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
