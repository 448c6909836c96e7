"""A real PostgreSQL server for the session, and a fresh database for each test that asks for one."""

import secrets
from collections.abc import Iterator

import pytest
from psycopg import sql

from support import postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    with postgres.running() as server:
        yield server


@pytest.fixture
def database_url(postgres_server: postgres.Server) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    with postgres_server.connect() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    yield postgres_server.url(name)
    with postgres_server.connect() as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
