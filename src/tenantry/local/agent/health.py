"""Asks ready workloads by their period whether they are well, and pokes the worker of one that is not."""

import asyncio
import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tenantry.application import rendering
from tenantry.kernel import clock
from tenantry.local.agent import ports, worker

_PAUSE = 0.5


@dataclass(order=True, slots=True)
class _Due:
    at: datetime
    installation: str
    workload: str = field(compare=False)


class Health:
    """One loop for the health checks of all installations; checks due at the same time run together."""

    def __init__(self, prober: ports.Prober, time: clock.Clock, workers: Callable[[], Iterable[worker.Worker]]) -> None:
        """Take who asks, what time it is, and whose workloads to ask."""
        self._prober = prober
        self._clock = time
        self._workers = workers
        self._due: list[_Due] = []
        self._known: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Check for ever."""
        while True:
            await asyncio.sleep(_PAUSE)
            await self.check()

    async def check(self) -> None:
        """Ask all workloads that are due."""
        workers = {each.case.name: each for each in self._workers()}
        self._take_in(workers)
        now = self._clock.now()
        async with asyncio.TaskGroup() as group:
            while self._due and self._due[0].at <= now:
                due = heapq.heappop(self._due)
                self._known.discard((due.installation, due.workload))
                if (cared := workers.get(due.installation)) is not None:
                    group.create_task(self._ask(cared, due.workload))

    def _take_in(self, workers: dict[str, worker.Worker]) -> None:
        for name, cared in workers.items():
            for workload, probe in cared.health_checks():
                if (name, workload) not in self._known:
                    self._known.add((name, workload))
                    heapq.heappush(self._due, _Due(self._clock.now() + probe.period, name, workload))

    async def _ask(self, cared: worker.Worker, workload: str) -> None:
        probes: dict[str, rendering.Probe] = dict(cared.health_checks())
        if (probe := probes.get(workload)) is None:
            return
        is_well = await self._prober.ask(probe)
        if cared.case.sight.mark_health(workload, is_well=is_well, threshold=probe.failure_threshold):
            cared.poke()
