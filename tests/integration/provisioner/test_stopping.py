"""A stop ends within its grace, whatever is under way."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import sqlalchemy as sa

from support import provisioner_stage, runtime_twin
from tenantry.provisioner import tables

Stage = provisioner_stage.Stage
LONGEST = 5.0
"""Seconds: the stage's grace is one, and there is some to hand back."""


@pytest.fixture
async def ended(
    place: provisioner_stage.Place, world: runtime_twin.World
) -> AsyncIterator[tuple[Stage, AsyncExitStack]]:
    """A stage that knows everything, and the stack that ends it."""
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(provisioner_stage.opened(place, world=world))
        await stage.register()
        yield stage, stack


async def duration(stack: AsyncExitStack) -> float:
    started = time.monotonic()
    async with asyncio.timeout(60):
        await stack.aclose()
    return time.monotonic() - started


async def leases(place: provisioner_stage.Place, world: runtime_twin.World) -> int:
    """Count what is still somebody's."""
    async with (
        provisioner_stage.opened(place, world=world, supervised=[]) as stage,
        stage.program.services.base.read() as reader,
    ):
        found = 0
        for table in (tables.INSTALLATIONS, tables.WATCHES, tables.CLUSTERS, tables.PREPARATIONS):
            rows = (await reader.execute(table.select())).all()
            found += sum(row.lease_token is not None for row in rows)
        return found


class TestAStop:
    async def test_at_rest_takes_no_time(self, ended: tuple[Stage, AsyncExitStack]) -> None:
        assert await duration(ended[1]) < LONGEST
        assert await leases(ended[0].place, ended[0].world) == 0

    async def test_ends_although_a_cluster_never_answers(self, ended: tuple[Stage, AsyncExitStack]) -> None:
        stage, stack = ended
        stage.world.freeze()
        made = await stage.create("acme")
        await provisioner_stage.poll(lambda: stage.world.calls["apply", made.id])
        assert await duration(stack) < LONGEST
        stage.world.thaw()
        assert await leases(stage.place, stage.world) == 0

    async def test_ends_while_a_watch_is_opened(self, ended: tuple[Stage, AsyncExitStack]) -> None:
        stage, stack = ended
        before = stage.world.calls["facts", ""]
        stage.world.freeze()
        for queue in stage.world.watches:
            queue.put_nowait(None)
        await provisioner_stage.poll(lambda: stage.world.calls["facts", ""] > before)
        assert await duration(stack) < LONGEST
        assert await leases(stage.place, stage.world) == 0

    async def test_ends_while_the_database_is_locked(self, ended: tuple[Stage, AsyncExitStack]) -> None:
        """What cannot be handed back is left to the end of its lease, and nobody goes on waiting for it."""
        stage, stack = ended
        stage.world.freeze()
        made = await stage.create("acme")
        await provisioner_stage.poll(lambda: stage.world.calls["apply", made.id])
        other = provisioner_stage.build(stage.place, stage.world).services.base
        async with other.write() as writer:
            await writer.execute(tables.INSTALLATIONS.select().with_for_update())
            assert await duration(stack) < 4 * LONGEST
            waiting = sa.text("SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            assert (await writer.scalars(waiting)).all() == []
        await other.close()
