"""In which order objects are applied, and in reverse order taken away.

Jobs run between the first stage and the second: they need configuration, volumes and the network, and must not find
that workloads have changed already. Nothing is routed before its workloads are ready.
"""

from enum import IntEnum
from typing import Any

from tenantry.kubernetes import kinds


class Stage(IntEnum):
    """A stage of an installation's start."""

    FOUNDATION = 1
    """What pods need to exist: namespace, limits, account, network, configuration, volumes, names."""
    WORKLOADS = 2
    """What runs, and what watches over it."""
    ROUTE = 3
    """What visitors come by."""


_WORKLOADS = (
    kinds.DEPLOYMENT,
    kinds.STATEFUL_SET,
    kinds.CRON_JOB,
    kinds.AUTOSCALER,
    kinds.DISRUPTION_BUDGET,
    kinds.POD_MONITOR,
)
_ROUTE = (kinds.HTTP_ROUTE, kinds.INGRESS, kinds.LISTENER_SET, kinds.CERTIFICATE)


def stage_of(rendered: dict[str, Any]) -> Stage:
    """Return the stage in which a rendered object is applied."""
    kind: str = rendered["kind"]
    if any(kind == each.kind for each in _WORKLOADS):
        return Stage.WORKLOADS
    if any(kind == each.kind for each in _ROUTE):
        return Stage.ROUTE
    return Stage.FOUNDATION
