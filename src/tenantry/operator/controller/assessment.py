"""What is reported of an installation: a phase, and a condition with a reason for each thing that a start passes. Pure.

A status always speaks of the generation it was worked out for, and a condition keeps its time as long as it holds.
"""

from datetime import datetime

from tenantry.kubernetes import kinds
from tenantry.operator.controller import model, plan, restarts
from tenantry.operator.render import stages
from tenantry.runtime import conditions, document

_Type = document.ConditionType
_Fact = conditions.Fact
_Phase = document.Phase


def assess(wanted: model.Wanted, observed: model.Observed, now: datetime) -> document.InstallationStatus:
    """Return the status for what is wanted and what is so.

    Args:
        wanted: what the document asks for.
        observed: what is so, with the status that was reported last.
        now: the time that conditions get that have changed.
    """
    facts = _facts(wanted, observed)
    phase = _phase(wanted, observed, facts)
    is_unwell = phase in (_Phase.DEGRADED, _Phase.FAILED)
    reported = list(conditions.told(facts, observed.reported.conditions, wanted.generation, now))
    return document.InstallationStatus(
        observed_generation=wanted.generation,
        phase=phase,
        conditions=reported,
        serving_version=_serving_version(wanted, observed, facts),
        endpoints=list(wanted.endpoints) if wanted.is_awake and not wanted.is_deleting else [],
        restarts=0 if restarts.is_well(reported, now) else observed.restarts,
        last_log_lines=list(observed.log_lines or observed.reported.last_log_lines) if is_unwell else [],
        memory=observed.memory,
    )


def has_unwell_workloads(status: document.InstallationStatus) -> bool:
    """Tell whether a status says that workloads which should run are not well."""
    are_ready = {each.type: each.status for each in status.conditions}.get(_Type.WORKLOADS_READY)
    is_known = status.phase in (_Phase.DEGRADED, _Phase.FAILED)
    return is_known and are_ready is document.ConditionStatus.FALSE


def is_starting(status: document.InstallationStatus) -> bool:
    """Tell whether a status says that workloads are waited for which have not been ready yet."""
    reasons = {each.type: each.reason for each in status.conditions}
    return status.phase is document.Phase.PROGRESSING and reasons.get(_Type.WORKLOADS_READY) == "Starting"


def _facts(wanted: model.Wanted, observed: model.Observed) -> dict[_Type, _Fact]:
    facts = {
        _Type.PREPARED: _prepared(wanted, observed),
        _Type.INITIALISED: conditions.initialised(is_so=observed.memory.is_initialised),
        _Type.MIGRATED: conditions.migrated(observed.memory.data_version, wanted.version),
        _Type.WORKLOADS_READY: _workloads_ready(wanted, observed),
        _Type.ADMINISTRATOR_CREATED: _administrator(wanted, observed),
        _Type.ROUTED: _routed(wanted, observed),
    }
    obstacle = plan.obstacle_of(wanted, observed)
    if obstacle is not None and obstacle.condition in facts and not _is_overcome(obstacle, facts):
        facts[obstacle.condition] = _Fact(holds=False, reason=obstacle.reason, message=obstacle.message)
    if (first := conditions.first_open(facts)) is not None and (why := _kept_waiting(wanted, observed)) is not None:
        facts[first] = why
    facts[_Type.READY] = _ready(wanted, observed, facts)
    return facts


def _is_overcome(obstacle: document.Obstacle, facts: dict[_Type, _Fact]) -> bool:
    return obstacle.returned_to is None and facts[obstacle.condition].holds


def _kept_waiting(wanted: model.Wanted, observed: model.Observed) -> _Fact | None:
    if observed.is_overdue and plan.obstacle_of(wanted, observed) is None:
        message = "It takes so long that it gave its place up to others; it goes on by itself."
        return _Fact(holds=False, reason="TakesTooLong", message=message)
    if not observed.has_turn:
        return conditions.QUEUED
    return None


def _prepared(wanted: model.Wanted, observed: model.Observed) -> _Fact:
    if wanted.missing is not None:
        return _Fact(holds=False, reason=wanted.missing.reason, message=wanted.missing.message)
    for name, supply in sorted(observed.supplies().items()):
        if wanted.is_awake and not supply.is_there:
            reason = f"{name.kind}Refused" if supply.message else f"{name.kind}Awaited"
            message = supply.message or f"The {name.kind} “{name.name}” is still to be made by its operator."
            return _Fact(holds=False, reason=reason, message=message)
    return _ending(wanted, observed, stages.Stage.FOUNDATION) or _Fact(holds=True, reason="Prepared")


def _ending(wanted: model.Wanted, observed: model.Observed, stage: stages.Stage) -> _Fact | None:
    """Return what somebody else deletes of a stage, where that takes its time."""
    ending = sorted(each.name for each in wanted.of_stage(stage) if observed.is_ending(each.name))
    if not ending:
        return None
    kind, name = ending[0]
    what = f"The {kind} “{name}” is being deleted, and not by the operator; it is made again when it is gone."
    data = " Its data go with it as soon as no pod uses it." if kind == kinds.VOLUME_CLAIM.kind else ""
    return _Fact(holds=False, reason="ObjectEnding", message=what + data)


