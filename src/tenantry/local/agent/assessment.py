"""What is reported of an installation: a phase, and a condition with a reason for each thing that a start passes. Pure.

A status always speaks of the generation it was worked out for, and a condition keeps its time as long as it holds.
"""

from datetime import datetime

from tenantry.local.agent import model, record
from tenantry.runtime import conditions, document

PATIENCE = 3
"""A job that failed fewer times than this in a row is still being worked on."""

_Type = document.ConditionType
_Fact = conditions.Fact


def assess(wanted: model.Wanted, observed: model.Observed, now: datetime) -> document.InstallationStatus:
    """Return the status for what is wanted and what is so.

    Args:
        wanted: what the document asks for.
        observed: what is so, with the status that was reported last.
        now: the time that conditions get that have changed.
    """
    facts = _facts(wanted, observed)
    phase = _phase(wanted, observed, facts)
    is_unwell = phase in (document.Phase.DEGRADED, document.Phase.FAILED)
    return document.InstallationStatus(
        observed_generation=wanted.generation,
        phase=phase,
        conditions=list(conditions.told(facts, observed.memory.status.conditions, wanted.generation, now)),
        serving_version=_serving_version(wanted, observed),
        endpoints=list(wanted.layout.endpoints) if wanted.layout and wanted.is_awake else [],
        restarts=observed.memory.restarts,
        last_log_lines=_log_lines(wanted, observed) if is_unwell else [],
    )


def failure_of(wanted: model.Wanted, memory: record.Record) -> record.Failure | None:
    """Return what stands in the way of this very document."""
    failure = memory.failure
    return failure if failure is not None and failure.attempt == wanted.attempt else None


def _facts(wanted: model.Wanted, observed: model.Observed) -> dict[_Type, _Fact]:
    facts = {
        _Type.PREPARED: _prepared(observed),
        _Type.INITIALISED: conditions.initialised(is_so=observed.memory.is_initialised),
        _Type.MIGRATED: conditions.migrated(observed.memory.data_version, wanted.version),
        _Type.WORKLOADS_READY: _workloads_ready(wanted, observed),
        _Type.ADMINISTRATOR_CREATED: _administrator(wanted, observed),
        _Type.ROUTED: _routed(wanted, observed),
    }
    facts |= _failed(wanted, observed, facts)
    if not observed.has_turn and (first := conditions.first_open(facts)) is not None:
        facts[first] = conditions.QUEUED
    facts[_Type.READY] = _ready(wanted, observed, facts)
    return facts


def _failed(wanted: model.Wanted, observed: model.Observed, facts: dict[_Type, _Fact]) -> dict[_Type, _Fact]:
    failure = failure_of(wanted, observed.memory)
    if failure is None:
        return {}
    condition = failure.condition
    if condition is _Type.READY:
        condition = conditions.first_open(facts) or condition
    return {condition: _Fact(holds=False, reason=failure.reason, message=failure.message)}


def _prepared(observed: model.Observed) -> _Fact:
    message = observed.package_message
    match observed.package:
        case model.PackageState.PREPARED:
            return _Fact(holds=True, reason="Prepared")
        case model.PackageState.PREPARING:
            return _Fact(holds=False, reason="Preparing", message=message or "The version is being prepared.")
        case model.PackageState.UNKNOWN:
            return _Fact(holds=False, reason="VersionUnknown", message=message)
        case model.PackageState.FAILED:
            return _Fact(holds=False, reason="PreparationFailed", message=message)


def _workloads_ready(wanted: model.Wanted, observed: model.Observed) -> _Fact:
    if not wanted.is_awake:
        return _Fact(holds=False, reason="Asleep")
    if wanted.layout is None:
        return _Fact(holds=False, reason="Waiting")
    if waiting := [each.name for each in wanted.layout.workloads if not _is_well(each, observed)]:
        is_back = observed.memory.served_attempt == wanted.attempt
        reason, doing = ("Restarting", "is starting again") if is_back else ("Starting", "is starting")
        return _Fact(holds=False, reason=reason, message=f"{', '.join(waiting)} {doing}.")
    return _Fact(holds=True, reason="Ready")


