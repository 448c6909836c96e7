"""Runs the example applications for real: prepared package, own database and bucket, rendered files, own user."""

import asyncio
import contextlib
import dataclasses
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import aiohttp
import pytest

from tenantry.application import generated, manifest, needs, rendering, source, values
from tenantry.kernel import randomness
from tenantry.local import executable, objectstore, s3_keys
from tenantry.local.packages import cache, installer, interpreters

EXAMPLES = Path(__file__).parents[3] / "examples" / "applications"
WORKLOAD_USER = 64999
"""A numeric user that nobody has, as the agent gives one to each installation."""


class Server(Protocol):
    """The PostgreSQL server of the session."""

    host: str
    port: int

    def connect(self, name: str = "postgres") -> Any: ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wanted:
    version: str
    size: str
    url: str
    hosts: list[str]
    settings: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    display_name: str = "Acme & “Sons”"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hosted:
    """One installation of an application; its programs run only inside `running`."""

    application: manifest.Application
    folder: Path
    handover: values.Handover
    packages: cache.PackageCache
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bucket_folder(self) -> Path:
        return self.folder / "s3" / "buckets" / "AKTEST" / "bucket-test"

    def rendered(self, version: str, package: Path) -> rendering.Rendered:
        spec = self.application.spec
        return rendering.render(
            values.collect(
                self.application,
                Wanted(version=version, size=spec.sizes[0].name, url=self.url, hosts=["acme.localhost"]),
                identity=values.Identity(id="ins-test", name="acme"),
                handover=self.handover,
                placement=values.Placement(
                    package=PurePosixPath(package),
                    configuration=PurePosixPath(self.folder / "configuration"),
                    volumes={need.name: PurePosixPath(self.folder / "data") for need in spec.needs.volumes},
                    ports=dict.fromkeys(values.port_names(spec), self.port),
                ),
            )
        )

    @contextlib.asynccontextmanager
    async def running(self, version: str | None = None) -> AsyncGenerator[rendering.Rendered]:
        """Start the workload of a version and wait until it is ready; its start is in `seconds.txt`."""
        wanted = values.version(self.application, version or self.application.spec.versions[-1].version)
        rendered = self.rendered(wanted.version, await self.packages.prepare(wanted.package, _ignore))
        self._write(rendered)
        began = time.monotonic()
        with (self.folder / "log.txt").open("ab") as log:
            process = await _start(rendered.workloads[0].command, rendered.workloads[0].environment, self.folder, log)
        try:
            await _until_ready(rendered.workloads[0], process, self.folder / "log.txt")
            took = time.monotonic() - began
            print(f"{self.application.metadata.name} {wanted.version}: ready after {took:.2f} s")  # noqa: T201 - a figure
            yield rendered
        finally:
            await _stop(process, rendered.workloads[0])

    async def run(self, job: rendering.Job) -> tuple[int, str]:
        """Run a job to its end and return its status and what it printed."""
        began = time.monotonic()
        path = self.folder / "job.txt"
        with path.open("wb") as log:
            process = await _start(job.command, job.environment, self.folder, log)
        try:
            async with asyncio.timeout(job.timeout.total_seconds()):
                status = await process.wait()
        finally:
            await _end(process)
        took = time.monotonic() - began
        print(f"{self.application.metadata.name} {job.name}: {took:.2f} s")  # noqa: T201 - a figure
        return status, path.read_text()

    def _write(self, rendered: rendering.Rendered) -> None:
        for file in rendered.files:
            path = Path(file.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.content)
            path.chmod(0o600)
        _give(self.folder / "configuration")
        _give(self.folder / "data")


@pytest.fixture(scope="session")
def packages() -> Iterator[cache.PackageCache]:
    folder = Path(tempfile.mkdtemp(prefix="tenantry-packages-", dir="/tmp"))
    folder.chmod(0o755)
    yield cache.PackageCache(
        folder,
        install=installer.Installer(uv=executable.find("uv")),
        programs=interpreters.candidates(),
        is_shared=os.geteuid() == 0,
    )
    shutil.rmtree(folder)


