"""The program of a standby, run as a program."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.local import assignment, launch, standby

TOLD = """
import json, os, resource, sys
print(json.dumps({
    "argv": sys.argv[1:],
    "name": __name__,
    "environment": dict(os.environ),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    "is_loaded": "decimal" in sys.modules,
}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # Deeper than a socket's path may be long.
    deep = tmp_path / ("deep" * 20) / ("deeper" * 10)
    deep.mkdir(parents=True)
    (deep / "told.py").write_text(TOLD)
    return deep


@pytest.fixture
def waiting(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, standby.__file__, ".web.sock", "decimal"]
    environment = {"PYTHONPATH": str(folder), "EARLY": "1", launch.MARKER: "stk"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 20
        while not (folder / ".web.sock").is_socket():
            assert time.monotonic() < deadline
            assert process.poll() is None
            os.sched_yield()
        yield process
        process.kill()


def spec(folder: Path, *command: str) -> launch.LaunchSpec:
    return launch.LaunchSpec(
        arguments=list(command),
        environment={"LATE": "2"},
        directory=str(folder),
        uid=None,
        gid=None,
        control_groups=[],
        open_files=64,
        data_bytes=None,
        is_privileged=False,
        parent_death_signal="KILL",
    )


def test_it_becomes_the_program_it_is_told(folder: Path, waiting: subprocess.Popen[str]) -> None:
    assert assignment.assign(folder / ".web.sock", spec(folder, "/x/python", "-I", "-m", "told", "--port", "1"))
    output, _ = waiting.communicate(timeout=20)
    assert json.loads(output) == {
        "argv": ["--port", "1"],
        "name": "__main__",
        "environment": {"LATE": "2", launch.MARKER: "stk"},
        "files": 64,
        "is_loaded": True,
    }
    assert waiting.returncode == 0
    assert not list(folder.glob(".*"))


def test_a_caller_that_says_nothing_is_not_obeyed(folder: Path, waiting: subprocess.Popen[str]) -> None:
    assert not assignment.assign(folder / ".web.sock", spec(folder, "/x/python", "-c", "print(1)"))
    assert waiting.poll() is None
    assert assignment.assign(folder / ".web.sock", spec(folder, "/x/python", "-m", "told"))


def test_nobody_waits(folder: Path) -> None:
    assert not assignment.assign(folder / ".web.sock", spec(folder, "/x/python", "-m", "told"))
    (folder / ".web.sock").touch()
    assert not assignment.assign(folder / ".web.sock", spec(folder, "/x/python", "-m", "told"))
