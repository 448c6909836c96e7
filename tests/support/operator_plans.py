"""Installations as the operator's plan and assessment see them, and a world that does what a plan asks for."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tenantry.application import rendering
from tenantry.operator.controller import keys, model, plan, seen, step
from tenantry.operator.render import stages
from tenantry.runtime import document

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = keys.Key("acme", "acme")

CONFIGURATION = model.Name("ConfigMap", "acme-files")
WEB = model.Name("Deployment", "acme-web")
CLOCK = model.Name("StatefulSet", "acme-clock")
ROUTE = model.Name("HTTPRoute", "acme")
VOLUME = model.Name("PersistentVolumeClaim", "acme-data")

_STAGES = {
    CONFIGURATION: stages.Stage.FOUNDATION,
    VOLUME: stages.Stage.FOUNDATION,
    WEB: stages.Stage.WORKLOADS,
    CLOCK: stages.Stage.WORKLOADS,
    ROUTE: stages.Stage.ROUTE,
}

STILL = seen.Rollout(is_seen=True, wanted=0, updated=0, ready=0, total=0)
STARTING = seen.Rollout(is_seen=True, wanted=1, updated=1, ready=0, total=1)
COMPLETE = seen.Rollout(is_seen=True, wanted=1, updated=1, ready=1, total=1)


def wanted(version: str = "1.0", **parts: Any) -> model.Wanted:
    """Return an installation with a file, a volume, two workloads and a route; further arguments are parts of it."""
    given: dict[str, Any] = {
        "key": KEY,
        "generation": 1,
        "attempt": f"attempt-{version}",
        "version": version,
        "rendered_version": version,
        "is_awake": True,
        "is_deleting": False,
        "objects": {
            name: model.WantedObject(name=name, stage=stage, digest=f"{name.name}-{version}")
            for name, stage in _STAGES.items()
        },
    }
    return model.Wanted(**{**given, **parts})


@dataclass(kw_only=True)
class Cluster:
    """Does what plans ask for: applies at once, starts pods when it is told to, ends jobs as the test says."""

    wanted: model.Wanted
    objects: dict[model.Name, seen.Seen] = field(default_factory=dict[model.Name, seen.Seen])
    jobs: dict[rendering.JobName, seen.Job] = field(default_factory=dict[rendering.JobName, seen.Job])
    memory: document.Memory = field(default_factory=document.Memory)
    now: datetime = NOON
    done: list[str] = field(default_factory=list[str])
    are_pods_well: bool = True
    outcomes: dict[rendering.JobName, seen.Outcome] = field(default_factory=dict[rendering.JobName, seen.Outcome])
    is_finished: bool = False

    def observed(self, **parts: Any) -> model.Observed:
        """Return what is so."""
        return model.Observed(objects=dict(self.objects), jobs=dict(self.jobs), memory=self.memory, **parts)

    def steps(self) -> plan.Steps:
        """Return what the plan asks for now."""
        return plan.plan(self.wanted, self.observed(), self.now)

    def settle(self, *, most: int = 40, is_cut_off: bool = False) -> plan.Steps:
        """Carry out plans until there is nothing to do, or so many times at most; return the last one."""
        steps: plan.Steps = ()
        for _ in range(most):
            steps = self.steps()
            if isinstance(steps[0], step.Rest) and not self._go_on():
                return steps
            for each in steps:
                self.take(each)
            if self.is_finished:
                return steps
        if is_cut_off:
            return steps
        raise AssertionError(f"does not come to rest: {self.done[-10:]}")

    def take(self, taken: step.Step) -> None:  # noqa: C901, PLR0912 - one line for each kind of step
        """Carry out a step."""
        match taken:
            case step.Apply():
                self.done += [f"apply {name.name}" for name in taken.names]
                for name in taken.names:
                    self._apply(name)
                if taken.stage is stages.Stage.WORKLOADS:
                    self.remember(waiting_since=None)
            case step.Remove():
                self.done += [f"remove {name.name}" for name in taken.names]
                for name in taken.names:
                    self.objects.pop(name, None)
            case step.Release():
                for name in taken.names:
                    self.objects[name] = replace(self.objects[name], is_kept=True)
            case step.RunJob():
                self.done.append(f"run {taken.name}")
                self.jobs[taken.name] = seen.Job(name=taken.name, attempt="", outcome=seen.Outcome.RUNNING)
            case step.Initialised():
                self.remember(is_initialised=True, data_version=taken.version)
            case step.Migrated():
                self.remember(data_version=taken.version)
            case step.Deployed():
                self.remember(deployed_version=taken.version, waiting_since=self.now)
            case step.AdministratorCreated():
                self.remember(has_administrator=True)
            case step.Settle():
                self.done.append("settle")
                changes = {"served_attempt": self.wanted.attempt, "served_objects": taken.objects}
                self.remember(**changes, served_version=self.memory.deployed_version, waiting_since=None, obstacle=None)
                self.jobs.clear()
            case step.Returned():
                self.done.append(f"return to {taken.version}")
                self.remember(waiting_since=None)
            case step.Fail():
                self._fail(taken)
            case step.Finish():
                self.is_finished = True
            case step.Rest():
                pass

    def remember(self, **changes: Any) -> None:
        """Change what is remembered."""
        self.memory = self.memory.model_copy(update=changes)

    def apply(self, name: model.Name, **parts: Any) -> None:
        """Let an object be there, as wanted but for some parts."""
        self._apply(name)
        self.objects[name] = replace(self.objects[name], **parts)

    def _fail(self, taken: step.Fail) -> None:
        self.done.append(f"fail {taken.reason}")
        before = self.memory.obstacle
        is_same = before is not None and before.attempt == self.wanted.attempt
        self.remember(
            obstacle=document.Obstacle(
                attempt=self.wanted.attempt,
                reason=taken.reason,
                message=taken.message,
                condition=taken.condition,
                job=taken.job,
                count=before.count + 1 if is_same and before is not None else 1,
                retry_at=self.now + timedelta(seconds=2) if taken.is_retried else None,
                returned_to=taken.returns_to,
            )
        )
        self.jobs.clear()

    def _apply(self, name: model.Name) -> None:
        digest = self.wanted.objects[name].digest if self.wanted.objects else ""
        about = None
        if name in (WEB, CLOCK):
            about = STARTING if self.wanted.is_awake else COMPLETE
        self.objects[name] = seen.Seen(
            kind=name.kind,
            key=keys.Key("acme", name.name),
            owner=KEY,
            uid=name.name,
            version=1,
            digest=digest,
            found=digest,
            about=about,
        )

    def _go_on(self) -> bool:
        """Let jobs end and pods start; tells whether anything went on."""
        before = (dict(self.objects), dict(self.jobs))
        for name, job in self.jobs.items():
            if job.outcome is seen.Outcome.RUNNING:
                outcome = self.outcomes.get(name, seen.Outcome.SUCCEEDED)
                self.jobs[name] = replace(job, outcome=outcome)
        end = COMPLETE if self.wanted.is_awake else STILL
        for name, each in self.objects.items():
            if isinstance(each.about, seen.Rollout) and self.are_pods_well:
                self.objects[name] = replace(each, about=end)
        return before != (self.objects, self.jobs)
