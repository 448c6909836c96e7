"""A real PgBouncer for tests, in a folder of its own, and the program that stands beside it; both can be killed."""

import asyncio
import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from support import provisioner_stage
from tenantry.pooler import configuration
from tenantry.wire import poolers
from testbed import authority

_ACCOUNT = "postgres"
"""PgBouncer refuses to run as root."""
_MAIN = """[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {folder}/socket
logfile = {folder}/log
pidfile = {folder}/pid
max_client_conn = 500
client_login_timeout = 10
{tls}
%include {folder}/files/tenantry.ini
"""
_TLS = "client_tls_sslmode = require\nclient_tls_cert_file = {folder}/own.crt\nclient_tls_key_file = {folder}/own.key"


@dataclass(kw_only=True)
class Pooler:
    """A PgBouncer with what stands beside it.

    Attributes:
        lines: what the latter told.
    """

    folder: Path
    port: int
    host: str = "127.0.0.1"
    bouncer: subprocess.Popen[bytes] | None = None
    beside: asyncio.subprocess.Process | None = None
    lines: list[str] = field(default_factory=list[str])
    _listening: "asyncio.Task[None] | None" = None

    @property
    def files(self) -> Path:
        return self.folder / "files"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text() if (self.folder / "log").exists() else ""

    def write(self, found: poolers.PoolerConfiguration) -> None:
        """Write PgBouncer's files where nobody stands beside it."""
        for name, content in configuration.files(found, self.files, "").items():
            (self.files / name).write_text(content)
            _give(self.files / name)

    def start(self) -> None:
        """Start PgBouncer, as its own account."""
        main = self.folder / "pgbouncer.ini"
        self.bouncer = subprocess.Popen(
            [*_as_account(), str(_program()), "-q", str(main)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    async def until_up(self) -> None:
        await provisioner_stage.poll((self.folder / "socket" / f".s.PGSQL.{self.port}").exists)
        await provisioner_stage.poll(self._answers)

    def kill(self) -> None:
        """End PgBouncer as a lost machine would."""
        if self.bouncer is not None:
            self.bouncer.kill()
            self.bouncer.wait(timeout=10)
            self.bouncer = None
            (self.folder / "pid").unlink(missing_ok=True)

    async def stand_beside(self, url: str, token: str, *more: str, server: str = "pg") -> None:
        """Start the program beside it."""
        command = ("-m", "tenantry.cli.main", "pooler", "run", server, "--directory", str(self.files))
        reached = ("--socket-directory", str(self.folder / "socket"), "--port", str(self.port), "--every", "0.1")
        self.beside = await asyncio.create_subprocess_exec(
            *(*_as_account(), sys.executable, *command, *reached, *more),
            env={**os.environ, "TENANTRY_URL": url, "TENANTRY_TOKEN": token, "HOME": str(self.folder)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._listening = asyncio.create_task(self._listen(self.beside))

    async def step_aside(self, number: int = signal.SIGKILL) -> None:
        """End the program beside it."""
        if self.beside is not None:
            with contextlib.suppress(ProcessLookupError):
                self.beside.send_signal(number)
            async with asyncio.timeout(20):
                await self.beside.wait()
            self.beside = None
        if self._listening is not None:
            await self._listening
            self._listening = None

    async def until_told(self, words: str, *, after: int = 0) -> None:
        """Wait until the program beside it says this."""
        await provisioner_stage.poll(lambda: any(words in line for line in self.lines[after:]), seconds=20)

    def console(self, command: str) -> list[tuple[object, ...]]:
        """Ask PgBouncer's console, as the account that it runs as."""
        asked = (
            "import psycopg, sys, json; c = psycopg.connect(host=sys.argv[1], port=int(sys.argv[2]), user='pgbouncer',"
            "dbname='pgbouncer', autocommit=True); r = c.execute(sys.argv[3]); "
            "print(json.dumps(r.fetchall() if r.description else [], default=str))"
        )
        words = (sys.executable, "-c", asked, str(self.folder / "socket"), str(self.port), command)
        done = subprocess.run([*_as_account(), *words], check=True, capture_output=True, timeout=30)
        return [tuple(each) for each in json.loads(done.stdout)]

    async def connect(self, name: str, password: str, database: str | None = None) -> psycopg.AsyncConnection:
        """Connect as a role; statements are not prepared, since they would not be there in the next transaction."""
        connection = await psycopg.AsyncConnection.connect(
            host=self.host, port=self.port, user=name, password=password, dbname=database or name, connect_timeout=10
        )
        connection.prepare_threshold = None
        return connection

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
            return True
        return False

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.lines.append(line.decode().rstrip())


@contextlib.asynccontextmanager
async def placed(pair: authority.Pair | None = None) -> AsyncGenerator[Pooler]:
    """Make the place of a PgBouncer; nothing runs there yet. What runs in the end is ended.

    Args:
        pair: by which it shows its clients who it is; without, they cannot ask.
    """
    if _program() is None:
        pytest.skip("There is no PgBouncer. Debian: apt-get install pgbouncer.")
    pooler = _place(pair)
    try:
        yield pooler
    finally:
        await pooler.step_aside()
        pooler.kill()
        shutil.rmtree(pooler.folder, ignore_errors=True)


def _place(pair: authority.Pair | None) -> Pooler:
    folder = Path(tempfile.mkdtemp(prefix="tenantry-pgb-", dir="/tmp"))
    pooler = Pooler(folder=folder, port=_free_port())
    for each in ("socket", "files"):
        (folder / each).mkdir(mode=0o700)
    tls = "" if pair is None else _TLS.format(folder=folder)
    (folder / "pgbouncer.ini").write_text(_MAIN.format(port=pooler.port, folder=folder, tls=tls))
    if pair is not None:
        (folder / "own.crt").write_bytes(pair.certificate)
        (folder / "own.key").write_bytes(pair.key)
    for each in (folder, *folder.iterdir()):
        _give(each)
    return pooler


def _give(path: Path) -> None:
    """Let PgBouncer's account have it."""
    if os.geteuid() == 0:
        owner = pwd.getpwnam(_ACCOUNT)
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _program() -> str | None:
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")


def _as_account() -> Sequence[str]:
    if os.geteuid() != 0:
        return ()
    owner = pwd.getpwnam(_ACCOUNT)
    return ("setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups", "--pdeathsig=KILL")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
