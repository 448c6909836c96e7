"""Tries a pooler's door as an installation's own role, so that nobody is sent where nobody is let in.

Only a question to the server tells: PgBouncer lets a client in that it knows before it has a connection to the server.
"""

import asyncio
from datetime import timedelta

import psycopg

from tenantry.kernel import errors
from tenantry.provisioner.installations import ports

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 15
SOON = timedelta(seconds=2)
"""The pooler looks for another configuration about as often."""
_UNKNOWN = ("no such database", "no such user", "does not exist", "authentication failed")
"""PgBouncer asks those whom it does not know for a password, too, and refuses it."""


class PoolerAwayError(errors.TemporaryError):
    """The pooler does not answer."""

    code = "pooler-away"


class PoolerBehindError(errors.TemporaryError):
    """The pooler does not have the present configuration yet."""

    code = "pooler-behind"
    hint = "Look at what brings it there: tenantry pooler run."


class PoolerRefusedError(errors.TemporaryError):
    """The pooler lets the role in, and the server behind it answers nothing."""

    code = "pooler-refused"


async def enter(door: ports.Door, name: str, password: str, *, ssl_mode: str, authorities: str | None) -> None:
    """Connect to a database as its role, and ask the server something.

    Args:
        door: where the pooler is.
        name: of the database and of its role.
        password: of the role.
        ssl_mode: how connections are protected.
        authorities: a file with those who sign the pooler's certificate, or what libpq knows instead.

    Raises:
        PoolerAwayError: it does not answer.
        PoolerBehindError: it does not know the database or the role.
        PoolerRefusedError: the server behind it does not answer.
    """
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            connection = await psycopg.AsyncConnection.connect(
                host=door.host,
                port=door.port,
                user=name,
                password=password,
                dbname=name,
                sslmode=ssl_mode,
                sslrootcert=authorities,
                connect_timeout=_CONNECT_SECONDS,
                autocommit=True,
            )
            async with connection:
                await connection.execute("SELECT 1")
    except (psycopg.Error, TimeoutError) as error:
        raise explained(door, str(error)) from None  # the cause may quote what was sent


async def answers(door: ports.Door) -> bool:
    """Tell whether somebody listens there."""
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(door.host, door.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def explained(door: ports.Door, told: str) -> errors.TemporaryError:
    """Return why a pooler did not let a role in, from what it told."""
    where = f"The pooler at {door.host}:{door.port}"
    if any(each in told for each in _UNKNOWN):
        return PoolerBehindError(f"{where} does not know the database yet.", delay=SOON)
    if "FATAL" in told or "ERROR" in told:
        last = told.strip().splitlines()[-1].rpartition(": ")[2].rstrip(".")
        return PoolerRefusedError(f"{where} cannot reach the server: {last}.", delay=SOON)
    if "certificate" in told or "SSL" in told:
        return PoolerAwayError(f"{where} is not trusted: it must show a certificate as its server does.")
    return PoolerAwayError(f"{where} does not answer.")
