"""Object stores of each kind as real servers, and who makes buckets there."""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import provisioner_stage, s3_server
from tenantry.local import objectstore, readiness
from tenantry.provisioner.adapters.rclone import maker as rclone
from tenantry.provisioner.adapters.s3 import connection
from tenantry.provisioner.adapters.s3 import maker as s3
from tenantry.provisioner.installations import ports


@dataclass(frozen=True, kw_only=True)
class Store:
    """A running object store."""

    endpoint: str
    maker: ports.BucketMaker


@pytest.fixture(scope="module")
def server_with_users() -> Iterator[s3_server.S3Server]:
    with s3_server.running() as running:
        yield running


@pytest.fixture(params=["rclone", "iam"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[Store]:
    if request.param == "iam":
        server: s3_server.S3Server = request.getfixturevalue("server_with_users")
        yield Store(endpoint=server.endpoint, maker=s3.IamMaker(server.store(), connection.Connections()))
        return
    async with _rclone() as running:
        yield running


@contextlib.asynccontextmanager
async def _rclone() -> AsyncGenerator[Store]:
    folder = Path(tempfile.mkdtemp(prefix="tenantry-s3-", dir="/tmp"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    served = objectstore.ObjectStore(root=folder / "s3", port=port, log_file=folder / "log")
    objectstore.create_folders(served)
    program = objectstore.spec(served)
    process = await asyncio.create_subprocess_exec(
        *_as_launched(), *program.command, env=dict(program.environment), stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL, cwd=program.directory,
    )  # fmt: skip
    try:
        await provisioner_stage.poll(lambda: readiness.listens("127.0.0.1", port))
        yield Store(endpoint=served.endpoint, maker=rclone.RcloneMaker(served.root))
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(folder)


def _as_launched() -> list[str]:
    """Take root's right to ignore modes away, as our own launcher does: a folder that is read-only has to stay so."""
    return ["setpriv", "--bounding-set=-all"] if os.geteuid() == 0 else []
