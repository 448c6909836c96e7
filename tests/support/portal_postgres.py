"""A real PostgreSQL for the portal's tests: started once, a migrated database of its own for each test."""

from collections.abc import Generator
from contextlib import contextmanager

from support import postgres
from tenantry.portal import schema

_TEMPLATE = "portal_template"


class Server:
    """A running server; its databases end with it."""

    def __init__(self, server: postgres.Server) -> None:
        self._server = server
        self._made = 0

    def prepare(self) -> None:
        """Make the template that every test's database is a copy of."""
        self._admin(f"CREATE DATABASE {_TEMPLATE}")
        schema.migrate(self._server.url(_TEMPLATE))

    def new_database(self) -> str:
        """Return the URL of a fresh, migrated database."""
        return self._new(f" TEMPLATE {_TEMPLATE}")

    def empty_database(self) -> str:
        """Return the URL of a database without any table."""
        return self._new("")

    def _new(self, how: str) -> str:
        self._made += 1
        name = f"portal_{self._made}"
        self._admin(f"CREATE DATABASE {name}{how}")
        return self._server.url(name)

    def _admin(self, statement: str) -> None:
        with self._server.connect() as connection:
            connection.execute(statement.encode())


@contextmanager
def running() -> Generator[Server]:
    """Start a server in a folder of its own and end it afterwards."""
    with postgres.running(shared_buffers="32MB") as started:
        server = Server(started)
        server.prepare()
        yield server
