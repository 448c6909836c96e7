"""A size's `cpu` on this machine's own control groups: a share where others want it too, and no ceiling."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tenantry.local import control_groups, program

pytestmark = pytest.mark.embedded

BUSY = "while True: pass"
NAME = f"tenantry-test-{os.getpid()}"


@pytest.fixture
def hierarchies() -> control_groups.Hierarchies:
    found = control_groups.detect()
    if "cpu" not in found.folders:
        pytest.skip("this machine lets nobody make control groups for the processor")
    return found


@asynccontextmanager
async def busy(
    hierarchies: control_groups.Hierarchies, folder: Path, name: str, weight: int
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run an endless loop through the launcher, under a weight, on one processor."""
    groups = hierarchies.groups(f"{NAME}/{name}", control_groups.Limits(cpu_weight=weight))
    spec = program.ProgramSpec(
        name=name,
        command=["/usr/bin/taskset", "--cpu-list", "0", sys.executable, "-I", "-S", "-c", BUSY],
        log_file=folder / f"{name}.log",
        environment={"PATH": "/usr/bin:/bin"},
        control_groups=groups,
    )
    rendered = program.render(spec, folder=folder, python=Path(sys.executable))
    (folder / rendered.launch_file).write_bytes(rendered.launch_spec)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", str(program.LAUNCHER), str(folder / rendered.launch_file)
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()
        control_groups.remove([Path(group["folder"]) for group in groups])
        for group in groups:  # and the one above, once the last is gone
            with contextlib.suppress(OSError):
                Path(group["folder"]).parent.rmdir()


def used(process: asyncio.subprocess.Process) -> float:
    """Return the processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def until_used(processes: list[asyncio.subprocess.Process], seconds: float) -> None:
    """Wait until the processes have used so much time together."""
    begun = sum(map(used, processes))
    async with asyncio.timeout(100):
        while sum(map(used, processes)) - begun < seconds:  # noqa: ASYNC110 - the kernel sets no event of ours
            await asyncio.sleep(0.05)


async def test_who_wants_the_same_processor_gets_it_by_weight(
    hierarchies: control_groups.Hierarchies, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        large = await stack.enter_async_context(busy(hierarchies, tmp_path, "large", 100))
        small = await stack.enter_async_context(busy(hierarchies, tmp_path, "small", 25))
        await until_used([large, small], 0.5)
        before = used(large), used(small)
        await until_used([large, small], 3)
        ratio = (used(large) - before[0]) / (used(small) - before[1])
    assert 2.5 < ratio < 6


async def test_a_small_share_is_no_ceiling_while_nobody_else_wants_the_processor(
    hierarchies: control_groups.Hierarchies, tmp_path: Path
) -> None:
    async with busy(hierarchies, tmp_path, "alone", 25) as alone:
        await until_used([alone], 1)
        group = hierarchies.groups(f"{NAME}/alone", control_groups.Limits(cpu_weight=25))[0]["folder"]
        assert (await asyncio.to_thread(_throttled, Path(group))) == 0


def _throttled(group: Path) -> int:
    """Return how often the kernel has held a group back."""
    lines = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return int(lines["nr_throttled"])
