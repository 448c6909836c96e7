"""A PgBouncer before a database server: real ones, and the program that stands beside it."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from support import pgbouncer, provisioner_stage
from tenantry.wire import infrastructure, installations, tokens

Stage = provisioner_stage.Stage
Status = installations.Status

POOLED: dict[str, Any] = {**provisioner_stage.NEEDS, "database": {"connections": 6, "pooling": {"mode": "transaction"}}}
BUDGET = 5


@pytest.fixture
async def pooler(stage: Stage) -> AsyncIterator[pgbouncer.Pooler]:
    """A pooler before the stage's database server, whose applications go through it."""
    async with pgbouncer.placed() as placed:
        await stage.client.applications.apply(provisioner_stage.application(needs=POOLED))
        await change(stage, pooler_host=placed.host, pooler_port=placed.port, pooler_budget=BUDGET)
        yield placed


@pytest.fixture
async def running(stage: Stage, pooler: pgbouncer.Pooler) -> pgbouncer.Pooler:
    """One that runs."""
    await pooler.stand_beside(stage.url, await token(stage))
    await pooler.until_told("Written")
    pooler.start()
    await pooler.until_up()
    await pooler.until_told("PgBouncer has loaded it")
    return pooler


async def change(stage: Stage, **changes: Any) -> infrastructure.DatabaseServer:
    return await stage.client.database_servers.update("pg", infrastructure.UpdateDatabaseServer(**changes))


async def token(stage: Stage) -> str:
    asked = tokens.CreateToken(name="pooler", scopes=[tokens.Scope.POOLERS_READ])
    return (await stage.client.tokens.create(asked)).secret


def given(stage: Stage, made: installations.Installation) -> dict[str, str]:
    """What an installation was handed over of its database."""
    return next(each.data for each in stage.world.bundles[made.id].secrets if each.name.endswith("-database"))


async def test_lets_a_new_installation_in(stage: Stage, running: pgbouncer.Pooler) -> None:
    made = await stage.stable("acme")
    secret = given(stage, made)
    assert (secret["poolerHost"], secret["poolerPort"]) == (running.host, str(running.port))
    assert secret["port"] != secret["poolerPort"]
    async with await psycopg.AsyncConnection.connect(secret["poolerUrl"]) as connection:
        row = await (await connection.execute("SELECT current_user, current_database()")).fetchone()
    assert row == (secret["user"], secret["name"])
