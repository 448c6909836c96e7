"""The launcher, run as it is run: what it becomes is asked what it may do."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tenantry.local import control_groups, launch, processes

pytestmark = pytest.mark.embedded

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may change users and make control groups")
UID = 234_567
MARKER = "stk-launch-test"


def spec(folder: Path, script: str, **changes: object) -> Path:
    values: dict[str, object] = {
        "arguments": ["/bin/sh", "-c", script],
        "environment": {"PATH": "/usr/bin:/bin"},
        "directory": str(folder),
        "uid": None,
        "gid": None,
        "control_groups": [],
        "open_files": None,
        "data_bytes": None,
        "is_privileged": False,
        "parent_death_signal": "KILL",
    }
    file = folder / "spec.json"
    file.write_text(json.dumps({**values, **changes}))
    return file


async def run(file: Path) -> tuple[int, str]:
    command = (sys.executable, "-I", "-S", launch.__file__, str(file))
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, launch.MARKER: MARKER, "OUTSIDE": "1"},
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.fixture
async def group() -> AsyncIterator[Callable[[control_groups.Limits], list[launch.ControlGroup]]]:
    hierarchies = control_groups.detect()
    if "memory" not in hierarchies.folders:
        pytest.skip("no control group for memory can be made here")
    yield lambda limits: hierarchies.groups(f"tenantry-{MARKER}/one", limits)
    assert control_groups.remove(control_groups.named(f"tenantry-{MARKER}"))


@as_root
async def test_it_becomes_another_user_without_any_privilege(short_folder: Path) -> None:
    script = "id -u; id -g; id -G; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; umask"
    status, output = await run(spec(short_folder, script, uid=UID, gid=UID))
    assert status == 0
    none = "0" * 16
    assert output.split() == [*[str(UID)] * 3, "CapEff:", none, "CapBnd:", none, "NoNewPrivs:", "1", "0077"]


@as_root
async def test_root_that_is_not_privileged_obeys_modes(short_folder: Path) -> None:
    closed = short_folder / "closed"
    closed.mkdir(mode=0o500)
    script = f"touch {closed}/file 2>/dev/null && echo written || echo refused"
    assert (await run(spec(short_folder, script)))[1] == "refused\n"
    assert (await run(spec(short_folder, script, is_privileged=True)))[1] == "written\n"


async def test_the_environment_holds_what_the_spec_says_and_the_marker(short_folder: Path) -> None:
    _, output = await run(spec(short_folder, "env", environment={"PATH": "/bin:/usr/bin", "ONLY": "this"}))
    lines = {line for line in output.splitlines() if not line.startswith("PWD=")}
    assert lines == {"PATH=/bin:/usr/bin", "ONLY=this", f"TENANTRY_STACK={MARKER}"}


async def test_limits_hold(short_folder: Path) -> None:
    _, output = await run(spec(short_folder, "ulimit -n; ulimit -c; ulimit -d", open_files=77, data_bytes=50 << 20))
    assert output.split() == ["77", "0", str(50 * 1024)]


@as_root
async def test_memory_beyond_the_group_ends_the_program(
    short_folder: Path, group: Callable[[control_groups.Limits], list[launch.ControlGroup]]
) -> None:
    groups = group(control_groups.Limits(memory_bytes=60 << 20, cpu_weight=50, processes=20))
    greedy = "tail -c 200M /dev/zero | tail -c 200M | wc -c; echo survived"
    within = await run(spec(short_folder, "cat /proc/self/cgroup", control_groups=groups, uid=UID, gid=UID))
    assert within[1].count(f"tenantry-{MARKER}/one") == len(groups)
    _, output = await run(spec(short_folder, greedy, control_groups=groups, uid=UID, gid=UID))
    assert str(200 << 20) not in output


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"arguments": ["/no/such/program"]}, "No such file or directory: '/no/such/program'"),
        ({"directory": "/no/such/folder"}, "No such file or directory: '/no/such/folder'"),
        ({"parent_death_signal": "NOSUCH"}, "KeyError"),
    ],
)
async def test_what_cannot_be_done_is_one_line(short_folder: Path, changes: dict[str, object], reason: str) -> None:
    status, output = await run(spec(short_folder, "true", **changes))
    assert status == launch.FAILED
    assert output.count("\n") == 1
    assert reason in output


async def test_a_limit_that_is_left_out_is_a_mistake_and_not_unlimited(short_folder: Path) -> None:
    file = spec(short_folder, "true")
    content = json.loads(file.read_text())
    del content["control_groups"]
    file.write_text(json.dumps(content))
    assert await run(file) == (launch.FAILED, "launch: KeyError: 'control_groups'\n")


@as_root
async def test_it_dies_with_whoever_started_it_also_as_another_user(short_folder: Path) -> None:
    file = spec(short_folder, "echo $$; exec sleep 600", uid=UID, gid=UID)
    parent = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", parent, sys.executable, "-I", "-S", launch.__file__, str(file)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(10):
        pid = int(await process.stdout.readline())
        assert processes.is_alive(pid)
        os.kill(process.pid, signal.SIGKILL)
        await processes.until_ended(pid)
    assert not processes.is_alive(pid)
    await process.wait()
