"""The decision: from what is wanted and what is so to the next steps. Pure; steps of one plan are taken together.

A start passes the stages below in their order, and each stage asks only whether reality already fits. So it does not
matter where the last life of the agent ended, or what was broken since.
"""

from datetime import datetime, timedelta

from tenantry.local.agent import model, step
from tenantry.runtime import document

EXITS = 5
"""So many unasked exits within a minute are a crash loop."""

WELL_AFTER = timedelta(minutes=10)
"""After so long without trouble, restarts are forgotten."""

Steps = tuple[step.Step, ...]


def plan(wanted: model.Wanted, observed: model.Observed, now: datetime) -> Steps:
    """Return the next steps; a single `Rest` when there is nothing to do.

    Args:
        wanted: what the document asks for.
        observed: what is so.
        now: the present moment.
    """
    if wanted.is_deleting:
        return _remove(observed)
    if not wanted.is_awake:
        return _sleep(observed)
    layout = wanted.layout
    if (steps := _hold(wanted, observed, now)) or (steps := _prepare(observed)) or layout is None:
        return steps or (step.ChoosePlace(),)
    return (
        _fit_data(wanted, layout, observed)
        or _run(wanted, layout, observed)
        or _await(wanted, layout, observed, now)
        or _open(wanted, layout, observed)
        or _settle(wanted, observed, now)
    )


def _remove(observed: model.Observed) -> Steps:
    if observed.route is not None:
        return (step.DeleteRoute(),)
    if observed.programs:
        return (step.RemoveWorkloads(names=tuple(sorted(observed.programs))),)
    return (step.RemoveFiles(),)


def _sleep(observed: model.Observed) -> Steps:
    if observed.route is not None:
        return (step.DeleteRoute(),)
    if running := _running(observed):
        return (step.StopWorkloads(names=running),)
    return (step.Rest(),)


def _hold(wanted: model.Wanted, observed: model.Observed, now: datetime) -> Steps:
    failure = observed.memory.failure
    if failure is None or failure.attempt != wanted.attempt:
        return ()
    if failure.retry_at is not None and failure.retry_at <= now:
        return ()
    if held := tuple(name for name in _running(observed) if name in failure.holds):
        return (step.StopWorkloads(names=held),)
    return (step.Rest(until=failure.retry_at),)


def _prepare(observed: model.Observed) -> Steps:
    if observed.package is not model.PackageState.PREPARED:
        return (step.Rest(),)
    if not observed.memory.is_placed:
        return (step.ChoosePlace(),)
    return ()


def _fit_data(wanted: model.Wanted, layout: model.Layout, observed: model.Observed) -> Steps:
    memory = observed.memory
    is_another_version = memory.is_initialised and memory.data_version != wanted.version
    if is_another_version and (running := _running(observed)):
        return (step.StopWorkloads(names=running),)
    if observed.files_digest != layout.files_digest:
        return (step.WriteFiles(),)
    if not memory.is_initialised:
        return (step.Initialise(),)
    return (step.Migrate(),) if is_another_version else ()


def _run(wanted: model.Wanted, layout: model.Layout, observed: model.Observed) -> Steps:
    names = {workload.name for workload in layout.workloads}
    if strays := tuple(sorted(set(observed.programs) - names)):
        return (step.RemoveWorkloads(names=strays),)
    if crashing := tuple(sorted(name for name, seen in observed.programs.items() if len(seen.exits) >= EXITS)):
        return (_crash_loop(wanted, observed, crashing),)
    if due := tuple(each.name for each in layout.workloads if not _is_current(each, observed)):
        return (step.StartWorkloads(names=due),)
    if unwell := tuple(sorted(name for name, seen in observed.programs.items() if seen.is_unwell)):
        return (step.RestartWorkloads(names=unwell),)
    return ()


def _await(wanted: model.Wanted, layout: model.Layout, observed: model.Observed, now: datetime) -> Steps:
    waiting = tuple(each for each in layout.workloads if not _is_ready(each, observed))
    if not waiting:
        return ()
    deadlines = {each.name: _deadline(each, observed, now) for each in waiting}
    if late := tuple(each for each in waiting if deadlines[each.name] <= now):
        return (_timed_out(wanted, observed, late),)
    return (step.AwaitReady(names=tuple(deadlines), until=min(deadlines.values())),)


def _open(wanted: model.Wanted, layout: model.Layout, observed: model.Observed) -> Steps:
    needs_administrator = wanted.has_administrator and not observed.memory.has_administrator
    steps: list[step.Step] = []
    if observed.route != layout.route and not (needs_administrator and wanted.is_administrator_first):
        steps.append(step.PutRoute())
    if needs_administrator:
        steps.append(step.CreateAdministrator())
    return tuple(steps)


def _settle(wanted: model.Wanted, observed: model.Observed, now: datetime) -> Steps:
    memory = observed.memory
    if wanted.has_smoke_check and not memory.is_smoke_checked:
        return (step.SmokeCheck(),)
    if memory.served_attempt != wanted.attempt or memory.failure is not None or memory.well_since is None:
        return (step.Settle(),)
    if not memory.restarts:
        return (step.Rest(),)
    forgotten_at = memory.well_since + WELL_AFTER
    return (step.Settle(),) if forgotten_at <= now else (step.Rest(until=forgotten_at),)


def _running(observed: model.Observed) -> tuple[str, ...]:
    return tuple(sorted(name for name, seen in observed.programs.items() if seen.is_running))


def _is_current(workload: model.WantedWorkload, observed: model.Observed) -> bool:
    seen = observed.programs.get(workload.name)
    return seen is not None and seen.is_running and seen.digest == workload.digest


def _is_ready(workload: model.WantedWorkload, observed: model.Observed) -> bool:
    return not workload.is_probed or observed.programs[workload.name].is_ready


def _deadline(workload: model.WantedWorkload, observed: model.Observed, now: datetime) -> datetime:
    return (observed.programs[workload.name].waiting_since or now) + workload.start_timeout


def _held(wanted: model.Wanted, observed: model.Observed, culprits: tuple[str, ...]) -> tuple[str, ...]:
    """Hold only the culprits where the rest has served before; a start that fails leaves nothing running."""
    if observed.memory.served_attempt == wanted.attempt:
        return culprits
    return tuple(sorted(observed.programs))


def _crash_loop(wanted: model.Wanted, observed: model.Observed, names: tuple[str, ...]) -> step.Fail:
    listed = ", ".join(names)
    return step.Fail(
        reason="CrashLooping",
        message=f"{listed} ended {EXITS} times within a minute. The last log lines say why.",
        condition=document.ConditionType.WORKLOADS_READY,
        holds=_held(wanted, observed, names),
        is_retried=True,
    )


def _timed_out(wanted: model.Wanted, observed: model.Observed, late: tuple[model.WantedWorkload, ...]) -> step.Fail:
    allowed = ", ".join(f"{each.name} within {each.start_timeout.total_seconds():g} s" for each in late)
    return step.Fail(
        reason="StartTimedOut",
        message=f"Not ready in time: {allowed}. The last log lines may say why; correct it and try again.",
        condition=document.ConditionType.WORKLOADS_READY,
        holds=_held(wanted, observed, tuple(each.name for each in late)),
        is_retried=observed.memory.served_attempt == wanted.attempt,
    )
