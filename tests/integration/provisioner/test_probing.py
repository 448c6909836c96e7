"""What the probes of database servers say: who can connect to what, and what was closed."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from support import provisioner_stage
from tenantry.provisioner import tables
from tenantry.wire import infrastructure

Stage = provisioner_stage.Stage


@pytest.fixture
def foreign(postgres_server: Any) -> Iterator[str]:
    """A database of somebody else on the server that is registered."""
    name = f"foreign_{secrets.token_hex(6)}"
    with postgres_server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield name
    with postgres_server.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def probe(stage: Stage) -> None:
    """Make the server's probe due, and wait until it was taken."""
    services, table = stage.program.services, tables.DATABASE_SERVERS
    async with services.base.write() as writer:
        await writer.execute(table.update().values(due_at=services.around.clock.now()))

    async def is_taken() -> bool:
        async with services.base.read() as reader:
            row = (await reader.execute(table.select())).one()
        return row.lease_token is None and row.due_at > services.around.clock.now()

    await provisioner_stage.poll(is_taken, seconds=30)


async def test_a_server_says_which_databases_are_open_to_every_customer(
    foreign: str, stage: Stage, postgres_server: Any
) -> None:
    (seen,) = await stage.client.database_servers.list()
    assert (seen.status, seen.reason) == (infrastructure.Status.AVAILABLE, "DatabasesOpen")
    assert f"“{foreign}”" in seen.message
    assert "REVOKE CONNECT ON DATABASE" in seen.message
    await stage.stable("acme")  # a warning, no obstacle
    with postgres_server.connect() as connection:
        row = connection.execute("SELECT datacl FROM pg_database WHERE datname = %s", [foreign]).fetchone()
    assert row == (None,)  # as PostgreSQL made it


async def test_a_database_of_ours_that_somebody_opened_is_closed_again(stage: Stage, postgres_server: Any) -> None:
    await stage.stable("acme")
    async with stage.program.services.base.read() as reader:
        name = (await reader.execute(tables.LOGICAL_DATABASES.select())).one().name
    with postgres_server.connect() as connection:
        connection.execute(f"GRANT CONNECT ON DATABASE {name} TO PUBLIC")
    await probe(stage)
    with postgres_server.connect() as connection:
        row = connection.execute("SELECT has_database_privilege('public', %s, 'CONNECT')", [name]).fetchone()
    assert row == (False,)


async def test_what_is_open_is_told_once(foreign: str, stage: Stage) -> None:
    await probe(stage)
    await probe(stage)
    async with stage.program.services.base.read() as reader:
        rows = (await reader.execute(tables.EVENTS.select())).all()
    assert len([row for row in rows if row.subject_kind == "database-server" and f"“{foreign}”" in row.summary]) == 1
