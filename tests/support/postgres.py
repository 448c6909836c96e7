"""A real PostgreSQL for tests, in a folder of its own; it and everything in it is gone afterwards."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tenantry.local import executable, postgres_binaries
from testbed import authority

_USER = "postgres"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}
"""Nobody misses these data after a crash."""
TLS = {"ssl": "on", "ssl_cert_file": "../server.crt", "ssl_key_file": "../server.key"}
"""Settings of a server that has the `tls_files`."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    log: Path

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://{self.user}:{self.password}@{self.host}:{self.port}/{name}"

    def connect(self, name: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=name, autocommit=True
        )


@contextlib.contextmanager
def running(files: Mapping[str, str] | None = None, **settings: str) -> Generator[Server]:
    """Run a server of one's own.

    Args:
        files: name → content of files for it alone, in the folder above its data.
        settings: besides those of every server here.
    """
    programs, folder = _programs(), Path(tempfile.mkdtemp(prefix="tenantry-pg-", dir="/tmp"))
    password = secrets.token_hex(16)
    _write(folder, {"password": password, **(files or {})})
    initdb = ("initdb", "-D", "data", "-U", _USER, "--pwfile", "password", "--auth=scram-sha-256", "--encoding=UTF8")
    more_settings = [f"--{key}={value}" for key, value in {**_SETTINGS, **settings}.items()]
    port = _free_port()
    subprocess.run(
        [*_as_owner(), programs / initdb[0], *initdb[1:], "--locale=C.UTF-8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*_as_owner(), programs / "postgres", "-D", "data", "-p", str(port), *more_settings],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    server = Server(host="127.0.0.1", port=port, user=_USER, password=password, log=folder / "log")
    try:
        _wait_until_ready(server, process)
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def tls_files(pair: authority.Pair) -> Mapping[str, str]:
    """Return the files by which a server shows who it is."""
    return {"server.crt": pair.certificate.decode(), "server.key": pair.key.decode()}


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(content)
    if os.geteuid() == 0:
        owner = pwd.getpwnam(_USER)
        for each in (folder, *folder.iterdir()):
            os.chown(each, owner.pw_uid, owner.pw_gid)


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            pytest.fail(f"PostgreSQL ended with {process.returncode} at its start")
        with contextlib.suppress(psycopg.OperationalError):
            server.connect().close()
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
    pytest.fail("PostgreSQL did not answer within ten seconds")


def _programs() -> Path:
    try:
        return postgres_binaries.find().folder
    except executable.PartMissingError as missing:
        pytest.skip(f"{missing.message} {missing.advice}")


def _as_owner() -> list[str]:
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwnam(_USER)
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups", "--pdeathsig=INT"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
