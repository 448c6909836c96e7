"""Carries out the steps of a plan for one installation. Each may be cut off anywhere and made again.

Objects are applied and removed under their own names, and jobs are named by what they are for, so that a step that is
made twice changes nothing the second time.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

import structlog

from tenantry.application import rendering
from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import failures, kinds, parts
from tenantry.operator.controller import (
    diagnosis,
    former,
    keys,
    model,
    notices,
    restarts,
    seen,
    step,
    unwell,
    wishes,
    world,
)
from tenantry.operator.render import jobs, objects, stages
from tenantry.operator.render import names as naming
from tenantry.runtime import document, masking

log = structlog.get_logger()

_FIRST_DELAY = timedelta(seconds=2)
_LONGEST_DELAY = timedelta(minutes=5)
_SOMETIME = datetime(1970, 1, 1, tzinfo=UTC)
"""A time for what is tried again whenever its turn comes."""
_PASSING = (failures.UnreachableError, failures.BusyError, failures.OutdatedError, failures.NamespaceEndingError)
_FOREGROUND = frozenset({kinds.DEPLOYMENT.kind, kinds.STATEFUL_SET.kind, kinds.JOB.kind, kinds.CRON_JOB.kind})
"""Kinds that are gone only when their pods are."""
_IRREPLACEABLE = frozenset({kinds.NAMESPACE.kind, kinds.VOLUME_CLAIM.kind, kinds.DATABASE.kind})
"""Kinds that hold data: none is ever deleted to be made anew."""


_ON_DATA = frozenset({rendering.JobName.INITIALISE, rendering.JobName.MIGRATE})
"""Jobs that must never run beside themselves."""
_ENDED = ("Succeeded", "Failed")


class JobStillEndingError(errors.TemporaryError):
    """A pod of an earlier run has not ended."""

    code = "job-still-ending"


class Case:
    """One installation while it is cared for.

    Attributes:
        memory: what is remembered; written with the status.
        log_lines: the end of the log of what failed just now.
        unwell: why pods are not ready; None where nobody has looked.
        restarts: restarts that nobody asked for.
    """

    def __init__(self, wish: wishes.Wish, reported: document.InstallationStatus, memory: document.Memory) -> None:
        """Take what is wanted, what was reported last, and what is remembered."""
        self.wish = wish
        self.memory = memory
        self.log_lines: tuple[str, ...] = ()
        self.unwell: str | None = None
        self.restarts = reported.restarts
        self._conditions = reported.conditions

    @property
    def key(self) -> keys.Key:
        """Which installation it is."""
        return self.wish.wanted.key

    def heard(self, found: diagnosis.Found, now: datetime) -> None:
        """Take note of what a closer look has found."""
        self.show(found.lines)
        if found.message is not None:
            self.unwell = " ".join(filter(None, (unwell.in_log(self.log_lines), found.message)))
        self.count(found.pods, now)

    def show(self, lines: tuple[str, ...]) -> None:
        """Let the end of a log be told, without the secrets that a program may have printed."""
        if (inputs := self.wish.inputs) is None:
            return  # what is secret is not known, so nothing can be hidden
        hidden = masking.secret_values(inputs.secrets, inputs.installation.spec)
        self.log_lines = tuple(masking.mask(line, hidden) for line in lines)

    def count(self, pods: tuple[restarts.Pod, ...] | None, now: datetime) -> None:
        """Count restarts, where pods were looked at."""
        if pods is None:
            return
        before = restarts.Tally(restarts=self.restarts, of_pods=self.memory.counted_restarts or {})
        tally = restarts.counted(before, pods, is_well=restarts.is_well(self._conditions, now), now=now)
        self.restarts = tally.restarts
        self.remember(counted_restarts=tally.of_pods or None)

    def remember(self, **changes: object) -> None:
        """Change what is remembered."""
        self.memory = self.memory.model_copy(update=changes)


class Effects:
    """The hands of the operator."""

    def __init__(
        self,
        client: clients.Client,
        known: world.World,
        told: notices.Notices,
        examined: diagnosis.Diagnosis,
    ) -> None:
        """Take how to ask, what is known, who is told, and who looks closer."""
        self._client = client
        self._world = known
        self._notices = told
        self._diagnosis = examined

    async def take(self, case: Case, taken: step.Step, now: datetime) -> None:  # noqa: C901, PLR0912 - one line for each kind
        """Carry out a step."""
        match taken:
            case step.Apply():
                await self._apply(case, taken)
            case step.Remove():
                await self._remove(case, taken.names)
            case step.Release():
                await self._release(case, taken.names)
            case step.RunJob():
                await self._run_job(case, taken.name)
            case step.Initialised():
                case.remember(is_initialised=True, data_version=taken.version)
            case step.Migrated():
                case.remember(data_version=taken.version)
            case step.Deployed():
                is_new = case.memory.served_attempt != case.wish.wanted.attempt
                waiting_since = now if is_new else case.memory.waiting_since
                case.remember(deployed_version=taken.version, waiting_since=waiting_since)
            case step.AdministratorCreated():
                case.remember(has_administrator=True)
            case step.Settle():
                self._settle(case, taken)
            case step.Returned():
                case.remember(waiting_since=None)
                self._notices.returned(case.key, taken.version)
            case step.Fail():
                await self._fail(case, taken, now)
            case step.Rest() | step.Finish():
                pass
            case _:
                assert_never(taken)

    async def _apply(self, case: Case, taken: step.Apply) -> None:
        wanted = case.wish.wanted
        is_repair = case.memory.served_attempt == wanted.attempt and not wanted.is_deleting
        done: list[model.Name] = []
        try:
            async with asyncio.TaskGroup() as group:
                for name in taken.names:
                    group.create_task(self._apply_one(case, name, done))
        finally:
            # What was repaired is told even where the rest failed: it is not due any more.
            if is_repair and done:
                self._notices.repaired(case.key, done)
        if taken.stage is stages.Stage.WORKLOADS and case.memory.served_attempt != wanted.attempt:
            case.remember(waiting_since=None)

    async def _apply_one(self, case: Case, name: model.Name, done: list[model.Name]) -> None:
        kind = self._world.made[name.kind].kind
        rendered = case.wish.rendered[name]
        try:
            answer = await self._client.apply(kind, rendered)
        except failures.ImmutableError:
            known = self._world.objects_of(case.key).get(name)
            if known is None or name.kind in _IRREPLACEABLE:
                raise
            answer = await self._make_anew(kind, rendered, known)
        self._world.applied(case.key, answer)
        done.append(name)

    async def _make_anew(self, kind: kinds.Kind, rendered: kinds.Object, known: seen.Seen) -> kinds.Object:
        """Make an object anew of which a field can never change, and no sooner than a trial says that it can be made.

        What is tried has another name, since what is there stands in the way of its own. Quotas are asked last.
        """
        try:
            await self._client.apply(kind, _on_trial(rendered), is_trial=True)
        except failures.QuotaExceededError as full:
            if not full.is_just_full:
                raise
        await self._client.delete(kind, known.key.name, known.key.namespace, uid=known.uid)
        return await self._client.apply(kind, rendered)

    async def _remove(self, case: Case, names: tuple[model.Name, ...]) -> None:
        known = self._world.objects_of(case.key)
        async with asyncio.TaskGroup() as group:
            for name in names:
                if name in known:
                    group.create_task(self._remove_one(known[name]))

    async def _remove_one(self, known: seen.Seen) -> None:
        way = clients.Propagation.FOREGROUND if known.kind in _FOREGROUND else clients.Propagation.BACKGROUND
        kind = self._world.made[known.kind].kind
        await self._client.delete(kind, known.key.name, known.key.namespace, propagation=way, uid=known.uid)
        self._world.removing(known)

    async def _release(self, case: Case, names: tuple[model.Name, ...]) -> None:
        known = self._world.objects_of(case.key)
        for name in names:
            metadata = {"uid": known[name].uid, "ownerReferences": None}
            kind = self._world.made[name.kind].kind
            answer = await self._client.patch(kind, name.name, case.key.namespace, {"metadata": metadata})
            self._world.created(answer)

    async def _run_job(self, case: Case, name: rendering.JobName) -> None:
        if case.wish.inputs is None:
            return
        if name in _ON_DATA:
            await self._await_former(case.key, name)
        number = job_number(case.memory, case.wish.wanted.attempt, name)
        attempt = f"{case.wish.wanted.attempt}.{number}"
        made = jobs.render(case.wish.inputs, name, attempt=attempt)
        about: dict[str, Any] = made["metadata"]
        annotations = parts.mapping(about, "annotations") | {seen.ATTEMPT: attempt}
        try:
            answer = await self._client.create(kinds.JOB, {**made, "metadata": {**about, "annotations": annotations}})
        except failures.ExistsError:
            # An earlier life of the operator, or an attempt at the same thing, has made it.
            answer = await self._client.get(kinds.JOB, about["name"], case.key.namespace)
        self._world.created(answer)

    async def _await_former(self, key: keys.Key, name: rendering.JobName) -> None:
        """Let no two pods change the same data: that of a Job which somebody has deleted may still be ending."""
        labels = f"{objects.INSTALLATION}={key.name},{objects.JOB}={naming.kebab(name)}"
        known = await clients.objects(self._client.pages(kinds.POD, namespace=key.namespace, labels=labels))
        running = [pod for pod in known if parts.mapping(pod, "status").get("phase") not in _ENDED]
        if running:
            pod = running[0]["metadata"]["name"]
            raise JobStillEndingError(f"The job “{name}” is run again when its pod “{pod}” has ended.")

    def _settle(self, case: Case, taken: step.Settle) -> None:
        is_awake, before, after = case.wish.wanted.is_awake, case.memory.served_version, case.memory.deployed_version
        if is_awake and before is not None and after is not None and before != after:
            self._notices.updated(case.key, before, after)
        if is_awake and case.wish.inputs is not None:
            case.remember(**former.noted(case.wish.inputs.installation.spec))
        case.remember(
            served_version=case.memory.deployed_version if is_awake else case.memory.served_version,
            served_attempt=case.wish.wanted.attempt,
            served_objects=taken.objects,
            waiting_since=None,
            obstacle=None,
        )

    async def look_closer(self, case: Case, now: datetime) -> None:
        """Look at the pods: why they are not well, at the end of the log, and at their restarts."""
        case.heard(await self._diagnosis.of(case.key, self._world.objects_of(case.key).values()), now)

    def refused(self, case: Case, error: errors.TenantryError) -> None:
        """Remember why the cluster did not do what it was asked, unless it only could not be asked."""
        if isinstance(error, _PASSING):
            return
        attempt, reason = case.wish.wanted.attempt, errors.reason(error)
        message = " ".join(filter(None, (error.message, error.advice)))
        before = case.memory.obstacle
        if before is not None and (before.attempt, before.reason, before.message) == (attempt, reason, message):
            return
        ready = document.ConditionType.READY
        retry_at = None if isinstance(error, errors.PermanentError) else _SOMETIME
        case.remember(
            obstacle=document.Obstacle(
                attempt=attempt, reason=reason, message=message, condition=ready, retry_at=retry_at
            )
        )
        self._notices.failed(case.key, reason, message)

    async def _fail(self, case: Case, taken: step.Fail, now: datetime) -> None:
        found = await self._diagnosis.of(case.key, self._world.objects_of(case.key).values(), job=taken.job)
        before = case.memory.obstacle
        attempt = case.wish.wanted.attempt
        is_again = before is not None and before.attempt == attempt and before.job == taken.job
        count = before.count + 1 if is_again and before is not None else 1
        delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** min(count - 1, 10))
        case.heard(found, now)
        message = " ".join(filter(None, (taken.message, case.unwell)))
        case.remember(
            obstacle=document.Obstacle(
                attempt=attempt,
                reason=taken.reason,
                message=message,
                condition=taken.condition,
                job=taken.job,
                count=count,
                retry_at=now + delay if taken.is_retried else None,
                returned_to=taken.returns_to,
            )
        )
        log.warning("step failed", installation=str(case.key), reason=taken.reason, count=count)
        self._notices.failed(case.key, taken.reason, message)


def job_number(memory: document.Memory, attempt: str, name: rendering.JobName) -> int:
    """Return which try of a job it is, counted from zero."""
    obstacle = memory.obstacle
    is_same = obstacle is not None and obstacle.attempt == attempt and obstacle.job == name
    return obstacle.count if is_same and obstacle is not None else 0


def _on_trial(rendered: kinds.Object) -> kinds.Object:
    about: dict[str, Any] = rendered["metadata"]
    name = naming.joined(about["name"], "trial", longest=naming.LONGEST_STATEFUL)
    return {**rendered, "metadata": {**about, "name": name}}
