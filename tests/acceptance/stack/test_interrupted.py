"""A start that is refused leaves nothing; one that is cut off at any point is finished by the next."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tenantry.local import layout, locking, processes, room, state, status, up

pytestmark = [pytest.mark.acceptance, pytest.mark.embedded]

Until = Callable[..., Awaitable[None]]
RUNNER = Path(__file__).parent / "run_up.py"
EMBEDDED = {"postgres", "objectstore", "frontdoor", "mailbox"}

PHASES: dict[str, Callable[[layout.Layout], bool]] = {
    "it looks after the stack": lambda place: place.lock_file.exists(),
    "it knows who the stack is": lambda place: place.state_file.exists(),
    "its supervisor answers": lambda place: place.socket("supervisor").exists(),
    "the database is being made": lambda place: any(place.postgres.glob("making-*")),
    "the database is made": lambda place: (place.postgres / "data").exists(),
    "the front door has been told what to do": lambda place: (place.programs / "frontdoor.taken").exists(),
}


@asynccontextmanager
async def starting(site: Any) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run `up` as a process of its own."""
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(RUNNER), str(site.data), site.listen, stdout=quiet, stderr=quiet
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ready_parts(site: Any) -> set[str]:
    return {row.name for row in (await status.status(site.data)).rows if row.state == "ready"}


@pytest.mark.parametrize("phase", PHASES)
async def test_a_start_that_is_killed_is_finished_by_the_next(site: Any, until: Until, phase: str) -> None:
    place = layout.choose(site.data)

    async def is_reached() -> bool:
        return PHASES[phase](place)

    async with starting(site) as process:
        await until(is_reached)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert await site.up() is up.Ending.DETACHED
    assert await ready_parts(site) == EMBEDDED
    await site.down()
    assert site.left_over() == set()


async def test_down_during_a_start_ends_it_and_leaves_nothing(site: Any, until: Until) -> None:
    place = layout.choose(site.data)

    async def has_supervisor() -> bool:
        return place.socket("supervisor").exists()

    async with starting(site) as process:
        await until(has_supervisor)
        assert await site.down() is True
        async with asyncio.timeout(30):
            assert await process.wait() == 0
    assert site.left_over() == set()


async def test_of_two_starts_at_once_one_goes_on_and_one_says_so(site: Any) -> None:
    starts: list[Awaitable[object]] = [site.up(), site.up()]
    ended = await asyncio.gather(*starts, return_exceptions=True)
    assert up.Ending.DETACHED in ended
    assert len([each for each in ended if isinstance(each, locking.StackBusyError)]) == 1
    assert await ready_parts(site) == EMBEDDED


@pytest.fixture
def mount(new_site: Callable[[], Any]) -> Iterator[Callable[[str], Path]]:
    """Mount a small file system of its own for a data directory."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    mounted: list[Path] = []

    def make(options: str) -> Path:
        folder = new_site().data
        folder.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("this machine lets nobody mount")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def refused(data: Path, *, listen: str = "127.0.0.1:8089") -> tuple[int, str]:
    """Run the command that a user would type; return its exit code and what it said."""
    program = "from tenantry.cli import main; main.run()"
    words = ("up", "--data", str(data), "--listen", listen, "--detach")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    return process.returncode or 0, said.decode()


def lines(said: str) -> list[str]:
    return [line.partition(":")[0] for line in said.strip().splitlines()]


async def test_a_read_only_file_system_is_one_line_and_a_hint(mount: Callable[[str], Path]) -> None:
    data = mount("ro")
    code, said = await refused(data)
    assert (code, lines(said)) == (2, ["error", "hint"])
    assert "read-only file system" in said
    assert "--data" in said


async def test_a_disk_without_room_is_refused_before_anything_starts(mount: Callable[[str], Path]) -> None:
    data = mount("size=64m")
    code, said = await refused(data)
    assert (code, lines(said)) == (2, ["error", "hint"])
    assert "MiB are free" in said
    assert "1024 MiB are needed" in said
    assert state.read(layout.choose(data).state_file) is None


async def test_a_full_disk_is_refused_in_the_systems_words(mount: Callable[[str], Path]) -> None:
    data = mount("size=64k")
    (data / "filler").write_bytes(b"x" * 60_000)
    code, said = await refused(data)
    assert code == 2
    assert lines(said) == ["error", "hint"]


async def test_a_folder_of_somebody_else_is_named(site: Any) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give folders away")
    await site.up()
    await site.down()
    os.chown(site.data, 65534, 65534)
    with pytest.raises(room.DataDirectoryUnusableError, match="belongs to another user"):
        await site.up()
    os.chown(site.data, 0, 0)


async def test_a_port_of_the_front_door_that_is_taken_is_named_with_what_to_do(site: Any) -> None:
    port = int(site.listen.rpartition(":")[2])
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    async with server:
        code, said = await refused(site.data, listen=site.listen)
    assert code == 4
    assert f"Port {port}, needed by the front door, is used by another program." in said
    assert "--listen" in said
    assert processes.marked(site.stack.state.id) == set()
