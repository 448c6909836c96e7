"""The supervisor may die at any step: the next one finishes, and nothing exists twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import orjson
import psycopg
import pytest

from support import provisioner_lives, provisioner_stage, runtime_twin
from tenantry.provisioner import tables
from tenantry.wire import installations

Stage = provisioner_stage.Stage
Status = installations.Status
Ask = Callable[[Stage], Awaitable[object]]

EVERYTHING_ELSE = ["preparations", "clusters", "database-servers", "object-stores"]


@pytest.fixture
async def stage(place: provisioner_stage.Place, world: runtime_twin.World) -> AsyncIterator[Stage]:
    """A provisioner without a supervisor of installations: its lives come and go."""
    async with provisioner_stage.opened(place, world=world, supervised=EVERYTHING_ELSE) as opened:
        await opened.register()
        yield opened


async def create(stage: Stage) -> None:
    await stage.create("acme")


async def update(stage: Stage) -> None:
    await stage.client.installations.update("acme", installations.UpdateInstallation(version="2.0"))


async def hibernate(stage: Stage) -> None:
    await stage.client.installations.hibernate("acme")


async def rotate(stage: Stage) -> None:
    await stage.client.installations.rotate("acme")


async def delete(stage: Stage) -> None:
    await stage.client.installations.delete("acme", grace_seconds=0)


async def discard_and_take_back(stage: Stage) -> None:
    await stage.client.installations.delete("acme")
    await stage.client.installations.undelete("acme")


CASES: list[tuple[str, list[Ask], Ask, Status]] = [
    ("create", [], create, Status.STABLE),
    ("update", [create], update, Status.STABLE),
    ("hibernate", [create], hibernate, Status.HIBERNATED),
    ("rotate", [create], rotate, Status.STABLE),
    ("rotate asleep", [create, hibernate], rotate, Status.HIBERNATED),
    ("rotate and delete", [create], lambda stage: _both(stage, rotate, delete), Status.DELETED),
    ("delete", [create], delete, Status.DELETED),
    ("delete at once", [], lambda stage: _both(stage, create, delete), Status.DELETED),
    ("take back", [create], discard_and_take_back, Status.STABLE),
]


async def _both(stage: Stage, first: Ask, second: Ask) -> None:
    await first(stage)
    await second(stage)


@pytest.mark.parametrize(("prepared", "ask", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_after_a_crash_at_any_step_everything_converges(
    stage: Stage, prepared: list[Ask], ask: Ask, wanted: Status
) -> None:
    steps = await _steps(stage, prepared, ask, wanted)
    assert steps >= 3
    for number in range(1, steps + 1):
        for fuse in (provisioner_lives.Fuse(before=number), provisioner_lives.Fuse(after=number)):
            await _clear(stage)
            async with AsyncExitStack() as dead:
                await _prepare(stage, prepared)
                await ask(stage)
                await dead.enter_async_context(provisioner_lives.life(stage, fuse))
                async with asyncio.timeout(10):
                    await fuse.blown.wait()
                await provisioner_lives.let_leases_end(stage)
                async with provisioner_lives.life(stage):
                    await _until_settled(stage, wanted)
            await _audit(stage, wanted)


async def _steps(stage: Stage, prepared: list[Ask], ask: Ask, wanted: Status) -> int:
    """Count the steps of a life in which nothing goes wrong."""
    await _prepare(stage, prepared)
    await ask(stage)
    async with provisioner_lives.life(stage) as fuse:
        await _until_settled(stage, wanted)
    await _audit(stage, wanted)
    return fuse.count


async def _prepare(stage: Stage, prepared: list[Ask]) -> None:
    for each in prepared:
        await each(stage)
        async with provisioner_lives.life(stage):
            await _until_settled(stage, Status.HIBERNATED if each is hibernate else Status.STABLE)


async def _until_settled(stage: Stage, wanted: Status) -> None:
    async def settled() -> bool:
        async with stage.program.services.base.read() as reader:
            table = tables.INSTALLATIONS
            rows = (await reader.execute(table.select().where(table.c.name == "acme"))).all()
        return [(row.status, row.due_at, row.lease_token) for row in rows] == [(wanted, None, None)]

    await provisioner_stage.poll(settled)


async def _audit(stage: Stage, wanted: Status) -> None:
    """Everything exists once, or not at all."""
    expected = 0 if wanted is Status.DELETED else 1
    s3 = stage.place.folder / "s3"
    assert len(stage.world.bundles) == expected
    assert max(stage.world.started.values(), default=0) <= 1
    assert len(list((s3 / "keys").glob("*.json"))) == len(list((s3 / "buckets").glob("*/*"))) == expected
    for catalogue, column in (("pg_database", "datname"), ("pg_roles", "rolname")):
        assert await _count(stage, f"SELECT count(*) FROM {catalogue} WHERE {column} LIKE 't\\_%'") == expected  # noqa: S608 - our own words
    async with stage.program.services.base.read() as reader:
        row = (await reader.execute(tables.INSTALLATIONS.select())).one()
        kinds = [each.type for each in await reader.execute(tables.EVENTS.select().order_by(tables.EVENTS.c.sequence))]
    assert kinds.count("installation.created") == 1
    assert kinds.count("installation.deleted") == (1 if wanted is Status.DELETED else 0)
    if expected:
        known = stage.world.bundles[row.id].installation
        assert known.metadata.generation == row.generation == row.handed_generation
        assert known.spec.version == row.version
        await _opens(stage, {each.name: each.data for each in stage.world.bundles[row.id].secrets}, row.id)


async def _opens(stage: Stage, secrets: dict[str, dict[str, str]], installation: str) -> None:
    """What was handed over opens what was made."""
    given, bucket = secrets[f"{installation}-database"], secrets[f"{installation}-bucket"]
    async with await psycopg.AsyncConnection.connect(given["url"]) as connection:
        await connection.execute("SELECT 1")
    [key] = (stage.place.folder / "s3" / "keys").glob("*.json")
    assert (key.stem, orjson.loads(key.read_bytes())["secretKey"]) == (bucket["accessKey"], bucket["secretKey"])
    assert (stage.place.folder / "s3" / "buckets" / key.stem / bucket["name"]).is_dir()


async def _count(stage: Stage, query: str) -> int:
    place = stage.place
    connection = await psycopg.AsyncConnection.connect(
        host=place.host, port=place.port, user=place.user, password=place.password, dbname="postgres"
    )
    async with connection:
        row = await (await connection.execute(query.encode())).fetchone()
    assert row is not None
    return int(row[0])


async def _clear(stage: Stage) -> None:
    """Delete what is there, the usual way, and forget it."""
    async with stage.program.services.base.read() as reader:
        living = (
            await reader.execute(tables.INSTALLATIONS.select().where(tables.INSTALLATIONS.c.status != "deleted"))
        ).all()
    if living:
        await delete(stage)
        async with provisioner_lives.life(stage):
            await _until_settled(stage, Status.DELETED)
    async with stage.program.services.base.write() as writer:
        await writer.execute(tables.INSTALLATIONS.delete())
        await writer.execute(tables.EVENTS.delete())
    stage.world.started.clear()
