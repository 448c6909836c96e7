"""What applications on a real node need beside it: PostgreSQL and an object store on this machine, and ways there."""

import asyncio
import contextlib
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from support import postgres as server
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


class Postgres:
    """A running server; its databases end with it."""

    def __init__(self, server: server.Server, signed_by: str) -> None:
        """Take the server, and who signed its certificate, as PEM."""
        self._server = server
        self.signed_by = signed_by

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def create(self, name: str, need: needs.DatabaseNeed) -> None:
        """Make a logical database and an owner of the same name, whose password is `secret`."""
        made = f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0"
        self.run(
            f"CREATE ROLE {name} LOGIN PASSWORD 'secret'",
            f"{made} LOCALE '{need.locale}' ENCODING '{need.encoding}'",
        )

    def run(self, *statements: str) -> None:
        """Run statements as the owner of the server."""
        with self._server.connect() as connection:
            for each in statements:
                connection.execute(each.encode())


@contextlib.contextmanager
def postgres() -> Generator[Postgres]:
    """Start a server of its own that shows by a certificate who it is at the node's address, and end it afterwards."""
    ours = authority.Authority("databases", clocks.SystemClock())
    pair = ours.server("database", names=["database"], addresses=[room.ADDRESS])
    with server.running(server.tls_files(pair), **server.TLS) as running:
        yield Postgres(running, ours.certificate.decode())


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
