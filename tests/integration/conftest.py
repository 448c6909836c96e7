"""A real PostgreSQL server for the session, and a fresh database for each test that asks for one."""

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tenantry.local import executable, postgres_binaries


@dataclass(frozen=True)
class PostgresServer:
    """A running server."""

    host: str
    port: int
    user: str
    password: str
    log: Path

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://{self.user}:{self.password}@{self.host}:{self.port}/{name}"

    def connect(self, name: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=name, autocommit=True
        )


def _programs() -> Path:
    try:
        return postgres_binaries.find().folder
    except executable.PartMissingError as missing:
        pytest.skip(f"{missing.message} {missing.advice}")


def _as_owner() -> list[str]:
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups", "--pdeathsig=INT"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="tenantry-pg-", dir="/tmp"))
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        os.chown(folder / "password", owner.pw_uid, owner.pw_gid)
    initdb = [
        *_as_owner(), str(programs / "initdb"), "-D", str(folder / "data"), "-U", "postgres",
        "--pwfile", str(folder / "password"), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
        "--no-sync",
    ]  # fmt: skip
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder)
    port = _free_port()
    settings = {
        "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "max_connections": "200",
        "full_page_writes": "off", "synchronous_commit": "off",
    }  # fmt: skip
    options = [f"--{key}={value}" for key, value in settings.items()]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*_as_owner(), str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), *options],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        _wait_until_ready(port, password, server)
        yield PostgresServer(host="127.0.0.1", port=port, user="postgres", password=password, log=folder / "log")
    finally:
        server.send_signal(2)
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(port: int, password: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if server.poll() is not None:
            pytest.fail(f"PostgreSQL ended with {server.returncode} at its start")
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", password=password, dbname="postgres").close()
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=0.05)
    pytest.fail("PostgreSQL did not answer within ten seconds")


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    with postgres_server.connect() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    yield postgres_server.url(name)
    with postgres_server.connect() as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
