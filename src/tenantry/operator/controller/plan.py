"""The decision: from what is wanted and what is so to the next steps. Pure; steps of one plan are taken together.

A start passes the stages below in their order, and each stage asks only whether reality already fits. So it does not
matter where the last life of the operator ended, or what was broken since.
"""

from collections.abc import Iterable
from datetime import datetime

from tenantry.application import rendering
from tenantry.kubernetes import kinds
from tenantry.operator.controller import model, seen, step
from tenantry.operator.render import objects, stages
from tenantry.runtime import document

Steps = tuple[step.Step, ...]

PATIENCE = 3
"""An update whose job failed so many times in a row is given up, and the version before it serves on."""

_KEPT = (kinds.NAMESPACE.kind, kinds.VOLUME_CLAIM.kind)
"""Kinds that are never removed because they are no longer rendered."""

_Job = rendering.JobName
_Type = document.ConditionType


def plan(wanted: model.Wanted, observed: model.Observed, now: datetime) -> Steps:
    """Return the next steps; a single `Rest` when there is nothing to do.

    Args:
        wanted: what the document asks for.
        observed: what is so.
        now: the present moment.
    """
    if wanted.is_deleting:
        return _remove(wanted, observed)
    if wanted.objects is None:
        return (step.Rest(),)
    if not wanted.is_awake:
        return _sleep(wanted, observed)
    return (
        _hold(wanted, observed, now)
        or _apply(wanted, observed, stages.Stage.FOUNDATION)
        or _supplied(observed)
        or _fit_data(wanted, observed)
        or _apply(wanted, observed, stages.Stage.WORKLOADS)
        or _deployed(wanted, observed)
        or _await(wanted, observed, now)
        or _open(wanted, observed)
        or _settle(wanted, observed)
    )


def objects_digest(wanted: model.Wanted) -> str:
    """Return the digest of what an installation consists of."""
    return objects.digest(
        sorted([each.name.kind, each.name.name, each.digest] for each in (wanted.objects or {}).values())
    )


def obstacle_of(wanted: model.Wanted, observed: model.Observed) -> document.Obstacle | None:
    """Return what stands in the way of this very attempt."""
    return model.standing(observed.memory.obstacle, wanted.attempt)


def _remove(wanted: model.Wanted, observed: model.Observed) -> Steps:
    if released := tuple(_to_release(wanted, observed)):
        return (step.Release(names=released),)
    present = {name: each for name, each in observed.objects.items() if not _is_left(wanted, each)}
    present |= {model.Name(each.kind, each.key.name): each for each in observed.others}
    routes = [name for name in present if stages.stage_of({"kind": name.kind}) is stages.Stage.ROUTE]
    due = tuple(sorted(name for name in (routes or present) if not present[name].is_ending))
    if due:
        return (step.Remove(names=due),)
    return (step.Rest(),) if present else (step.Finish(),)


def _is_left(wanted: model.Wanted, each: seen.Seen) -> bool:
    is_volume = each.kind == kinds.VOLUME_CLAIM.kind
    return each.kind == kinds.NAMESPACE.kind or (is_volume and wanted.is_retained)


def _to_release(wanted: model.Wanted, observed: model.Observed) -> Iterable[model.Name]:
    """Volumes that are to stay, but that would still go with the installation."""
    for name, each in observed.objects.items():
        if wanted.is_retained and name.kind == kinds.VOLUME_CLAIM.kind and not (each.is_kept or each.is_ending):
            yield name


def _sleep(wanted: model.Wanted, observed: model.Observed) -> Steps:
    if strays := _strays(wanted, observed):
        return (step.Remove(names=strays),)
    for stage in (stages.Stage.ROUTE, stages.Stage.FOUNDATION, stages.Stage.WORKLOADS):
        if steps := _apply(wanted, observed, stage):
            return steps
    if not all(each.is_still for each in observed.rollouts().values()):
        return (step.Rest(),)
    return _settled(wanted, observed)


def _hold(wanted: model.Wanted, observed: model.Observed, now: datetime) -> Steps:
    """A job that failed waits for its time; workloads that are late may still come, and are looked at as ever."""
    obstacle = obstacle_of(wanted, observed)
    if obstacle is None or not obstacle.job or wanted.is_returning:
        return ()
    if obstacle.retry_at is not None and obstacle.retry_at <= now:
        return ()
    return (step.Rest(until=obstacle.retry_at),)


def _apply(wanted: model.Wanted, observed: model.Observed, stage: stages.Stage) -> Steps:
    unfit = [each.name for each in wanted.of_stage(stage) if not observed.is_intact(each)]
    # What somebody else has deleted and is not gone yet can be made again only afterwards.
    due = tuple(name for name in unfit if not observed.is_ending(name))
    if due:
        return (step.Apply(stage=stage, names=due),)
    return (step.Rest(),) if unfit else ()


def _supplied(observed: model.Observed) -> Steps:
    return () if all(each.is_there for each in observed.supplies().values()) else (step.Rest(),)


def _fit_data(wanted: model.Wanted, observed: model.Observed) -> Steps:
    memory = observed.memory
    if wanted.is_returning:
        return ()
    if not memory.is_initialised:
        # One that began before the version was changed has made the data of that version, which are migrated then.
        known = observed.jobs.get(_Job.INITIALISE)
        done = step.Initialised(version=(known.version if known is not None else "") or wanted.version)
        return _job(wanted, observed, _Job.INITIALISE, done) if wanted.has_initialise else (done,)
    if memory.data_version != wanted.version:
        fits = step.Migrated(version=wanted.version)
        return _job(wanted, observed, _Job.MIGRATE, fits) if wanted.has_migrate else (fits,)
    return ()


