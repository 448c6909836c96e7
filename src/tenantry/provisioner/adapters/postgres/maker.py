"""Makes and removes logical databases on a PostgreSQL server, each with one role that alone can connect to it.

Every statement may run twice. The role's password reaches the server as a SCRAM verifier, so it is in no log of it. The
administrator need not be a superuser, whom managed servers do not give away: it may make databases and roles, and is a
member of the roles that it makes.
"""

import ssl
from collections.abc import AsyncGenerator, Collection, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
from psycopg import sql

from tenantry.application import needs
from tenantry.kernel import errors
from tenantry.provisioner.adapters import trusted
from tenantry.provisioner.adapters.postgres import pooler
from tenantry.provisioner.installations import ports

_CONNECT_SECONDS = 5
_STATEMENT_MILLISECONDS = 60_000
_VERIFYING = "verify-full"
_OWN = ("postgres", "template1")
"""Of every server; whoever can connect to them sees more than a customer should."""


class ServerAwayError(errors.TemporaryError):
    """The database server does not answer."""

    code = "database-server-away"


class ServerUntrustedError(errors.TemporaryError):
    """The database server cannot show that it is the one that is meant."""

    code = "database-server-untrusted"
    hint = "State who signs its certificate: tenantry database update NAME --ca-file FILE."


class ServerRefusedError(errors.TemporaryError):
    """The database server refused a statement."""

    code = "database-server-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How an administrator reaches the server."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    ssl_mode: str
    ca_certificate: str = ""
    """PEM; empty: those that the system trusts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at a server found.

    Attributes:
        closed: databases of ours that were open to every role of the server, and are closed now.
        is_open: databases that are not ours and are open to every role of the server, our customers' included.
    """

    version: str
    closed: tuple[str, ...] = ()
    is_open: tuple[str, ...] = ()


class PostgresMaker:
    """Logical databases of one server."""

    def __init__(self, server: Server) -> None:
        """Take how to reach it."""
        self._server = server

    async def look(self, ours: Collection[str] = ()) -> Look:
        """Look at the server, having closed to strangers what is ours: those databases, `postgres` and `template1`.

        Args:
            ours: names of logical databases that were made here.
        """
        async with self._connection("postgres") as connection:
            row = await (await connection.execute("SHOW server_version")).fetchone()
            found = await _open_databases(connection)
            to_close = [name for name in found if name in {*_OWN, *ours}]
            for name in to_close:
                await connection.execute(_close(name))  # which only its owner can; nobody else is told so
            is_open = await _open_databases(connection) if to_close else found
        return Look(
            version=str(row[0]) if row else "",
            closed=tuple(name for name in to_close if name not in is_open),
            is_open=tuple(is_open),
        )

    async def make(self, name: str, password: str, need: needs.DatabaseNeed, *, verifier: str = "") -> None:
        """Make database and role of this name, so that only this role can connect to it.

        Args:
            name: of both.
            password: of the role.
            need: how the database is to be.
            verifier: what the server keeps of the password, where somebody else must keep the very same.
        """
        async with self._connection("postgres") as connection:
            await self._make_role(connection, name, verifier or _verifier(connection, name, password), need)
            await self._make_database(connection, name, need)
        if need.extensions:
            async with self._connection(name) as connection:
                for extension in need.extensions:
                    await connection.execute(
                        sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
                    )

    async def set_password(self, name: str, password: str, *, verifier: str = "") -> datetime:
        """Let the role have this password and no other; return since when it has, by the server's clock.

        Sessions that are open stay.
        """
        async with self._connection("postgres") as connection:
            kept = sql.Literal(verifier or _verifier(connection, name, password))
            await connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), kept))
            return await _now(connection)

    async def end_sessions(self, name: str, *, before: datetime) -> None:
        """End the sessions of the role that were opened before a time, by the server's clock."""
        async with self._connection("postgres") as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND backend_start < %s",
                [name, before],
            )

    async def remove(self, name: str) -> None:
        """Remove database and role; open connections are ended."""
        async with self._connection("postgres") as connection:
            await connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            await connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))

    async def enter(self, name: str, password: str, door: ports.Door) -> None:
        """Connect to the database as its role, through a pooler, which is trusted as the server is.

        Raises:
            PoolerError: the pooler does not let it in yet; the message says why.
        """
        with trusting(self._server) as authorities:
            await pooler.enter(door, name, password, ssl_mode=self._server.ssl_mode, authorities=authorities)

    async def _make_role(
        self, connection: psycopg.AsyncConnection, name: str, verifier: str, need: needs.DatabaseNeed
    ) -> None:
        is_there, is_superuser = await _standing(connection, name)
        # Only superusers may say these of a role that is there, even where they are so already.
        humble = "" if is_there and not is_superuser else "NOSUPERUSER NOREPLICATION"
        async with connection.transaction():
            # The database's own commit comes after it and brings both to disk.
            await connection.execute("SET LOCAL synchronous_commit = off")
            await connection.execute(
                sql.SQL("{} ROLE {} LOGIN {} NOCREATEDB NOCREATEROLE CONNECTION LIMIT {} PASSWORD {}").format(
                    sql.SQL("ALTER" if is_there else "CREATE"),
                    sql.Identifier(name),
                    sql.SQL(humble),
                    sql.Literal(need.connections),
                    sql.Literal(verifier),
                )
            )
            if not is_superuser:  # or it could make nothing that belongs to the role, and not remove it either
                await connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))

    async def _make_database(self, connection: psycopg.AsyncConnection, name: str, need: needs.DatabaseNeed) -> None:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if await found.fetchone() is None:
            await connection.execute(
                sql.SQL(
                    "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING {} LOCALE {} ALLOW_CONNECTIONS false"
                ).format(
                    sql.Identifier(name), sql.Identifier(name), sql.Literal(need.encoding), sql.Literal(need.locale)
                )
            )
        # Connections are allowed only when nobody else can use them, whatever happens in between.
        async with connection.transaction():
            await connection.execute(_close(name))
            await connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))

    @asynccontextmanager
    async def _connection(self, name: str) -> AsyncGenerator[psycopg.AsyncConnection]:
        try:
            with trusting(self._server) as authorities:
                connection = await psycopg.AsyncConnection.connect(
                    host=self._server.host,
                    port=self._server.port,
                    user=self._server.user,
                    password=self._server.password,
                    sslmode=self._server.ssl_mode,
                    sslrootcert=authorities,
                    dbname=name,
                    connect_timeout=_CONNECT_SECONDS,
                    options=f"-c statement_timeout={_STATEMENT_MILLISECONDS}",
                    autocommit=True,
                )
        except psycopg.OperationalError as error:
            raise _unreached(self._server, error) from error
        try:
            async with connection:
                yield connection
        except psycopg.Error as error:
            message = error.diag.message_primary or type(error).__name__
            raise ServerRefusedError(f"The database server refused: {message}.") from error


