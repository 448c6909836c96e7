"""The README's promise, run as its reader would: the whole business, a customer, two real workspaces, and an end."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tenantry-demo-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _demonstrate(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo", "--check", "--data", str(data), *options],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tools")},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )


def _left(data: Path) -> list[str]:
    """Return the command lines of processes that still speak of the data directory."""
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(data) in line and folder.name != str(os.getpid()):
            found.append(line)
    return found


def test_a_customer_signs_up_uses_two_workspaces_and_finds_them_again(data: Path) -> None:
    first = _demonstrate(data, "--listen", f"127.0.0.1:{_free_port()}")
    assert first.returncode == 0, first.stderr[-3000:]
    assert "Found the picture in the customer's bucket" in first.stderr
    assert "Added a bill and found it" in first.stderr
    assert "http://chat.localhost:" in first.stdout
    assert _left(data) == []

    second = _demonstrate(data)
    assert second.returncode == 0, second.stderr[-3000:]
    assert "chat is there from an earlier run" in second.stderr
    assert _left(data) == []
