"""Lives of the provisioner's supervisor of installations, each of which may end at any step without a word."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncConnection

from support import provisioner_stage
from tenantry.engine import metrics, supervisor
from tenantry.provisioner import tables
from tenantry.provisioner.installations import model, work


class Fuse:
    """Counts steps; at the given one the life hangs for ever, before or after the step's effect."""

    def __init__(self, *, before: int | None = None, after: int | None = None) -> None:
        self._before, self._after = before, after
        self.count = 0
        self.blown = asyncio.Event()

    async def enter(self) -> None:
        self.count += 1
        if self.count == self._before or self.blown.is_set():
            await self.blow()

    async def leave(self) -> None:
        if self.count == self._after:
            await self.blow()

    async def blow(self) -> None:
        self.blown.set()
        await asyncio.Event().wait()


class FusedWork:
    """The real work, with a fuse in it. What a step has done in the world stays; what it wanted to write is lost."""

    def __init__(self, inner: work.InstallationWork, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    async def load(self, connection: AsyncConnection, row: str) -> model.Installation | None:
        return await self._inner.load(connection, row)

    async def act(self, row: model.Installation) -> work.Outcome:
        await self._fuse.enter()
        outcome = await self._inner.act(row)
        await self._fuse.leave()
        return outcome

    async def apply(self, connection: AsyncConnection, row: model.Installation, outcome: work.Outcome) -> Any:
        return await self._inner.apply(connection, row, outcome)

    async def reject(self, connection: AsyncConnection, row: model.Installation, failure: Any) -> Any:
        return await self._inner.reject(connection, row, failure)


@asynccontextmanager
async def life(stage: provisioner_stage.Stage, fuse: Fuse | None = None) -> AsyncGenerator[Fuse]:
    """A supervisor with an empty memory; one that hangs is ended when its lease is another's."""
    fuse = fuse or Fuse()
    services = stage.program.services
    around = supervisor.Surroundings(
        database=services.base.engine,
        waker=services.waker,
        clock=services.around.clock,
        randomness=services.around.randomness,
        metrics=metrics.Metrics(CollectorRegistry()),
        owner="a life",
    )
    fused = FusedWork(work.InstallationWork(services.around, services.world), fuse)
    living = supervisor.Supervisor(tables.INSTALLATIONS_QUEUE, fused, around)
    task = asyncio.create_task(living.run())
    try:
        yield fuse
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def let_leases_end(stage: provisioner_stage.Stage, *more: sa.Table) -> None:
    """Let as much time pass as a lease on an installation lasts.

    Args:
        stage: whose.
        more: tables whose leases end as well.
    """
    services = stage.program.services
    past = services.around.clock.now() - timedelta(seconds=1)
    async with services.base.write() as writer:
        for table in (tables.INSTALLATIONS, *more):
            await writer.execute(
                table.update().where(table.c.lease_token.is_not(None)).values(lease_expires_at=past, due_at=past)
            )
