"""Carries out the steps of a plan for one installation. Each may be cut off anywhere and made again.

What must not be done twice is remembered as soon as it is done; what is done again in its place is harmless: files are
replaced, programs are put under the same names, jobs bear it by the manifest's contract.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import assert_never

import structlog

from tenantry.application import rendering, values
from tenantry.kernel import errors
from tenantry.local import program
from tenantry.local.agent import case, deployment, logs, pool, record, services, step
from tenantry.runtime import document, masking

log = structlog.get_logger()

LINES = 20
"""So many lines of the log are shown of what is unwell."""

_JOB_DELAY = timedelta(seconds=2)
_LOOP_DELAY = timedelta(seconds=10)
_LONGEST_DELAY = timedelta(minutes=5)

_JOB_CONDITIONS = {
    rendering.JobName.INITIALISE: document.ConditionType.INITIALISED,
    rendering.JobName.MIGRATE: document.ConditionType.MIGRATED,
    rendering.JobName.FIRST_ADMINISTRATOR: document.ConditionType.ADMINISTRATOR_CREATED,
    rendering.JobName.SMOKE_CHECK: document.ConditionType.READY,
}
_JOB_REASONS = {
    rendering.JobName.INITIALISE: "InitialiseFailed",
    rendering.JobName.MIGRATE: "MigrateFailed",
    rendering.JobName.FIRST_ADMINISTRATOR: "FirstAdministratorFailed",
    rendering.JobName.SMOKE_CHECK: "SmokeCheckFailed",
}


class NotRenderedError(errors.TemporaryError):
    """The package or the place of the installation has gone meanwhile."""

    code = "not-rendered"


class Effects:
    """The hands of one worker."""

    def __init__(self, known: case.Case, shared: services.Services) -> None:
        """Take the installation and the shared parts."""
        self._case = known
        self._shared = shared

    async def take(self, taken: step.Step) -> None:  # noqa: C901, PLR0912 - one line for each kind of step
        """Carry out a step that changes something."""
        match taken:
            case step.ChoosePlace():
                await self._choose_place()
            case step.WriteFiles():
                await self._write_files()
            case step.Initialise():
                await self._initialise()
            case step.Migrate():
                await self._migrate()
            case step.StartWorkloads():
                await self._start(taken.names)
            case step.RestartWorkloads():
                await self._restart(taken.names)
            case step.StopWorkloads():
                await self._stop(taken.names)
            case step.RemoveWorkloads():
                await self._remove(taken.names)
            case step.AwaitReady():
                await self.ask_ready(taken.names)
            case step.CreateAdministrator():
                if await self._job(rendering.JobName.FIRST_ADMINISTRATOR):
                    await self._case.remember(has_administrator=True)
            case step.PutRoute():
                await self._shared.routes.put(self._case.name, self._deployment().layout.route)
            case step.DeleteRoute():
                await self._shared.routes.delete(self._case.name)
            case step.SmokeCheck():
                if await self._job(rendering.JobName.SMOKE_CHECK):
                    await self._case.remember(is_smoke_checked=True)
            case step.Settle():
                await self._settle()
            case step.Fail():
                await self.fail(taken)
            case step.RemoveFiles():
                await self._remove_files()
            case step.Rest():
                pass
            case _:
                assert_never(taken)

    async def ask_ready(self, names: Iterable[str]) -> None:
        """Ask these workloads whether they are ready, all at the same time."""
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(self._ask_ready(name))

    async def fail(self, taken: step.Fail) -> None:
        """Remember why it stands still, with the end of the log, and when it is tried again."""
        memory = self._case.memory
        attempt = self._case.bare().attempt
        before = memory.failure
        count = before.count + 1 if before and (before.attempt, before.reason) == (attempt, taken.reason) else 1
        failure = record.Failure(
            attempt=attempt,
            reason=taken.reason,
            message=taken.message,
            condition=taken.condition,
            count=count,
            retry_at=self._shared.clock.now() + _delay(taken, count) if taken.is_retried else None,
            holds=list(taken.holds),
            lines=await self.last_lines(),
        )
        await self._case.remember(failure=failure, well_since=None)

    async def last_lines(self) -> list[str]:
        """Return the end of the installation's log, secrets masked."""
        lines = await asyncio.to_thread(logs.tail, self._case.workspace.logs, LINES)
        return [f"{line.source}: {masking.mask(line.text, self._case.masked)}" for line in lines]

    def _deployment(self) -> deployment.Deployment:
        deployed = self._case.deployment()
        if deployed is None:
            raise NotRenderedError
        return deployed

    async def _choose_place(self) -> None:
        application = self._case.application
        if application is None:
            raise NotRenderedError
        if not self._case.memory.is_placed and await self._has_moved_in():
            return
        numbers = self._shared.allocator.ports(self._case.slot, values.port_names(application.spec))
        uid = self._shared.allocator.uid(self._case.slot)
        await self._case.remember(ports=numbers, uid=uid, is_placed=True)

    async def _has_moved_in(self) -> bool:
        """Move in where processes wait with everything loaded, if there is such a place."""
        spec = self._case.bundle.installation.spec
        digest = self._shared.versions.digest(spec.application)
        kind = pool.Kind(application=spec.application, version=spec.version, digest=digest)
        with self._shared.pool.moving_in(kind) as found:
            if found is not None:
                await self._case.remember(slot=found.slot, ports=found.ports, uid=found.uid, is_placed=True)
            return found is not None

    async def _write_files(self) -> None:
        deployed = self._deployment()
        application = self._case.application
        volumes = [need.name for need in application.spec.needs.volumes] if application else []
        await asyncio.to_thread(self._write, deployed.rendered.files, volumes)
        self._case.files_digest = deployed.layout.files_digest

    def _write(self, files: tuple[rendering.File, ...], volumes: list[str]) -> None:
        uid = self._case.memory.uid
        self._case.workspace.make_folders(uid=uid, volumes=volumes)
        self._case.workspace.write_files(files, uid=uid)

    async def _initialise(self) -> None:
        version = self._case.bundle.installation.spec.version
        if await self._job(rendering.JobName.INITIALISE):
            await self._case.remember(is_initialised=True, data_version=version)

    async def _migrate(self) -> None:
        version = self._case.bundle.installation.spec.version
        if await self._job(rendering.JobName.MIGRATE):
            await self._case.remember(data_version=version)

    async def _job(self, name: rendering.JobName) -> bool:
        """Run a job, if there is one; tells whether it ended well, and remembers why where it did not."""
        deployed = self._deployment()
        spec, job = deployed.jobs.get(name), deployed.rendered.jobs.get(name)
        if spec is None or job is None:
            return True
        result = await self._shared.jobs.run(spec, job.timeout.total_seconds())
        if result.exit_status == 0:
            return True
        await self.fail(_job_failed(job, result.exit_status))
        return False

    async def _start(self, names: tuple[str, ...]) -> None:
        if await self._exchange_taken_ports(names):
            return
        deployed = self._deployment()
        self._case.sight.mute(names)
        for name in names:
            spec = deployed.programs[name]
            if not await self._is_taken_over(name, spec):
                await self._shared.programs.put(spec)
                await self._shared.programs.start(spec.name)
        await self._expect(names)
        digests = {each.name: each.digest for each in deployed.layout.workloads if each.name in names}
        await self._case.remember(
            deployed=self._case.memory.deployed | digests,
            deployed_version=self._case.bundle.installation.spec.version,
            is_smoke_checked=False,
            well_since=None,
        )

    async def _is_taken_over(self, name: str, spec: program.ProgramSpec) -> bool:
        """Let the process that waits in the slot become the workload, if there is one; nothing is lost if not."""
        memory = self._case.memory
        return memory.slot is not None and name not in memory.deployed and await self._shared.programs.become(spec)

    async def _exchange_taken_ports(self, names: tuple[str, ...]) -> bool:
        """Exchange ports that a stranger listens on; tells whether the installation must be rendered anew."""
        running = {name for name in names if self._case.sight.pid(name) is not None}
        taken = [
            port
            for workload in self._deployment().rendered.workloads
            if workload.name in names and workload.name not in running
            for port, number in workload.ports.items()
            if not self._shared.allocator.is_free(number)
        ]
        if taken:
            await self._case.remember(ports=self._shared.allocator.exchange(self._case.slot, taken))
        return bool(taken)

    async def _restart(self, names: tuple[str, ...]) -> None:
        self._case.log_lines = tuple(await self.last_lines())
        self._case.sight.mute(names)
        for name in names:
            await self._shared.programs.restart(self._program(name))
        await self._expect(names)
        await self._case.remember(restarts=self._case.memory.restarts + len(names), well_since=None)

    async def _stop(self, names: tuple[str, ...]) -> None:
        self._case.sight.mute(names)
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(self._shared.programs.stop(self._program(name)))
        await self._shared.observer.look()
        self._case.sight.forget(names)
        self._look()

    async def _remove(self, names: tuple[str, ...]) -> None:
        self._case.sight.mute(names)
        for name in names:
            await self._shared.programs.remove(self._program(name))
            await self._shared.limits.remove(deployment.group_name(self._shared.machine, self._case.slot, name))
        await self._shared.observer.look()
        self._case.sight.forget(names)
        self._look()
        kept = {name: digest for name, digest in self._case.memory.deployed.items() if name not in names}
        await self._case.remember(deployed=kept)

    async def _expect(self, names: tuple[str, ...]) -> None:
        await self._shared.observer.look()
        self._case.sight.expect(names, self._shared.clock.now())
        self._look()

    def _look(self) -> None:
        self._case.sight.look(self._shared.observer.infos(self._case.slot), self._shared.clock.now())

    def _program(self, workload: str) -> str:
        return deployment.program_name(self._case.slot, workload)

    async def _ask_ready(self, name: str) -> None:
        workload, pid = self._case.workload(name), self._case.sight.pid(name)
        if workload is None or workload.readiness is None or pid is None:
            return
        if not await self._shared.prober.ask(workload.readiness):
            return
        if self._is_ours(workload.readiness.port):
            self._case.sight.mark_ready(name, pid)
        else:
            await self._leave_port(name)

    def _is_ours(self, port: int) -> bool:
        uid = self._case.memory.uid
        return uid is None or self._shared.listeners.owners(port) <= {uid}

    async def _leave_port(self, name: str) -> None:
        """A stranger answers in the workload's place: let no visitor in, and start again on another port."""
        log.warning("port taken by a stranger", installation=self._case.name, workload=name)
        await self._shared.routes.delete(self._case.name)
        await self._stop((name,))

    async def _settle(self) -> None:
        memory = self._case.memory
        now = self._shared.clock.now()
        self._case.log_lines = ()
        is_over = memory.well_since is not None
        await self._case.remember(
            served_attempt=self._case.bare().attempt,
            failure=None,
            well_since=memory.well_since or now,
            restarts=0 if is_over else memory.restarts,
        )

    async def _remove_files(self) -> None:
        case_, shared = self._case, self._shared
        await shared.limits.remove(deployment.group_name(shared.machine, case_.slot))
        is_retained = case_.bundle.installation.spec.deletion_policy is document.DeletionPolicy.RETAIN
        when = shared.clock.now().strftime("%Y%m%dT%H%M%S")
        retained = shared.retained(case_.name, when) if is_retained else None
        await asyncio.to_thread(case_.workspace.remove, retained=retained)
        await asyncio.to_thread(shared.store.forget, case_.name)
        shared.allocator.release(case_.slot)


def _job_failed(job: rendering.Job, exit_status: int | None) -> step.Fail:
    seconds = f"{job.timeout.total_seconds():g} s"
    how = f"did not end within {seconds}" if exit_status is None else f"ended with exit status {exit_status}"
    return step.Fail(
        reason=_JOB_REASONS.get(job.name, "JobFailed"),
        message=f"The job “{job.name}” {how}. It is tried again; the last log lines say why.",
        condition=_JOB_CONDITIONS[job.name],
        holds=(),
        is_retried=True,
    )


def _delay(taken: step.Fail, count: int) -> timedelta:
    base = _LOOP_DELAY if taken.holds else _JOB_DELAY
    return min(_LONGEST_DELAY, base * 2 ** min(count - 1, 10))
