"""How the twin's installations move: pure values, one change at a time, by the provisioner's own table of moves."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tenantry.application import settings as application_settings
from tenantry.kernel import errors, transitions
from tenantry.portal import ports
from tenantry.provisioner.installations.transitions import TABLE, Input
from tenantry.runtime import document
from tenantry.wire import applications, installations

GRACE = timedelta(days=7)

STEPS = (
    "Placed",
    "DatabaseReady",
    "BucketReady",
    "Prepared",
    "Initialised",
    "WorkloadsReady",
    "AdministratorCreated",
    "Routed",
    "Ready",
)
"""The conditions of a first start, in order."""

_STATUS = installations.Status
_TARGET = installations.Target

_RESTING = {
    _STATUS.UPDATING: _STATUS.STABLE,
    _STATUS.RESTARTING: _STATUS.STABLE,
    _STATUS.HIBERNATING: _STATUS.HIBERNATED,
    _STATUS.WAKING: _STATUS.STABLE,
    _STATUS.RESTORING: _STATUS.STABLE,
    _STATUS.DISCARDING: _STATUS.DISCARDED,
}
"""Where work ends on a good day; a first start ends by its conditions."""


class SizeUnknownError(errors.CustomerMustActError):
    """The application has no such size."""

    code = "size-unknown"
    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What an order does: its input to the table, what it wants, and the targets that already are what it wants."""

    given: Input
    target: installations.Target | None = None
    satisfied: frozenset[installations.Target] = frozenset()


ACTIONS = {
    "restart": Action(given=Input.RESTART),
    "update": Action(given=Input.UPDATE),
    "retry": Action(given=Input.RETRY),
    "hibernate": Action(given=Input.HIBERNATE, target=_TARGET.HIBERNATED, satisfied=frozenset({_TARGET.HIBERNATED})),
    "wake": Action(given=Input.WAKE, target=_TARGET.RUNNING, satisfied=frozenset({_TARGET.RUNNING})),
    "undelete": Action(
        given=Input.UNDELETE, target=_TARGET.RUNNING, satisfied=frozenset({_TARGET.RUNNING, _TARGET.HIBERNATED})
    ),
    "delete": Action(
        given=Input.DISCARD, target=_TARGET.DISCARDED, satisfied=frozenset({_TARGET.DISCARDED, _TARGET.DELETED})
    ),
}


CLUSTER = "local"
"""Where all of them run."""


def created(
    request: installations.CreateInstallation, *, identifier: str, url: str, version: str, now: datetime
) -> installations.Installation:
    """Return a new installation, accepted and not begun."""
    return installations.Installation(
        id=identifier,
        name=request.name,
        display_name=request.display_name or request.name,
        application=request.application,
        version=request.version or version,
        serving_version=None,
        size=request.size or "small",
        settings=request.settings,
        labels=request.labels,
        target=_TARGET.RUNNING,
        status=_STATUS.PROVISIONING,
        reason="",
        message="",
        conditions=[_condition(step, document.ConditionStatus.FALSE, None) for step in STEPS],
        url=url,
        cluster=CLUSTER,
        generation=1,
        observed_generation=0,
        restarts=0,
        last_log_lines=[],
        is_locked=False,
        delete_after=None,
        created_at=now,
        updated_at=now,
        etag='"1"',
    )


def checked(application: applications.Application, details: dict[str, Any]) -> dict[str, Any]:
    """Return what is wanted of an application, with the defaults of its settings.

    Raises:
        SizeUnknownError, SettingsInvalidError: it does not fit the application.
    """
    wanted = {name: value for name, value in details.items() if value is not None}
    if "size" in wanted and wanted["size"] not in {size.name for size in application.sizes}:
        raise SizeUnknownError
    if "settings" in wanted:
        wanted["settings"] = application_settings.check(application.settings_schema, wanted["settings"])
    return wanted


def first_start(installation: installations.Installation, now: datetime) -> installations.Installation | None:
    """Return the installation one step further on its first start, or None where it has arrived."""
    if installation.status is not _STATUS.PROVISIONING:
        return None
    waiting = next(_unmet(installation), STEPS[-1])
    conditions = [
        _condition(item.type, document.ConditionStatus.TRUE, now) if item.type == waiting else item
        for item in installation.conditions
    ]
    is_ready = waiting == STEPS[-1]
    return installation.model_copy(
        update={
            "conditions": conditions,
            "status": _STATUS.STABLE if is_ready else installation.status,
            "serving_version": installation.version if is_ready else None,
            "observed_generation": installation.generation if is_ready else 0,
            "updated_at": now,
        }
    )


def begun(
    installation: installations.Installation, action: Action, details: dict[str, Any], now: datetime
) -> installations.Installation | None:
    """Return the installation at work on an action, or None where it is as wanted.

    Raises:
        BusyError: it is at work on something that this cannot interrupt.
        TransitionRefusedError: it cannot take this in its present state.
    """
    if installation.target in action.satisfied:
        return None
    if action.given is Input.UPDATE and all(getattr(installation, name) == value for name, value in details.items()):
        return None
    if action.given is Input.RESTART and installation.target is _TARGET.HIBERNATED:
        raise transitions.TransitionRefusedError
    if TABLE.is_working(installation.status) and not TABLE.allows(installation.status, action.given):
        raise ports.BusyError
    update = details | {
        "status": TABLE.next(installation.status, action.given),
        "target": action.target or installation.target,
        "generation": installation.generation + 1,
        "delete_after": now + GRACE if action.given is Input.DISCARD else None,
        "message": "",
        "reason": "",
        "updated_at": now,
    }
    return installation.model_copy(update=update)


def done(installation: installations.Installation, now: datetime) -> installations.Installation | None:
    """Return the installation after what it is at work on, or None where it rests."""
    if installation.status not in _RESTING:
        return None
    update = {
        "status": _RESTING[installation.status],
        "observed_generation": installation.generation,
        "serving_version": installation.version,
        "updated_at": now,
    }
    return installation.model_copy(update=update)


def _unmet(installation: installations.Installation) -> Iterator[str]:
    return (item.type for item in installation.conditions if item.status is not document.ConditionStatus.TRUE)


def _condition(name: str, status: document.ConditionStatus, at: datetime | None) -> installations.Condition:
    return installations.Condition(type=name, status=status, reason="Twin", last_transition_time=at)