def _job(wanted: model.Wanted, observed: model.Observed, name: _Job, done: step.Step) -> Steps:
    known = observed.jobs.get(name)
    if known is None:
        return (step.RunJob(name=name),)
    if known.outcome is seen.Outcome.RUNNING:
        return (step.Rest(),)
    return (done,) if known.outcome is seen.Outcome.SUCCEEDED else (_job_failed(wanted, observed, name, known),)


def _deployed(wanted: model.Wanted, observed: model.Observed) -> Steps:
    """What is in the cluster counts, whichever life of the operator brought it there: it may not have told of it."""
    memory = observed.memory
    is_waited_for = memory.waiting_since is not None or memory.served_attempt == wanted.attempt or wanted.is_returning
    if memory.deployed_version == wanted.rendered_version and is_waited_for:
        return ()
    return (step.Deployed(version=wanted.rendered_version),)


def _await(wanted: model.Wanted, observed: model.Observed, now: datetime) -> Steps:
    waiting = sorted(name for name, each in observed.rollouts().items() if not each.is_complete)
    if not waiting:
        return ()
    if obstacle_of(wanted, observed) is not None or observed.memory.served_attempt == wanted.attempt:
        return (step.Rest(),)
    # Where thousands start, all of them are late, and to go back would only be as much work again.
    begun = (observed.memory.waiting_since or now) + observed.patience
    deadline = begun + wanted.start_timeout
    has_given_up = begun <= now and any(each.is_late and each.is_seen for each in observed.rollouts().values())
    if deadline <= now or has_given_up:
        return (_timed_out(wanted, observed, waiting),)
    return (step.Rest(until=deadline),)


def _open(wanted: model.Wanted, observed: model.Observed) -> Steps:
    routes = _apply(wanted, observed, stages.Stage.ROUTE)
    if not wanted.has_administrator or observed.memory.has_administrator or wanted.is_returning:
        return routes
    creating = _job(wanted, observed, _Job.FIRST_ADMINISTRATOR, step.AdministratorCreated())
    is_waiting = isinstance(creating[0], step.Rest)
    if wanted.is_administrator_first or not routes:
        return creating
    return routes if is_waiting else (*routes, *creating)


def _settle(wanted: model.Wanted, observed: model.Observed) -> Steps:
    digest = objects_digest(wanted)
    # What serves already is not tried out again because an operator or an application's other versions are new.
    is_new = observed.memory.served_attempt != wanted.attempt and observed.memory.served_objects != digest
    if wanted.has_smoke_check and is_new and not wanted.is_returning:
        settled = step.Settle(objects=digest)
        steps = _job(wanted, observed, _Job.SMOKE_CHECK, settled)
        if steps != (settled,):
            return steps
    if strays := _strays(wanted, observed):
        return (step.Remove(names=strays),)
    return _returned(wanted, observed) if wanted.is_returning else _settled(wanted, observed)


def _returned(wanted: model.Wanted, observed: model.Observed) -> Steps:
    """What served all the while has not come back, and is not waited for."""
    is_waited_for = observed.memory.waiting_since is not None
    return (step.Returned(version=wanted.rendered_version) if is_waited_for else step.Rest(),)


def _settled(wanted: model.Wanted, observed: model.Observed) -> Steps:
    memory, digest = observed.memory, objects_digest(wanted)
    is_known = memory.served_attempt == wanted.attempt and memory.served_objects == digest
    if is_known and memory.obstacle is None and memory.waiting_since is None:
        return (step.Rest(),)
    return (step.Settle(objects=digest),)


def _strays(wanted: model.Wanted, observed: model.Observed) -> tuple[model.Name, ...]:
    known = wanted.objects or {}
    return tuple(
        sorted(
            name
            for name, each in observed.objects.items()
            if name not in known and name.kind not in _KEPT and not each.is_ending
        )
    )


def _previous(wanted: model.Wanted, observed: model.Observed) -> str | None:
    """Return the version to go back to: what ran before, if the data still fit it."""
    memory = observed.memory
    before = memory.served_version
    if before is None or before == wanted.version:
        return None
    has_old_data = memory.data_version != wanted.version
    return before if has_old_data or before in wanted.returns_to else None


def _job_failed(wanted: model.Wanted, observed: model.Observed, name: _Job, known: seen.Job) -> step.Fail:
    obstacle = obstacle_of(wanted, observed)
    is_last = obstacle is not None and obstacle.job == name and obstacle.count + 1 >= PATIENCE
    back = _previous(wanted, observed) if is_last else None
    how = "did not end in time" if known.why == "DeadlineExceeded" else "failed"
    then = f"Version {back} serves on." if back else "It is tried again; the last log lines say why."
    return step.Fail(
        reason=f"{name[0].upper()}{name[1:]}Failed",
        message=f"The job “{name}” {how}. {then}",
        condition=_CONDITIONS[name],
        job=name,
        is_retried=back is None,
        returns_to=back,
    )


_CONDITIONS = {
    _Job.INITIALISE: _Type.INITIALISED,
    _Job.MIGRATE: _Type.MIGRATED,
    _Job.FIRST_ADMINISTRATOR: _Type.ADMINISTRATOR_CREATED,
    _Job.SMOKE_CHECK: _Type.READY,
}


def _timed_out(wanted: model.Wanted, observed: model.Observed, waiting: list[str]) -> step.Fail:
    back = _previous(wanted, observed)
    then = f"Version {back} serves again." if back else "It goes on being tried."
    seconds = f"{wanted.start_timeout.total_seconds():g} s"
    return step.Fail(
        reason="StartTimedOut",
        message=f"Not ready within {seconds}: {', '.join(waiting)}. {then}",
        condition=_Type.WORKLOADS_READY,
        is_retried=False,
        returns_to=back,
    )