def _verifier(connection: psycopg.AsyncConnection, name: str, password: str) -> str:
    return connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()


def _unreached(server: Server, error: psycopg.OperationalError) -> errors.TemporaryError:
    told = [line.rpartition(" failed: ")[2].strip() for line in str(error).splitlines()]  # one for each address
    where = f"The database server at {server.host}:{server.port}"
    if untrusted := [each for each in told if "certificate" in each or "SSL" in each]:
        return ServerUntrustedError(f"{where} is not trusted: {untrusted[-1].rstrip('.')}.")
    if any(each.startswith("FATAL") for each in told):
        return ServerRefusedError(f"{where} does not let us in.", hint="Look at its log, and at our role's password.")
    return ServerAwayError(f"{where} does not answer.")


@contextmanager
def trusting(server: Server) -> Generator[str | None]:
    """Yield whom libpq shall trust; it reads certificates from a file, while it connects.

    By `system`, a libpq that brings its own OpenSSL means the authorities of the machine where that was built. Python
    knows those of this one.
    """
    if not server.ca_certificate:
        ours = ssl.get_default_verify_paths().cafile or "system"
        yield ours if server.ssl_mode == _VERIFYING else None
        return
    with trusted.file(server.ca_certificate) as path:
        yield path


async def _standing(connection: psycopg.AsyncConnection, role: str) -> tuple[bool, bool]:
    """Return whether a role is there, and whether we are a superuser."""
    found = await connection.execute(
        "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s), rolsuper FROM pg_roles WHERE rolname = CURRENT_USER",
        [role],
    )
    row = await found.fetchone()
    return (bool(row[0]), bool(row[1])) if row else (False, False)


async def _now(connection: psycopg.AsyncConnection) -> datetime:
    """Return the time by the server's clock."""
    row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
    if row is None:
        raise ServerRefusedError("The database server does not tell the time.")
    return row[0]


async def _open_databases(connection: psycopg.AsyncConnection) -> list[str]:
    """Return the databases to which every role of the server can connect, by name."""
    found = await connection.execute(
        "SELECT datname FROM pg_database WHERE datallowconn AND has_database_privilege('public', oid, 'CONNECT') "
        "ORDER BY datname"
    )
    return [str(row[0]) for row in await found.fetchall()]


def _close(name: str) -> sql.Composed:
    return sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))
