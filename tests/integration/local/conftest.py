"""A real supervisord in a short folder of its own, ended with everything it ran."""

import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tenantry.local import supervision, supervisord


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose sockets have short paths and that other users may traverse."""
    folder = Path(tempfile.mkdtemp(prefix="tnt-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def supervisor_paths(short_folder: Path) -> supervisord.Paths:
    include = short_folder / "programs"
    include.mkdir()
    return supervisord.Paths(
        folder=short_folder, include=include, socket=short_folder / "s.sock", log=short_folder / "supervisord.log"
    )


@pytest.fixture
async def supervised(supervisor_paths: supervisord.Paths) -> AsyncIterator[supervision.Supervisord]:
    process = await supervisord.start(supervisor_paths, marker="stk-test")
    yield supervision.Supervisord(supervisor_paths.socket, supervisor_paths.include)
    if process.returncode is None:
        os.kill(process.pid, signal.SIGTERM)
        await process.wait()