@pytest.fixture
def scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tenantry-hosted-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def bucket(scratch: Path) -> AsyncGenerator[dict[str, str]]:
    store = objectstore.ObjectStore(root=scratch / "s3", port=free_port(), log_file=scratch / "s3.log")
    objectstore.create_folders(store)
    s3_keys.put_key(store.root, access_key="AKTEST", secret_key="secret-of-test", bucket="bucket-test")
    program = objectstore.spec(store)
    with store.log_file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *program.command, env=dict(program.environment), stdout=log, stderr=log, cwd=program.directory
        )
    yield {
        "endpoint": store.endpoint,
        "region": objectstore.REGION,
        "name": "bucket-test",
        "accessKey": "AKTEST",
        "secretKey": "secret-of-test",
    }
    process.terminate()
    await process.wait()


@pytest.fixture
def host(
    scratch: Path, packages: cache.PackageCache, postgres_server: Server, bucket: dict[str, str]
) -> Callable[[str], Hosted]:
    """Make an installation of one of the examples."""

    def make(name: str) -> Hosted:
        application = source.read(EXAMPLES / name / "application.yaml")
        spec = application.spec
        (scratch / "data").mkdir()
        return Hosted(
            application=application,
            folder=scratch,
            packages=packages,
            port=free_port(),
            handover=values.Handover(
                database=make_database(postgres_server, f"app_{name}", spec.needs.database or needs.DatabaseNeed()),
                bucket=bucket,
                mail={"host": "127.0.0.1", "port": str(free_port()), "user": "", "password": "", "sender": "a@b.test"},
                generated=generated.complete(spec.secrets, {}, randomness.SystemRandomness()),
            ),
        )

    return make


def make_database(server: Server, name: str, need: needs.DatabaseNeed) -> dict[str, str]:
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"DROP ROLE IF EXISTS {name}")
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret' CONNECTION LIMIT {need.connections}")
        connection.execute(
            f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 LOCALE '{need.locale}' ENCODING '{need.encoding}'"
        )
    return {
        "host": server.host,
        "port": str(server.port),
        "name": name,
        "user": name,
        "password": "secret",
        "url": f"postgresql://{name}:secret@{server.host}:{server.port}/{name}",
        "sslMode": "disable",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _ignore(message: str) -> None:
    del message


async def _start(command: Sequence[str], environment: Any, folder: Path, log: Any) -> asyncio.subprocess.Process:
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        identity = {"user": WORKLOAD_USER, "group": WORKLOAD_USER, "extra_groups": []}
    return await asyncio.create_subprocess_exec(
        *command, env=dict(environment), cwd=folder, stdout=log, stderr=log, start_new_session=True, **identity
    )


async def _until_ready(workload: rendering.Workload, process: asyncio.subprocess.Process, log: Path) -> None:
    probe = workload.readiness
    assert probe is not None
    async with asyncio.timeout(workload.startup_timeout.total_seconds()), aiohttp.ClientSession() as session:
        while process.returncode is None:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{probe.port}{probe.path}") as answer:
                    if answer.status < 400:
                        return
            await asyncio.sleep(0.05)
    pytest.fail(_end_of(log))


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def _end_of(log: Path) -> str:
    return log.read_text()[-3000:]


async def _stop(process: asyncio.subprocess.Process, workload: rendering.Workload) -> None:
    if process.returncode is None:
        process.send_signal(getattr(signal, f"SIG{workload.stop_signal}"))
        try:
            async with asyncio.timeout(workload.stop_grace.total_seconds()):
                await process.wait()
        finally:
            await _end(process)


def _give(folder: Path) -> None:
    if os.geteuid() != 0 or not folder.exists():
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, WORKLOAD_USER, WORKLOAD_USER)