def _is_well(workload: model.WantedWorkload, observed: model.Observed) -> bool:
    seen = observed.programs.get(workload.name)
    if seen is None or not seen.is_running or seen.digest != workload.digest:
        return False
    return (seen.is_ready or not workload.is_probed) and not seen.is_unwell


def _administrator(wanted: model.Wanted, observed: model.Observed) -> _Fact:
    if not wanted.has_administrator:
        return _Fact(holds=True, reason="NotNeeded")
    if observed.memory.has_administrator:
        return _Fact(holds=True, reason="Created")
    return _Fact(holds=False, reason="Waiting", message="The first administrator has not been created yet.")


def _routed(wanted: model.Wanted, observed: model.Observed) -> _Fact:
    if not wanted.is_awake:
        return _Fact(holds=observed.route is None, reason="Asleep")
    if wanted.layout is not None and observed.route == wanted.layout.route:
        return _Fact(holds=True, reason="Routed")
    return _Fact(holds=False, reason="Waiting", message="Visitors are let in as soon as it is ready.")


def _ready(wanted: model.Wanted, observed: model.Observed, facts: dict[_Type, _Fact]) -> _Fact:
    if wanted.is_deleting or not wanted.is_awake:
        return _Fact(holds=False, reason="Deleting" if wanted.is_deleting else "Asleep")
    if (failure := failure_of(wanted, observed.memory)) is not None and failure.condition is _Type.READY:
        return _Fact(holds=False, reason=failure.reason, message=failure.message)
    if (first := conditions.first_open(facts)) is not None:
        return _Fact(holds=False, reason=facts[first].reason, message=facts[first].message)
    # Noted before it is said, so that whatever goes wrong afterwards is trouble and not a failed start.
    if observed.memory.served_attempt != wanted.attempt or (
        wanted.has_smoke_check and not observed.memory.is_smoke_checked
    ):
        return _Fact(holds=False, reason="Checking", message="It is being tried out.")
    return _Fact(holds=True, reason="Ready")


def _phase(wanted: model.Wanted, observed: model.Observed, facts: dict[_Type, _Fact]) -> document.Phase:
    if wanted.is_deleting or not wanted.is_awake:
        return document.Phase.TERMINATING if wanted.is_deleting else _phase_asleep(observed)
    if facts[_Type.READY].holds:
        return document.Phase.READY
    if observed.memory.served_attempt == wanted.attempt:
        return document.Phase.DEGRADED
    if _has_given_up(wanted, observed):
        return document.Phase.FAILED
    is_waiting = not observed.has_turn or observed.package is not model.PackageState.PREPARED
    return document.Phase.PENDING if is_waiting else document.Phase.PROGRESSING


def _phase_asleep(observed: model.Observed) -> document.Phase:
    is_asleep = observed.route is None and not any(each.is_running for each in observed.programs.values())
    return document.Phase.ASLEEP if is_asleep else document.Phase.PROGRESSING


def _has_given_up(wanted: model.Wanted, observed: model.Observed) -> bool:
    if observed.package is model.PackageState.FAILED:
        return True
    failure = failure_of(wanted, observed.memory)
    if failure is None:
        return False
    return failure.retry_at is None or bool(failure.holds) or failure.count >= PATIENCE


def _serving_version(wanted: model.Wanted, observed: model.Observed) -> str | None:
    seen = observed.programs.values()
    is_serving = wanted.is_awake and observed.route is not None and seen and all(each.is_running for each in seen)
    return observed.memory.deployed_version if is_serving else None


def _log_lines(wanted: model.Wanted, observed: model.Observed) -> list[str]:
    failure = failure_of(wanted, observed.memory)
    return failure.lines if failure is not None and failure.lines else list(observed.log_lines)
