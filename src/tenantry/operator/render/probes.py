"""The questions that the kubelet asks of a workload, from its readiness, its health and the time its start may take."""

import math
from datetime import timedelta
from typing import Any

from tenantry.application import rendering

_SECOND = timedelta(seconds=1)


def probes(workload: rendering.Workload) -> dict[str, Any]:
    """Return the probes of a workload's container.

    While it starts it is asked every second, so that it is ready as soon as it can be; the slower questions begin
    afterwards.
    """
    made: dict[str, Any] = {}
    first = workload.readiness or workload.health
    if first is not None:
        made["startupProbe"] = _start(first, workload.startup_timeout)
    if workload.readiness is not None:
        made["readinessProbe"] = _probe(workload.readiness)
    if workload.health is not None:
        made["livenessProbe"] = _probe(workload.health)
    return made


def seconds(duration: timedelta) -> int:
    """Return a duration in whole seconds, rounded up, at least one: Kubernetes knows no shorter time."""
    return max(1, math.ceil(duration / _SECOND))


def _start(probe: rendering.Probe, allowed: timedelta) -> dict[str, Any]:
    return _request(probe) | {
        "periodSeconds": 1,
        "timeoutSeconds": seconds(probe.timeout),
        "failureThreshold": seconds(allowed),
    }


def _probe(probe: rendering.Probe) -> dict[str, Any]:
    return _request(probe) | {
        "periodSeconds": seconds(probe.period),
        "timeoutSeconds": seconds(probe.timeout),
        "failureThreshold": probe.failure_threshold,
    }


def _request(probe: rendering.Probe) -> dict[str, Any]:
    request: dict[str, Any] = {"path": probe.path, "port": probe.port, "scheme": "HTTP"}
    if probe.host_header is not None:
        request["httpHeaders"] = [{"name": "Host", "value": probe.host_header}]
    return {"httpGet": request}
