"""A whole stack of its own for a test, brought up and taken down by the command that a user would type."""

import asyncio
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tenantry.local import layout, state
from tenantry.local.stack import Stack, default_cache


async def _tenantry(*words: str) -> None:
    command = (sys.executable, "-c", "from tenantry.cli import main; main.run()", *words)
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()[-2000:]


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tenantry-browser-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
async def stack() -> AsyncGenerator[Stack]:
    folder = await asyncio.to_thread(_new_folder)
    data = folder / "data"
    try:
        await _tenantry("up", "--data", str(data), "--listen", f"127.0.0.1:{_free_port()}", "--detach")
        place = layout.choose(data)
        remembered = state.read(place.state_file)
        assert remembered is not None
        yield Stack(layout=place, state=remembered, cache=default_cache())
    finally:
        await _tenantry("down", "--data", str(data))
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
