"""Whole stacks of the embedded parts in folders of their own; each is taken down and must leave nothing behind."""

import asyncio
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from tenantry.local import down, layout, part, processes, state, up
from tenantry.local.stack import Stack

RUNNER = Path(__file__).parent / "run_up.py"


class Steps:
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, part_name: str, message: str) -> None:
        self.said.append(f"{part_name} {message}")

    def ready(self, part_name: str, took: timedelta, address: str) -> None:
        self.said.append(f"{part_name} ready {address} {took}")


@dataclass
class Site:
    """A data directory and the stack in it."""

    data: Path
    listen: str
    steps: Steps = field(default_factory=Steps)

    def options(self) -> up.Options:
        return up.Options(
            data=self.data, listen=self.listen, is_detached=True, parts=part.EMBEDDED, cache=self.data / "cache"
        )

    async def up(self) -> up.Ending:
        return await up.up(self.options(), self.steps, lambda _: None)

    async def down(self) -> bool:
        return await down.down(self.data, self.steps)

    async def start_foreground(self) -> asyncio.subprocess.Process:
        """Run `up` as a process of its own and wait until it says that everything serves."""
        command = (sys.executable, str(RUNNER), str(self.data), self.listen)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        async with asyncio.timeout(60):
            assert await process.stdout.readline() == b"serving\n"
        return process

    @property
    def stack(self) -> Stack:
        place = layout.choose(self.data)
        remembered = state.read(place.state_file)
        assert remembered is not None
        return Stack(layout=place, state=remembered, cache=self.data / "cache")

    async def pids(self) -> dict[str, int | None]:
        return {name: info.pid for name, info in (await self.stack.supervisor.programs()).items()}

    def left_over(self) -> set[int]:
        return processes.marked(self.stack.state.id)


@pytest.fixture
def new_site() -> Iterator[Callable[[], Site]]:
    made: list[Path] = []

    def new() -> Site:
        folder = Path(tempfile.mkdtemp(prefix="tnt-"))
        folder.chmod(0o711)
        made.append(folder)
        return Site(data=folder / "stack", listen=f"127.0.0.1:{_free_port()}")

    yield new
    for folder in made:
        shutil.rmtree(folder)


@pytest.fixture
async def site(new_site: Callable[[], Site]) -> AsyncIterator[Site]:
    one = new_site()
    yield one
    await one.down()
    assert one.left_over() == set()


async def until(condition: Callable[[], Awaitable[bool]], within: float = 20) -> None:
    """Wait for what another process brings about."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.05)


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., Awaitable[None]]:
    return until


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
