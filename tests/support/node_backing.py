"""What applications on a real node need beside it: PostgreSQL and an object store on this machine, and ways there."""

import asyncio
import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from aiohttp import web

from tenantry.application import needs
from tenantry.kernel import clock as clocks
from tenantry.kernel import ids, randomness
from tenantry.local import objectstore, s3_keys
from tenantry.local.mailbox import letters, pages, receiving
from testbed import authority, passage, room

DATABASE_PORT = 5432
STORE_PORT = 9000
MAIL_PORT = 25
MAILBOX_PORT = 8025
_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


class Postgres:
    """A running server; its databases end with it."""

    def __init__(self, port: int, password: str) -> None:
        """Take where it listens and its owner's password."""
        self.port = port
        self._password = password

    def create(self, name: str, need: needs.DatabaseNeed) -> None:
        """Make a logical database and an owner of the same name, whose password is `secret`."""
        made = f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0"
        self.run(
            f"CREATE ROLE {name} LOGIN PASSWORD 'secret'",
            f"{made} LOCALE '{need.locale}' ENCODING '{need.encoding}'",
        )

    def run(self, *statements: str) -> None:
        """Run statements as the owner of the server."""
        url = f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            for each in statements:
                connection.execute(each.encode())


@contextlib.contextmanager
def postgres() -> Generator[Postgres]:
    """Start a server in a folder of its own, which offers TLS, and end it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-node-pg-", dir="/tmp"))
    password, port = secrets.token_hex(16), _free_port()
    (folder / "password").write_text(password)
    pair = authority.Authority("database", clocks.SystemClock()).server("database", names=["database"], addresses=[])
    (folder / "server.crt").write_bytes(pair.certificate)
    (folder / "server.key").write_bytes(pair.key)
    (folder / "server.key").chmod(0o600)
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        for each in (folder, *folder.iterdir()):
            os.chown(each, owner.pw_uid, owner.pw_gid)
    data = str(folder / "data")
    try:
        made = ("initdb", "--pgdata", data, "--username=postgres", "--pwfile", str(folder / "password"))
        _run(*made, "--auth=scram-sha-256", "--no-sync", "--locale=C.UTF-8")
        quick = "-c fsync=off -c full_page_writes=off"
        tls = f"-c ssl=on -c ssl_cert_file={folder}/server.crt -c ssl_key_file={folder}/server.key"
        options = f"-p {port} -h 127.0.0.1 -k {folder} {quick} {tls}"
        _run("pg_ctl", "--pgdata", data, "--wait", "-l", str(folder / "log"), "-o", options, "start")
        yield Postgres(port, password)
    finally:
        _run("pg_ctl", "--pgdata", data, "--mode=immediate", "--wait", "stop", check=False)
        shutil.rmtree(folder)


@contextlib.asynccontextmanager
async def object_store() -> AsyncGenerator[int]:
    """Start an object store with one bucket and give the port where it listens."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-node-s3-", dir="/tmp"))
    store = objectstore.ObjectStore(root=folder / "s3", port=_free_port(), log_file=folder / "s3.log")
    objectstore.create_folders(store)
    s3_keys.put_key(store.root, access_key="AKTEST", secret_key="secret-of-test", bucket="acme-bucket")
    program = objectstore.spec(store)
    with store.log_file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *program.command, env=dict(program.environment), stdout=log, stderr=log, cwd=program.directory
        )
    try:
        yield store.port
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A mail server that keeps what it is given.

    Attributes:
        smtp, http: the ports where it takes mails and shows them.
        key: what opens it.
    """

    smtp: int
    http: int
    key: str


@contextlib.asynccontextmanager
async def mailbox() -> AsyncGenerator[Mailbox]:
    """Start the mailbox of one machine on ports of its own."""
    made = Mailbox(smtp=_free_port(), http=_free_port(), key=secrets.token_hex(16))
    with tempfile.TemporaryDirectory(prefix="tenantry-node-mail-", dir="/tmp") as folder:
        kept = letters.Letters(Path(folder), ids.UlidIdentifiers(clocks.SystemClock(), randomness.SystemRandomness()))
        runner = web.AppRunner(pages.Pages(kept, made.key).application(), access_log=None)
        await runner.setup()
        async with await receiving.listen(kept, host="127.0.0.1", port=made.smtp):
            await web.TCPSite(runner, "127.0.0.1", made.http).start()
            yield made
        await runner.cleanup()


@contextlib.asynccontextmanager
async def reachable(place: room.Room, ports: Mapping[int, int]) -> AsyncGenerator[None]:
    """Let pods reach ports of this machine's loopback.

    Args:
        place: the node's room.
        ports: port at the node's address → port here.
    """
    ends = [(passage.there(inside, place.address), passage.here(outside)) for inside, outside in ports.items()]
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(passage.Passage(place.pid).serve(ends))
        yield
        serving.cancel()


def database(place: room.Room, name: str) -> Mapping[str, str]:
    """Return what a pod is told of its database."""
    told = {"host": place.address, "port": str(DATABASE_PORT), "name": name, "user": name, "password": "secret"}
    url = f"postgresql://{name}:secret@{place.address}:{DATABASE_PORT}/{name}?sslmode=disable"
    return {**told, "sslMode": "disable", "url": url}


def bucket(place: room.Room) -> Mapping[str, str]:
    """Return what a pod is told of its bucket."""
    keys = {"accessKey": "AKTEST", "secretKey": "secret-of-test"}
    return {"endpoint": f"http://{place.address}:{STORE_PORT}", "region": "us-east-1", "name": "acme-bucket", **keys}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(program: str, *arguments: str, check: bool = True) -> None:
    subprocess.run(
        [shutil.which(program) or str(_PROGRAMS[0] / program), *arguments],
        user="postgres" if os.geteuid() == 0 else None,
        cwd="/", check=check, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
