"""A small table that is worked on, in a database of its own."""

from collections.abc import AsyncIterator

import pytest

from support import engine_bench
from tenantry.engine import database


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[engine_bench.Bench]:
    base = database.Database(database_url, pool_size=12)
    async with base.engine.begin() as connection:
        await connection.run_sync(engine_bench.METADATA.create_all)
    yield engine_bench.Bench(base=base, url=database_url)
    await base.close()
