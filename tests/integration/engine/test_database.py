"""A pool of connections: once it is closed none is left open."""

import asyncio
import gc

import sqlalchemy as sa

from tenantry.engine import database


async def _read(base: database.Database, begun: asyncio.Event, go_on: asyncio.Event) -> None:
    async with base.read() as reader:
        begun.set()
        await go_on.wait()
        await reader.execute(sa.select(1))


async def test_what_is_in_use_when_it_closes_is_waited_for_and_closed_too(database_url: str) -> None:
    base, begun, go_on = database.Database(database_url), asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_read(base, begun, go_on))
        await begun.wait()
        closing = tasks.create_task(base.close())
        await asyncio.sleep(0)
        assert not closing.done()
        go_on.set()
    gc.collect()  # a connection that is still open says so when nobody knows it any more, and that is an error
