"""An order as a value."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tenantry.kernel import errors, ids
from tenantry.portal.workspaces import model as workspaces

LABEL = "portal-workspace"
"""The label by which an installation's events find their workspace before the answer to the order does."""


class Kind(StrEnum):
    """What can be asked for."""

    CREATE = "create"
    UPDATE = "update"
    RESTART = "restart"
    HIBERNATE = "hibernate"
    WAKE = "wake"
    DELETE = "delete"
    UNDELETE = "undelete"
    RETRY = "retry"


class Status(StrEnum):
    """How far an order is."""

    WAITING = "waiting"
    CARRIED_OUT = "carried-out"
    REFUSED = "refused"


class NotPossibleError(errors.ConflictError):
    """This is not possible in the workspace's present state. Look at its page again."""

    code = "not-possible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One wish of a customer."""

    id: str
    account_id: ids.AccountId
    workspace_id: ids.WorkspaceId
    kind: Kind
    details: dict[str, Any]
    status: Status
    code: str
    message: str
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be carried out."""
        return self.status is Status.WAITING


_POSSIBLE: dict[workspaces.Status, frozenset[Kind]] = {
    workspaces.Status.STABLE: frozenset({Kind.UPDATE, Kind.RESTART, Kind.HIBERNATE, Kind.DELETE}),
    workspaces.Status.UNHEALTHY: frozenset({Kind.UPDATE, Kind.RESTART, Kind.HIBERNATE, Kind.DELETE}),
    workspaces.Status.FAILED: frozenset({Kind.RETRY, Kind.DELETE}),
    workspaces.Status.HIBERNATED: frozenset({Kind.WAKE, Kind.DELETE}),
    workspaces.Status.PROVISIONING: frozenset({Kind.DELETE}),
    workspaces.Status.UPDATING: frozenset({Kind.DELETE}),
    workspaces.Status.RESTARTING: frozenset({Kind.DELETE}),
    workspaces.Status.WAKING: frozenset({Kind.DELETE}),
    workspaces.Status.DISCARDED: frozenset({Kind.UNDELETE}),
    workspaces.Status.DISCARDING: frozenset({Kind.UNDELETE}),
    workspaces.Status.REFUSED: frozenset({Kind.CREATE}),
}


_LEADS_TO: dict[Kind, frozenset[workspaces.Status]] = {
    Kind.RESTART: frozenset({workspaces.Status.RESTARTING}),
    Kind.HIBERNATE: frozenset({workspaces.Status.HIBERNATING, workspaces.Status.HIBERNATED}),
    Kind.WAKE: frozenset({workspaces.Status.WAKING}),
    Kind.DELETE: frozenset({workspaces.Status.DISCARDING, workspaces.Status.DISCARDED, workspaces.Status.DELETING}),
    Kind.UNDELETE: frozenset({workspaces.Status.RESTORING}),
}
"""Order → the states that say that just this is being done, or done. An update is never the same as another one."""


def is_under_way(kind: Kind, status: workspaces.Status, open_order: Kind | None) -> bool:
    """Tell whether what is asked for is being done already: somebody pressed the button in two windows."""
    if kind is Kind.UPDATE:
        return False
    return open_order is kind or (open_order is None and status in _LEADS_TO.get(kind, frozenset()))


def possible(status: workspaces.Status, open_order: Kind | None) -> frozenset[Kind]:
    """Return what can be asked for now; while an order waits, nothing else can."""
    return frozenset() if open_order is not None else _POSSIBLE.get(status, frozenset())
