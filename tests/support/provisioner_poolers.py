"""A stage whose database server has a pooler before it, and what is asked there again and again."""

import asyncio
from typing import Any

import psycopg

from support import provisioner_stage
from tenantry.wire import infrastructure, installations, tokens

Stage = provisioner_stage.Stage

POOLED: dict[str, Any] = {**provisioner_stage.NEEDS, "database": {"connections": 6, "pooling": {"mode": "transaction"}}}
BUDGET = 5


async def change(stage: Stage, **changes: Any) -> infrastructure.DatabaseServer:
    return await stage.client.database_servers.update("pg", infrastructure.UpdateDatabaseServer(**changes))


async def token(stage: Stage) -> str:
    asked = tokens.CreateToken(name="pooler", scopes=[tokens.Scope.POOLERS_READ])
    return (await stage.client.tokens.create(asked)).secret


def given(stage: Stage, made: installations.Installation) -> dict[str, str]:
    """What an installation was handed over of its database."""
    return next(each.data for each in stage.world.bundles[made.id].secrets if each.name.endswith("-database"))


async def waits(stage: Stage, name: str, reason: str) -> str:
    """Return what an installation waits for, once it says so."""

    async def says_so() -> bool:
        return (await stage.client.installations.get(name)).reason == reason

    await provisioner_stage.poll(says_so, seconds=20)
    return (await stage.client.installations.get(name)).message


async def condition(stage: Stage, name: str) -> tuple[str, str, str]:
    """What is said of an installation and its pooler."""
    conditions_ = (await stage.client.installations.get(name)).conditions
    [found] = [each for each in conditions_ if each.type == "PoolerReady"]
    return str(found.status), found.reason, found.message


async def settled(stage: Stage, made: installations.Installation, *, is_pooled: bool) -> dict[str, str]:
    """Return what it was handed over, once that is so and it is stable."""

    def is_so() -> bool:
        return ("poolerUrl" in given(stage, made)) is is_pooled

    await provisioner_stage.poll(is_so)
    await stage.until(made.id, installations.Status.STABLE)
    return given(stage, made)


async def opened(secret: dict[str, str], url: str = "poolerUrl") -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(secret[url], autocommit=True, connect_timeout=5)


async def serves(secret: dict[str, str], url: str = "poolerUrl") -> bool:
    try:
        async with asyncio.timeout(5), await opened(secret, url) as connection:
            row = await (await connection.execute("SELECT current_user")).fetchone()
    except (psycopg.Error, TimeoutError):  # PgBouncer lets clients wait for a server that refuses it
        return False
    return row == (secret["user"],)


def verifier(stage: Stage, role: str) -> str:
    """What the server keeps of a role's password."""
    with psycopg.connect(
        host=stage.place.host, port=stage.place.port, user=stage.place.user, password=stage.place.password
    ) as connection:
        row = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [role]).fetchone()
    assert row is not None
    return str(row[0])
