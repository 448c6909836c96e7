"""Says in words how an installation is, why, and what can be done; pure."""

from tenantry.runtime import document
from tenantry.wire import installations

_SENTENCES = {
    installations.Status.PROVISIONING: "is being made.",
    installations.Status.STABLE: "runs as it should.",
    installations.Status.UNHEALTHY: "ran and is not well now; it is watched and restarted.",
    installations.Status.FAILED: "could not be brought to what is wanted.",
    installations.Status.UPDATING: "is being changed.",
    installations.Status.RESTARTING: "is being restarted.",
    installations.Status.HIBERNATING: "is being put to sleep.",
    installations.Status.HIBERNATED: "is asleep: no process runs, everything is kept.",
    installations.Status.WAKING: "is being woken.",
    installations.Status.DISCARDING: "is being switched off before it is deleted.",
    installations.Status.DISCARDED: "is switched off and will be deleted; it can still be taken back.",
    installations.Status.RESTORING: "is being brought back.",
    installations.Status.DELETING: "is being deleted with everything that was made for it.",
    installations.Status.DELETED: "is deleted.",
}

_AWAY = "ClusterReachable"
"""The condition of which even what was well when it was last heard of has to be told."""

_ADVICE = {
    installations.Status.UNHEALTHY: "Look at `tenantry installation logs {name}`.",
    installations.Status.FAILED: "Mend the cause, then `tenantry installation retry {name}`.",
    installations.Status.HIBERNATED: "Wake it with `tenantry installation wake {name}`.",
    installations.Status.DISCARDED: "Take it back with `tenantry installation undelete {name}`.",
}


def explain(state: installations.Installation) -> list[str]:
    """Return what there is to say, line by line."""
    lines = [f"{state.name} {_SENTENCES[state.status]}"]
    lines += [f"Why: {state.message or state.reason}"] if state.message or state.reason else []
    lines += [f"Waits for {each.type}: {each.message or each.reason}" for each in _open(state)]
    lines += ["The last that it printed:", *[f"  {each}" for each in state.last_log_lines]] if _is_unwell(state) else []
    advice = _ADVICE.get(state.status)
    return lines + ([advice.format(name=state.name)] if advice else [])


def _open(state: installations.Installation) -> list[installations.Condition]:
    unmet = [each for each in state.conditions if each.status is not document.ConditionStatus.TRUE and each.reason]
    if state.status in {installations.Status.STABLE, installations.Status.DELETED}:
        return [each for each in unmet if each.type == _AWAY]
    return unmet


def _is_unwell(state: installations.Installation) -> bool:
    return bool(state.last_log_lines)
