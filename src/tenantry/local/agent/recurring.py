"""Runs an installation's jobs on a schedule for as long as it is said to be well; between two of them it costs a timer.

A job that is due while it still runs is left out, and so is what was due while nobody was there to start it. One that
fails is told in the log and tried again when it is due again. Whatever runs is ended with `stop`, and bears it.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import structlog

from tenantry.application import rendering, schedule
from tenantry.kernel import clock as clocks
from tenantry.local import program
from tenantry.local.agent import deployment, measures, ports

log = structlog.get_logger()

_Kept = tuple[tuple[rendering.ScheduledJob, ...], Mapping[str, program.ProgramSpec]]


class Recurring:
    """The jobs on a schedule of one installation.

    Attributes:
        due: job → when it runs next, for those that wait.
    """

    def __init__(self, name: str, *, jobs: ports.Jobs, clock: clocks.Clock, measured: measures.Measures) -> None:
        """Take whose they are, who runs jobs, and who counts."""
        self._name = name
        self._jobs = jobs
        self._clock = clock
        self._measures = measured
        self.due: dict[str, datetime] = {}
        self._kept: _Kept | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def keep(self, deployed: deployment.Deployment) -> None:
        """Keep to the schedules of what is deployed; where they are as before, what runs goes on."""
        kept = (deployed.rendered.scheduled, deployed.scheduled)
        if self._kept == kept:
            return
        await self.stop()
        self._kept = kept
        if deployed.scheduled:
            self._keeping = asyncio.create_task(self._keep(*kept))

    async def stop(self) -> None:
        """End what runs, and start nothing more."""
        self._kept = None
        self.due.clear()
        if self._keeping is not None:
            ended, self._keeping = self._keeping, None
            ended.cancel()
            await asyncio.wait({ended})

    async def _keep(
        self, declared: tuple[rendering.ScheduledJob, ...], specs: Mapping[str, program.ProgramSpec]
    ) -> None:
        async with asyncio.TaskGroup() as group:
            for job in declared:
                group.create_task(self._keep_one(job, specs[job.name]))

    async def _keep_one(self, job: rendering.ScheduledJob, spec: program.ProgramSpec) -> None:
        while True:
            self.due[job.name] = schedule.next_due(job.schedule, job.time_zone, self._clock.now())
            await self._until(self.due[job.name])
            del self.due[job.name]
            await self._run(job, spec)

    async def _until(self, due: datetime) -> None:
        left = (due - self._clock.now()).total_seconds()
        while left > 0:
            await asyncio.sleep(left)
            # A timer may be early by a little, and then the same moment would be due again.
            left = (due - self._clock.now()).total_seconds()

    async def _run(self, job: rendering.ScheduledJob, spec: program.ProgramSpec) -> None:
        about = {"installation": self._name, "job": job.name}
        try:
            status = (await self._jobs.run(spec, job.timeout.total_seconds())).exit_status
        except Exception:  # a loop edge: a run that could not even begin must not end those to come
            log.exception("scheduled job failed unexpectedly", **about)
            self._measures.recurred(outcome="failed")
            return
        self._measures.recurred(outcome="done" if status == 0 else "failed")
        if status == 0:
            log.info("scheduled job done", **about)
        else:
            log.warning("scheduled job failed", **about, exit_status=status)