def _workloads_ready(wanted: model.Wanted, observed: model.Observed) -> _Fact:
    if not wanted.is_awake:
        return _Fact(holds=False, reason="Asleep")
    rollouts = observed.rollouts()
    are_applied = all(observed.is_intact(each) for each in wanted.of_stage(stages.Stage.WORKLOADS))
    if not rollouts or not are_applied:
        return _ending(wanted, observed, stages.Stage.WORKLOADS) or _Fact(holds=False, reason="Waiting")
    if waiting := sorted(name for name, each in rollouts.items() if not each.is_complete):
        if observed.memory.served_attempt == wanted.attempt:
            told = f"{', '.join(waiting)}: not ready any more."
            return _Fact(holds=False, reason="Restarting", message=_with_cause(told, observed))
        # Without names: a report for each that comes up would be a write for each.
        return _Fact(holds=False, reason="Starting", message=_with_cause("Its workloads are starting.", observed))
    return _Fact(holds=True, reason="Ready")


def _with_cause(told: str, observed: model.Observed) -> str:
    """Return a message with why pods are not ready; what the last closer look found stands until the next."""
    if observed.unwell is not None:
        return " ".join(filter(None, (told, observed.unwell)))
    before = {each.type: each.message for each in observed.reported.conditions}.get(_Type.WORKLOADS_READY, "")
    return before if before.startswith(told) else told


def _administrator(wanted: model.Wanted, observed: model.Observed) -> _Fact:
    if observed.memory.has_administrator:
        return _Fact(holds=True, reason="Created")
    if wanted.missing is None and not wanted.has_administrator:
        return _Fact(holds=True, reason="NotNeeded")
    return _Fact(holds=False, reason="Waiting", message="The first administrator has not been created yet.")


def _routed(wanted: model.Wanted, observed: model.Observed) -> _Fact:
    routes = wanted.of_stage(stages.Stage.ROUTE)
    is_as_wanted = wanted.objects is not None and all(observed.is_intact(each) for each in routes)
    if not wanted.is_awake:
        return _Fact(holds=is_as_wanted, reason="Asleep")
    # Where the front door needs no object of ours, visitors come in as soon as there is somebody to answer.
    is_open = is_as_wanted and (bool(routes) or observed.memory.deployed_version is not None)
    if is_open:
        return _Fact(holds=True, reason="Routed")
    waiting = _Fact(holds=False, reason="Waiting", message="Visitors are let in as soon as it is ready.")
    return _ending(wanted, observed, stages.Stage.ROUTE) or waiting


def _ready(wanted: model.Wanted, observed: model.Observed, facts: dict[_Type, _Fact]) -> _Fact:
    if wanted.is_deleting or not wanted.is_awake:
        return _Fact(holds=False, reason="Deleting" if wanted.is_deleting else "Asleep")
    obstacle = plan.obstacle_of(wanted, observed)
    if obstacle is not None and obstacle.condition is _Type.READY:
        return _Fact(holds=False, reason=obstacle.reason, message=obstacle.message)
    if (first := conditions.first_open(facts)) is not None:
        return _Fact(holds=False, reason=facts[first].reason, message=facts[first].message)
    # Noted before it is said, so that whatever goes wrong afterwards is trouble and not a failed start.
    if observed.memory.served_attempt != wanted.attempt:
        return _Fact(holds=False, reason="Checking", message="It is being tried out.")
    return _Fact(holds=True, reason="Ready")


def _phase(wanted: model.Wanted, observed: model.Observed, facts: dict[_Type, _Fact]) -> _Phase:
    if wanted.is_deleting:
        return _Phase.TERMINATING
    if wanted.is_awake or wanted.missing is not None:
        return _Phase.READY if facts[_Type.READY].holds else _phase_unready(wanted, observed)
    is_asleep = observed.memory.served_attempt == wanted.attempt
    return _Phase.ASLEEP if is_asleep else _Phase.PROGRESSING


def _phase_unready(wanted: model.Wanted, observed: model.Observed) -> _Phase:
    if observed.memory.served_attempt == wanted.attempt:
        return _Phase.DEGRADED
    if _has_given_up(wanted, observed):
        return _Phase.FAILED
    is_waiting = not observed.has_turn or wanted.missing is not None
    return _Phase.PENDING if is_waiting else _Phase.PROGRESSING


def _has_given_up(wanted: model.Wanted, observed: model.Observed) -> bool:
    if wanted.missing is not None:
        return not wanted.missing.is_awaited
    obstacle = plan.obstacle_of(wanted, observed)
    return obstacle is not None and (obstacle.retry_at is None or obstacle.count >= plan.PATIENCE)


def _serving_version(wanted: model.Wanted, observed: model.Observed, facts: dict[_Type, _Fact]) -> str | None:
    if not wanted.is_awake or wanted.is_deleting or observed.memory.served_attempt is None:
        return None
    is_up = any(each.ready for each in observed.rollouts().values())
    if not is_up:
        return None
    return observed.memory.deployed_version if facts[_Type.WORKLOADS_READY].holds else observed.reported.serving_version
