"""Cares for one installation: looks, plans, takes the steps, reports, and rests until something changes.

One worker per installation, so no two steps of one installation contradict each other; what arrives meanwhile is
merged, because each round begins with the document as it is then. A removal or a night's rest does not wait for the
end of a job.
"""

import asyncio
import contextlib
from datetime import datetime, timedelta

import structlog

from tenantry.application import rendering
from tenantry.kernel import errors
from tenantry.local.agent import assessment, case, effects, model, plan, record, recurring, services, step, turns
from tenantry.runtime import document

log = structlog.get_logger()

_FIRST_TRIES = timedelta(seconds=3)
_SOON = timedelta(milliseconds=25)
_LATER = timedelta(milliseconds=100)
_TROUBLE = timedelta(seconds=1)
_LONGEST_TROUBLE = timedelta(seconds=30)
_LOOK_WHILE_STARTING = timedelta(milliseconds=250)


class Worker:
    """The care for one installation."""

    def __init__(
        self, bundle: document.InstallationBundle, memory: record.Record, *, shared: services.Services
    ) -> None:
        """Take the document, what is remembered, and the shared parts."""
        self.case = case.Case(bundle, memory, shared=shared)
        self._shared = shared
        self._effects = effects.Effects(self.case, shared)
        self.recurring = recurring.Recurring(
            self.case.name, jobs=shared.jobs, clock=shared.clock, measured=shared.measures
        )
        self._poked = asyncio.Event()
        self._urgent = asyncio.Event()
        self._turn: turns.Turn | None = None
        self._begun = self._looked = shared.clock.now()
        self._troubles = 0
        self._has_lost_process = False
        self._is_status_kept = False

    def poke(self) -> None:
        """Something may have changed: plan anew."""
        self._poked.set()

    def submit(self, bundle: document.InstallationBundle) -> None:
        """Take up another document."""
        self.case.replace(bundle)
        self._begun = self._shared.clock.now()
        if bundle.installation.spec.run_policy is document.RunPolicy.ASLEEP:
            self._urgent.set()
        self.poke()

    async def delete(self) -> None:
        """Begin the removal; it cannot be taken back."""
        await self.case.remember(is_deleting=True)
        self._urgent.set()
        self.poke()

    def seen(self) -> None:
        """The supervisor was looked at: note what ended, and plan anew if something did."""
        now = self._shared.clock.now()
        infos = self._shared.observer.infos(self.case.slot)
        before = self.case.sight.programs({}, now)
        if ended := self.case.sight.look(infos, now):
            self._has_lost_process = True
            self._shared.measures.restarted(ended)
            self.case.note_restarts(ended)
            log.warning("workload ended", installation=self.case.name, count=ended)
        if ended or self.case.sight.programs({}, now) != before:
            self.poke()

    def health_checks(self) -> list[tuple[str, rendering.Probe]]:
        """Return the health checks of the workloads that are ready."""
        memory = self.case.memory
        if memory.status.phase not in (document.Phase.READY, document.Phase.DEGRADED):
            return []
        rendered = (self.case.workload(name) for name in memory.deployed)
        return [
            (each.name, each.health)
            for each in rendered
            if each is not None and each.health is not None and self.case.sight.is_up(each.name, each.readiness)
        ]

    async def run(self) -> None:
        """Care until the installation is gone."""
        try:
            await self._begin()
            while not await self._round():
                pass
        finally:
            await self.recurring.stop()
            await self._end_turn()

    async def _begin(self) -> None:
        # What runs already is asked before anything is reported, so that a new life of the agent alarms nobody.
        self.seen()
        with contextlib.suppress(errors.TenantryError):
            wanted = self.case.wanted()
            if wanted.layout is not None:
                await self._effects.ask_ready(each.name for each in wanted.layout.workloads)

    async def _round(self) -> bool:
        """Plan once and do what is due; tells whether the installation is gone."""
        self._poked.clear()
        self._urgent.clear()
        try:
            return await self._plan_and_act()
        except* errors.TemporaryError as group:
            await self._wait_out(_first(group).code)
        except* errors.TenantryError as group:
            await self._refuse(_first(group), is_retried=True)
        except* Exception:  # a loop edge: a defect in one step must not end the care
            log.exception("step failed unexpectedly", installation=self.case.name)
            await self._wait_out("internal")
        return False

    async def _plan_and_act(self) -> bool:
        try:
            wanted = self.case.wanted()
        except errors.TenantryError as error:
            await self._refuse(error, is_retried=False)
            return False
        if self._has_lost_process:
            self._has_lost_process = False
            self.case.log_lines = tuple(await self._effects.last_lines())
        steps = plan.plan(wanted, self.case.observed(has_turn=True), self._shared.clock.now())
        if any(isinstance(each, step.HEAVY) for each in steps) and not await self._has_turn(wanted):
            return False
        if not any(isinstance(each, step.STARTING) for each in steps):
            await self._end_turn()
        self._report(wanted)
        await self._keep_schedules(wanted, steps)
        if isinstance(steps[0], step.Rest):
            await self._rest(steps[0].until)
            return False
        await self._act(wanted, steps)
        self._troubles = 0
        return isinstance(steps[0], step.RemoveFiles)

    async def _keep_schedules(self, wanted: model.Wanted, steps: plan.Steps) -> None:
        """Jobs on a schedule run while it is ready, and not while it is made another, sleeps or goes."""
        is_moving = any(isinstance(each, step.MOVING) for each in steps)
        if is_moving or wanted.is_deleting or not wanted.is_awake:
            await self.recurring.stop()
            return
        deployed = self.case.deployment()
        if deployed is not None and self.case.memory.status.phase is document.Phase.READY:
            await self.recurring.keep(deployed)

    async def _act(self, wanted: model.Wanted, steps: plan.Steps) -> None:
        if isinstance(steps[0], step.AwaitReady):
            await self._await_ready(steps[0])
        elif any(isinstance(each, step.INTERRUPTIBLE) for each in steps):
            await self._act_unless_urgent(wanted, steps)
        else:
            await self._act_together(wanted, steps)

    async def _act_unless_urgent(self, wanted: model.Wanted, steps: plan.Steps) -> None:
        acting = asyncio.ensure_future(self._act_together(wanted, steps))
        urgent = asyncio.ensure_future(self._urgent.wait())
        try:
            await asyncio.wait({acting, urgent}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            urgent.cancel()
            acting.cancel()
            await asyncio.wait({acting})
        if not acting.cancelled():
            acting.result()

    async def _act_together(self, wanted: model.Wanted, steps: plan.Steps) -> None:
        async with asyncio.TaskGroup() as group:
            for each in steps:
                group.create_task(self._take(wanted, each))

    async def _take(self, wanted: model.Wanted, taken: step.Step) -> None:
        name = type(taken).__name__
        try:
            await self._effects.take(taken)
        except BaseException:
            self._shared.measures.step_taken(name, outcome="failed")
            raise
        self._shared.measures.step_taken(name, outcome="done")
        log.debug("step taken", installation=self.case.name, step=name)
        if not isinstance(taken, step.RemoveFiles):
            self._report(wanted)

    async def _await_ready(self, taken: step.AwaitReady) -> None:
        now = self._shared.clock.now()
        if now - self._looked >= _LOOK_WHILE_STARTING:
            self._looked = now
            await self._shared.observer.look()
        await self._effects.ask_ready(taken.names)
        if not self.case.sight.are_ready(taken.names):
            is_early = now - (self.case.sight.waiting_since(taken.names) or now) < _FIRST_TRIES
            await self._wait(_SOON if is_early else _LATER)

    async def _has_turn(self, wanted: model.Wanted) -> bool:
        """Tell whether it is this installation's turn; if not, say so and wait until it is or something changes."""
        if self._turn is None:
            self._turn = self._shared.turns.ask()
            await asyncio.sleep(0)
        if self._turn.is_mine:
            return True
        self._report(wanted, has_turn=False)
        poked = asyncio.ensure_future(self._poked.wait())
        await asyncio.wait({self._turn.waiting, poked}, return_when=asyncio.FIRST_COMPLETED)
        poked.cancel()
        return False

    async def _end_turn(self) -> None:
        if self._turn is not None:
            ended, self._turn = self._turn, None
            await ended.end()

    async def _rest(self, until: datetime | None) -> None:
        await self._end_turn()
        if not self._is_status_kept:
            self._is_status_kept = True
            await self.case.remember()
        await self._wait(None if until is None else until - self._shared.clock.now())

    async def _wait(self, longest: timedelta | None) -> None:
        """Wait until something changes, but not longer."""
        seconds = None if longest is None else max(longest.total_seconds(), 0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._poked.wait()

    async def _wait_out(self, code: str) -> None:
        """Something outside does not work now: wait longer each time."""
        self._troubles += 1
        longer = min(_LONGEST_TROUBLE, _TROUBLE * 2 ** min(self._troubles - 1, 8))
        log.warning("step put off", installation=self.case.name, code=code, seconds=longer.total_seconds())
        await self._wait(longer)

    async def _refuse(self, error: errors.TenantryError, *, is_retried: bool) -> None:
        """The document cannot be carried out as it is."""
        await self._end_turn()
        log.warning("document refused", installation=self.case.name, code=error.code)
        await self._effects.fail(
            step.Fail(
                reason="".join(word.capitalize() for word in error.code.split("-")),
                message=" ".join(filter(None, (error.message, error.advice))),
                condition=document.ConditionType.READY,
                holds=(),
                is_retried=is_retried,
            )
        )
        self._report(self.case.bare())
        retry_at = self.case.memory.failure.retry_at if self.case.memory.failure else None
        await self._wait(None if retry_at is None else retry_at - self._shared.clock.now())

    def _report(self, wanted: model.Wanted, *, has_turn: bool = True) -> None:
        before = self.case.memory.status
        now = self._shared.clock.now()
        status = assessment.assess(wanted, self.case.observed(has_turn=has_turn), now)
        if status != before:
            self.case.note_status(status)
            self._is_status_kept = False
        if status.phase is not before.phase:
            log.info("phase changed", installation=self.case.name, phase=status.phase, generation=wanted.generation)
            if status.phase is document.Phase.READY:
                self._shared.measures.became_ready((now - self._begun).total_seconds())
        self._shared.hub.publish(self.case.reported())


def _first(group: BaseExceptionGroup[errors.TenantryError]) -> errors.TenantryError:
    """Return one of the errors of steps that were taken together; the others will come again if they still hold."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
