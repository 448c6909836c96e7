"""PgBouncer's console, by which it loads its files anew; clients that are connected notice nothing of it.

PgBouncer lets the account that it runs as into its console, by its own socket and without a password.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tenantry.kernel import errors

_SECONDS = 10
_NAME = "pgbouncer"


class ConsoleAwayError(errors.TemporaryError):
    """PgBouncer's console does not answer."""

    code = "console-away"
    hint = "It must run as the same account as this, with unix_socket_dir set."


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The console of a PgBouncer on this machine.

    Attributes:
        folder: PgBouncer's `unix_socket_dir`.
        port: its `listen_port`, which names the socket.
    """

    folder: Path
    port: int

    async def reload(self) -> None:
        """Let it load its files anew.

        Raises:
            ConsoleAwayError: it does not answer, or does not let us in.
        """
        where = f"PgBouncer's console at {self.folder}/.s.PGSQL.{self.port}"
        try:
            async with asyncio.timeout(_SECONDS):
                connection = await psycopg.AsyncConnection.connect(
                    host=str(self.folder), port=self.port, user=_NAME, dbname=_NAME, autocommit=True
                )
                async with connection:
                    await connection.execute("RELOAD")
        except (psycopg.Error, TimeoutError) as error:
            told = str(error).strip().splitlines() or ["no answer"]
            raise ConsoleAwayError(f"{where}: {told[-1].strip()}") from error
