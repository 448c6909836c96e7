"""The operator as a whole: the eyes, the queue, the hands, and who wakes whom; wired once, run until cancelled."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry

from tenantry.kernel import clock as clocks
from tenantry.kernel import randomness as randoms
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import kinds
from tenantry.operator.controller import (
    applications,
    diagnosis,
    effects,
    keys,
    measures,
    notices,
    queue,
    reconciler,
    table,
    turns,
    untold,
    wishes,
    work,
    world,
)
from tenantry.operator.render import facts as fact

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is done at once.

    Attributes:
        workers: installations that are looked at at the same time.
        changing: installations that may be on their way at the same time.
        longest: after so long, one on its way no longer counts.
        crowd: from when on so many are on their way that a beginning is not told.
    """

    workers: int = 32
    changing: int = 200
    longest: timedelta = timedelta(minutes=15)
    crowd: untold.Crowd = field(default_factory=untold.Crowd)


class Controller:
    """Brings the installations of a cluster to what their documents say."""

    def __init__(
        self,
        client: clients.Client,
        *,
        facts: fact.Facts,
        clock: clocks.Clock,
        randomness: randoms.Randomness,
        registry: CollectorRegistry,
        instance: str,
        bounds: Bounds = Bounds(),
        shard: world.Shard = world.WHOLE,
    ) -> None:
        """Wire the parts; nothing is asked yet.

        Args:
            client: how to ask the cluster.
            facts: what the cluster offers.
            clock: the time.
            randomness: for jitter and names.
            registry: where series are registered.
            instance: who we are, for Events.
            bounds: how much is done at once.
            shard: which namespaces are cared for.
        """
        self._bounds = bounds
        self.queue = queue.Queue[keys.Key](randomness)
        self._work = work.Work(self.queue, self._care, clock)
        self.reports = queue.Queue[keys.Key](randomness)
        self._reports = work.Work(self.reports, self._report, clock)
        wakes = world.Wakes(installation=self._work.add, application=self._reports.add)
        self.world = world.World(
            client, wakes=wakes, clock=clock, randomness=randomness, offers=facts.offers, shard=shard
        )
        self._measures = measures.Measures(registry)
        self._notices = notices.Notices(
            client,
            self.world.installations.cache,
            measured=self._measures,
            clock=clock,
            randomness=randomness,
            instance=instance,
        )
        self._turns = turns.Turns(bounds.changing, bounds.longest)
        self._reconciler = self._caring(client, facts, clock, randomness)
        self._applications = applications.ApplicationReports(client, self.world)
        self._register()

    def _caring(
        self, client: clients.Client, facts: fact.Facts, clock: clocks.Clock, randomness: randoms.Randomness
    ) -> reconciler.Reconciler:
        return reconciler.Reconciler(
            client,
            known=self.world,
            wished=wishes.Wishes(client, self.world, facts, self._measures),
            hands=effects.Effects(client, self.world, self._notices, diagnosis.Diagnosis(client)),
            turn=self._turns,
            crowd=self._bounds.crowd,
            wake=self._work.add,
            measured=self._measures,
            clock=clock,
            randomness=randomness,
        )

    async def look(self) -> None:
        """Keep what is known true until cancelled; a standby does this too."""
        await self.world.run()

    async def act(self) -> None:
        """Wait until everything is known, then care for installations until cancelled."""
        await self.world.synced()
        for each in self.world.installations.cache.all():
            self.world.begin(each)
        self._measures.leads(is_leading=True)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._notices.run())
                group.create_task(self._reports.run(1))
                group.create_task(self._work.run(self._bounds.workers))
        finally:
            self._measures.leads(is_leading=False)

    def is_ready(self) -> bool:
        """Tell whether everything is known."""
        return self.world.is_synced()

    def is_idle(self) -> bool:
        """Tell whether nothing is due and nothing is worked on."""
        return not any(len(each) or each.working for each in (self.queue, self.reports))

    async def _care(self, key: keys.Key) -> datetime | None:
        return await self._reconciler.care(key)

    async def _report(self, key: keys.Key) -> datetime | None:
        return await self._applications.care(key)

    def _register(self) -> None:
        read = self._measures.read
        read("queue_ready", "Installations that are due.", lambda: len(self.queue))
        read("queue_waiting", "Installations that wait for their time.", lambda: self.queue.waiting)
        read("queue_working", "Installations that are worked on.", lambda: self.queue.working)
        read("changing", "Installations on their way.", lambda: self._turns.held)
        read("changing_waiting", "Installations that wait for a turn.", lambda: self._turns.waiting)
        recalls = self.world.recalls.values()
        read("objects_told", "Objects of installations that were read.", lambda: sum(each.asked for each in recalls))
        about = "Objects of which it was worked out what still stands of what was applied."
        read("objects_compared", about, lambda: sum(each.worked_out for each in recalls))
        read("installations", "Installations that are known.", lambda: len(self.world.installations.cache))


async def offered(client: clients.Client) -> frozenset[kinds.Kind]:
    """Return the optional kinds that a cluster has."""
    return frozenset([kind for kind in table.OPTIONAL if await client.serves(kind)])
