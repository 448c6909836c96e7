"""The database server of one machine: a PostgreSQL, run in the foreground with data of its own.

It listens on loopback only and asks everybody for a password (SCRAM). As root it runs as the user `postgres`. What a
fresh server allows to everybody, connecting to each database, is taken back. It writes to disk as carefully as any
(`fsync` stays on); a crash is recovered from in about a second however many databases there are (`syncfs`).
"""

import asyncio
import os
import pwd
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg import sql

from tenantry.kernel import errors
from tenantry.local import atomic, executable, postgres_binaries, program

SUPERUSER = "postgres"
PROGRAM = "postgres"

_INITIALISATION_TIME = timedelta(seconds=120)
_QUERY_TIME = timedelta(seconds=30)
_MAKING = "making-"
_TIME_ZONES = Path("/usr/share/zoneinfo")
"""Where a PostgreSQL looks that was built without time zones of its own; it then does not even know UTC."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "400",
    "shared_buffers": "128MB",
    "recovery_init_sync_method": "syncfs",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class TimeZonesMissingError(errors.CustomerMustActError):
    """The database server knows no time zones."""

    code = "time-zones-missing"
    hint = "Install the system's time zones (Debian: apt-get install tzdata)."


class InitialisationFailedError(errors.PermanentError):
    """The database server's files could not be made."""

    code = "database-initialisation-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseServer:
    """Where the database server keeps its things and listens.

    Attributes:
        folder: its folder; the data are in `data` below.
        port: on 127.0.0.1.
        password_file: the superuser's password.
        log_file: where it logs.
    """

    folder: Path
    port: int
    password_file: Path
    log_file: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    def password(self) -> str:
        """Return the superuser's password."""
        return self.password_file.read_text().strip()

    def url(self, *, database: str, user: str, password: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{self.port}/{database}"


async def initialise(server: DatabaseServer) -> None:
    """Make the data directory where there is none; a half-made one is made anew.

    Raises:
        InitialisationFailedError: initdb refused; the message has its last lines.
        TimeZonesMissingError: neither this PostgreSQL nor the system has any.
    """
    check_time_zones(postgres_binaries.find(server.data))
    if (server.data / "PG_VERSION").exists():
        return
    if not server.password_file.exists():
        atomic.write(server.password_file, secrets.token_urlsafe(32).encode())
    # Each attempt in a folder of its own: the initdb of one that was killed may still write into the last.
    for each in server.folder.glob(f"{_MAKING}*"):
        await _remove_tree(each)
    making = server.folder / f"{_MAKING}{secrets.token_hex(4)}"
    making.mkdir(mode=0o700)
    owner = _owner()
    if owner is not None:
        os.chown(making, owner.pw_uid, owner.pw_gid)
    await _initdb(server, making, owner)
    making.rename(server.data)


def check_time_zones(binaries: postgres_binaries.Binaries, of_system: Path = _TIME_ZONES) -> None:
    """Make sure that the server will know what UTC is.

    Raises:
        TimeZonesMissingError: neither this PostgreSQL nor the system has any.
    """
    share = binaries.folder.parent / "share"
    if not any((zones / "UTC").exists() for zones in (share / "timezone", share / "postgresql/timezone", of_system)):
        raise TimeZonesMissingError(f"PostgreSQL finds no time zones in {of_system}.")


def spec(server: DatabaseServer) -> program.ProgramSpec:
    """Return PostgreSQL as a program."""
    owner = _owner()
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    binaries = postgres_binaries.find(server.data)
    return program.ProgramSpec(
        name=PROGRAM,
        command=[str(binaries.folder / "postgres"), "-D", str(server.data), "-p", str(server.port), *settings],
        environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **binaries.environment()},
        directory=server.folder,
        uid=owner.pw_uid if owner else None,
        gid=owner.pw_gid if owner else None,
        log_file=server.log_file,
        start_time=executable.START_TIME,
        # A fast shutdown ends sessions instead of waiting for them; also when the supervisor dies.
        stop_signal=program.StopSignal.INT,
        stop_grace=timedelta(seconds=30),
        parent_death_signal=program.StopSignal.INT,
    )


async def is_ready(server: DatabaseServer) -> bool:
    """Tell whether it answers a query."""
    try:
        async with asyncio.timeout(5):
            connection = await _connect(server)
    except (psycopg.OperationalError, TimeoutError):
        return False
    await connection.close()
    return True


async def secure(server: DatabaseServer) -> None:
    """Take back what everybody may do on a fresh server."""
    connection = await _connect(server)
    async with connection, asyncio.timeout(_QUERY_TIME.total_seconds()):
        for database in ("postgres", "template1"):
            await connection.execute(
                sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
            )


async def ensure_database(server: DatabaseServer, *, name: str, password: str) -> None:
    """Make a database with a role of the same name that owns it; sets the role's password in any case."""
    connection = await _connect(server)
    async with connection, asyncio.timeout(_QUERY_TIME.total_seconds()):
        role = sql.Identifier(name)
        found = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
        verb = "ALTER" if await found.fetchone() else "CREATE"
        await connection.execute(
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(sql.SQL(verb), role, sql.Literal(password))
        )
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not await found.fetchone():
            await connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
        await connection.execute(sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(role))


async def _connect(server: DatabaseServer) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(
        host="127.0.0.1",
        port=server.port,
        user=SUPERUSER,
        password=server.password(),
        dbname="postgres",
        autocommit=True,
        connect_timeout=5,
    )


async def _initdb(server: DatabaseServer, folder: Path, owner: pwd.struct_passwd | None) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, server.password().encode())
    os.close(write_end)
    if owner:
        os.fchown(read_end, owner.pw_uid, owner.pw_gid)
    binaries = postgres_binaries.find()
    process = await asyncio.create_subprocess_exec(
        str(binaries.folder / "initdb"),
        *("-D", str(folder), "-U", SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8"),
        *("--auth-host=scram-sha-256", "--auth-local=reject", f"--pwfile=/proc/self/fd/{read_end}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": "/usr/bin:/bin", **binaries.environment()},
        cwd=server.folder,
        pass_fds=[read_end],
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
    )
    os.close(read_end)
    async with asyncio.timeout(_INITIALISATION_TIME.total_seconds()):
        output, _ = await process.communicate()
    if process.returncode:
        lines = output.decode(errors="replace").strip().splitlines()[-4:]
        raise InitialisationFailedError("PostgreSQL's initdb failed: " + " | ".join(lines))


def _owner() -> pwd.struct_passwd | None:
    """Return whom PostgreSQL runs as where we are root, which it refuses to be."""
    if os.geteuid() != 0:
        _need_a_name(os.geteuid())
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise InitialisationFailedError(
        "PostgreSQL does not run as root, and there is no user “postgres”.",
        hint="Make one: useradd --system --shell /usr/sbin/nologin postgres",
    )


def _need_a_name(uid: int) -> None:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise InitialisationFailedError(
            f"PostgreSQL does not run as user {uid}, whom /etc/passwd does not name.",
            hint="Run as a user of this machine, or have this one added to /etc/passwd.",
        ) from None


async def _remove_tree(folder: Path) -> None:
    """Remove it, as far as nobody writes into it; what is left goes the next time."""
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec("/bin/rm", "-rf", "--", str(folder), stderr=quiet)
    await process.wait()
