"""A real PostgreSQL for the portal's tests: started once, a migrated database of its own for each test."""

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tenantry.local import postgres_binaries
from tenantry.portal import schema

_TEMPLATE = "portal_template"


class Server:
    """A running server; its databases end with it."""

    def __init__(self, folder: Path, port: int, user: str) -> None:
        self._port = port
        self._user = user
        self.folder = folder
        self._made = 0

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{self._user}@127.0.0.1:{self._port}/{database}"

    def prepare(self) -> None:
        """Make the template that every test's database is a copy of."""
        self._admin(f"CREATE DATABASE {_TEMPLATE}")
        schema.migrate(self.url(_TEMPLATE))

    def new_database(self) -> str:
        """Return the URL of a fresh, migrated database."""
        self._made += 1
        name = f"portal_{self._made}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.url(name)

    def empty_database(self) -> str:
        """Return the URL of a database without any table."""
        self._made += 1
        name = f"portal_{self._made}"
        self._admin(f"CREATE DATABASE {name}")
        return self.url(name)

    def _admin(self, statement: str) -> None:
        url = self.url("postgres").replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running() -> Generator[Server]:
    """Start a server in a folder of its own and end it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-portal-pg-"))
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    user = owner.pw_name if owner else getpass.getuser()
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data, port = folder / "data", _free_port()
    try:
        _run(["initdb", "--pgdata", str(data), "--auth", "trust", "--encoding", "UTF8", "--no-sync"], user)
        options = (
            f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c synchronous_commit=off "
            "-c full_page_writes=off -c shared_buffers=32MB"
        )
        _run(["pg_ctl", "--pgdata", str(data), "--wait", "-l", str(folder / "log"), "-o", options, "start"], user)
        server = Server(folder, port, user)
        server.prepare()
        yield server
    finally:
        _run(["pg_ctl", "--pgdata", str(data), "--mode", "immediate", "--wait", "stop"], user, check=False)
        shutil.rmtree(folder)


def _run(command: list[str], user: str, *, check: bool = True) -> None:
    program = postgres_binaries.find().folder / command[0]
    subprocess.run(
        [str(program), *command[1:]],
        user=user if os.geteuid() == 0 else None,
        cwd="/",
        check=check,
        timeout=60,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
