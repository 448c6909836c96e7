"""A provisioner on a fresh copy of a migrated database."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support import pgbouncer, provisioner_api, provisioner_stage, runtime_twin, s3_server, s3_tenants
from support import provisioner_poolers as poolers
from tenantry.engine import migration
from tenantry.provisioner import server
from tenantry.provisioner.adapters.s3 import connection, maker


@pytest.fixture(scope="session")
def migrated(postgres_server: Any) -> Iterator[str]:
    """The name of a migrated database, to be copied."""
    name = f"migrated_{secrets.token_hex(6)}"
    with postgres_server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    migration.migrate(postgres_server.url(name), server.MIGRATIONS)
    yield name
    with postgres_server.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def place(postgres_server: Any, migrated: str, tmp_path: Path) -> Iterator[provisioner_stage.Place]:
    name = f"test_{secrets.token_hex(6)}"
    with postgres_server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated}")
    yield provisioner_stage.Place(
        url=postgres_server.url(name),
        host=postgres_server.host,
        port=postgres_server.port,
        user=postgres_server.user,
        password=postgres_server.password,
        folder=tmp_path,
    )
    with postgres_server.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        for (left,) in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 't\\_%'").fetchall():
            connection.execute(f"DROP DATABASE {left} WITH (FORCE)")
        for (left,) in connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 't\\_%'").fetchall():
            connection.execute(f"DROP ROLE {left}")


@pytest.fixture(scope="session")
def object_store() -> Iterator[s3_server.S3Server]:
    """A real S3 server with users."""
    with s3_server.running() as running:
        yield running


@pytest.fixture
def connections() -> connection.Connections:
    return connection.Connections()


@pytest.fixture
def made_by(object_store: s3_server.S3Server, connections: connection.Connections) -> maker.IamMaker:
    return maker.IamMaker(object_store.store(), connections)


@pytest.fixture
async def administrator(
    object_store: s3_server.S3Server, connections: connection.Connections
) -> AsyncIterator[connection.Clients]:
    async with connections.opened(object_store.store(), within=timedelta(minutes=5)) as clients:
        yield clients


@pytest.fixture
async def tenants(
    made_by: maker.IamMaker, object_store: s3_server.S3Server, connections: connection.Connections
) -> AsyncIterator[tuple[s3_tenants.Tenant, s3_tenants.Tenant]]:
    names = [s3_tenants.new_name(), s3_tenants.new_name()]
    made = [s3_tenants.Tenant(object_store, connections, name, await made_by.make(name, "", "")) for name in names]
    yield made[0], made[1]
    for name in names:
        await made_by.remove(name, "")


@pytest.fixture
def world() -> runtime_twin.World:
    return runtime_twin.World()


@pytest.fixture
async def bare(place: provisioner_stage.Place, world: runtime_twin.World) -> AsyncIterator[provisioner_stage.Stage]:
    """A provisioner that knows nothing yet."""
    async with provisioner_stage.opened(place, world=world) as opened:
        yield opened


@pytest.fixture
async def stage(bare: provisioner_stage.Stage) -> provisioner_stage.Stage:
    """A provisioner that knows a cluster, a server, a store and an application."""
    async with asyncio.timeout(20):
        await bare.register()
    return bare


@pytest.fixture
async def api(place: provisioner_stage.Place) -> AsyncIterator[provisioner_api.Api]:
    """An API whose supervisors rest, with an application to order."""
    async with provisioner_stage.opened(place, supervised=[]) as stage, aiohttp.ClientSession() as session:
        await stage.client.applications.apply(provisioner_stage.application())
        yield provisioner_api.Api(stage, session)


@pytest.fixture
async def live(stage: provisioner_stage.Stage) -> AsyncIterator[provisioner_api.Api]:
    async with aiohttp.ClientSession() as session:
        yield provisioner_api.Api(stage, session)


@pytest.fixture
async def pooler(stage: provisioner_stage.Stage) -> AsyncIterator[pgbouncer.Pooler]:
    """A pooler before the stage's database server, whose applications go through it."""
    async with pgbouncer.placed() as placed:
        await stage.client.applications.apply(provisioner_stage.application(needs=poolers.POOLED))
        await poolers.change(stage, pooler_host=placed.host, pooler_port=placed.port, pooler_budget=poolers.BUDGET)
        yield placed


@pytest.fixture
async def running(stage: provisioner_stage.Stage, pooler: pgbouncer.Pooler) -> pgbouncer.Pooler:
    """One that runs."""
    await pooler.stand_beside(stage.url, await poolers.token(stage))
    await pooler.until_told("Written")
    pooler.start()
    await pooler.until_up()
    await pooler.until_told("PgBouncer has loaded it")
    return pooler
