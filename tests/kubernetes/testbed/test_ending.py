"""However a cluster ends, nothing of it stays: no process and no port."""

import asyncio
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tenantry.local import ports, processes
from testbed import cluster, room

ROOT = Path(__file__).resolve().parents[3]


def running_in(folder: Path) -> set[int]:
    return processes.working_in(folder / "logs")


def made_by(pid: int) -> list[Path]:
    """Return the control groups of the rooms that a process opened."""
    return list(Path("/sys/fs/cgroup").glob(f"**/tenantry-test-{pid}-*"))


def members(groups: Iterable[Path]) -> set[int]:
    """Return the processes in control groups and everything below."""
    files = [file for each in groups for file in each.rglob("cgroup.procs")]
    return {int(number) for file in files for number in file.read_text().split()}


async def started(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Start somebody who brings a cluster up, and return them once it is."""
    command = (sys.executable, "-m", "testbed", "up", "--folder", str(folder), *arguments)
    starter = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": "tools"}, cwd=ROOT
    )
    assert starter.stdout is not None
    async with asyncio.timeout(90):
        while "up after" not in (line := (await starter.stdout.readline()).decode()):
            assert line, "it ended"
    return starter


class TestEnding:
    @pytest.mark.usefixtures("control_plane")
    async def test_after_the_block_no_process_and_no_port_is_left(self, folder: Path) -> None:
        async with cluster.running(folder, nodes=1) as up:
            port = int(up.endpoint.rpartition(":")[2])
            assert len(running_in(folder)) == len(up.programs.names)
        assert running_in(folder) == set()
        assert ports.is_free("127.0.0.1", port)

    @pytest.mark.usefixtures("api_server")
    async def test_an_error_in_the_block_ends_it_too(self, folder: Path) -> None:
        with pytest.raises(LookupError):
            async with cluster.running(folder, level=cluster.Level.API):
                raise LookupError
        assert running_in(folder) == set()

    @pytest.mark.usefixtures("control_plane", "kubectl")
    async def test_the_programs_end_with_whoever_started_them(self, folder: Path) -> None:
        starter = await started(folder, "--nodes", "1")
        assert running_in(folder)
        starter.kill()
        await starter.wait()
        async with asyncio.timeout(10):
            while running_in(folder):  # noqa: ASYNC110 - the kernel ends them
                await asyncio.sleep(0.05)

    @pytest.mark.usefixtures("real_parts", "kubectl")
    async def test_a_real_node_ends_with_whoever_started_it(self, folder: Path) -> None:
        starter = await started(folder, "--real")
        groups = made_by(starter.pid)
        inside = members(groups)
        assert len(inside) > 5
        starter.kill()
        await starter.wait()
        async with asyncio.timeout(20):
            while any(map(processes.is_alive, inside)):  # noqa: ASYNC110 - the kernel ends them
                await asyncio.sleep(0.05)
            while any(each.exists() for each in groups):  # the kernel lets go of them a moment later
                room.sweep()
                await asyncio.sleep(0.05)

    @pytest.mark.usefixtures("api_server")
    async def test_a_killed_api_server_comes_back_with_what_it_knew(self, folder: Path) -> None:
        async with cluster.running(folder, level=cluster.Level.API) as up, up.connected() as api:
            await api.create("/api/v1/namespaces", {"metadata": {"name": "kept"}})
            await up.programs.kill("kube-apiserver")
            assert not await api.is_ready()
            await up.programs.start("kube-apiserver")
            assert await api.has("/api/v1/namespaces/kept")
