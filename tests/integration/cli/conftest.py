"""The command line, run in this process against a stage that plays the provisioner."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import stage as stages
from tenantry.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    code: int
    out: str
    err: str


Run = Callable[..., Awaitable[Ended]]


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[stages.Stage, None]:
    async with stages.opened() as played:
        monkeypatch.setenv("TENANTRY_URL", played.url)
        monkeypatch.setenv("TENANTRY_TOKEN", "secret-token")
        yield played


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TENANTRY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "100")

    async def run_it(*arguments: str) -> Ended:
        code = await asyncio.to_thread(_run, arguments)
        captured = capsys.readouterr()
        return Ended(code=code, out=captured.out, err=captured.err)

    return run_it


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command line as a process of its own, with something said to it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TENANTRY_DATA", str(tmp_path / "data"))

    async def run_it(*arguments: str, said: str = "") -> Ended:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tenantry.cli.main", *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        async with asyncio.timeout(30):
            out, err = await process.communicate(said.encode())
        return Ended(code=process.returncode or 0, out=out.decode(), err=err.decode())

    return run_it


def _run(arguments: tuple[str, ...]) -> int:
    try:
        main.run(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
