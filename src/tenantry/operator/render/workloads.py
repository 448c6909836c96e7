"""Workloads: a Deployment for what keeps nothing, a StatefulSet for what uses a volume, and what watches over both.

A StatefulSet because it never runs two pods of one name: a pod that is being ended, or whose node is cut off, still
holds its volume, and a Deployment would start another beside it (docs/decisions/0006).
"""

from collections.abc import Mapping
from typing import Any

from tenantry.application import manifest, rendering, values
from tenantry.kubernetes import kinds
from tenantry.operator.render import configuration, frame, names, objects, pods, probes

RESTARTED_AT = "tenantry.dev/restarted-at"
"""Annotation of a pod: the restart that was asked for."""

_DRAIN = 3
"""Seconds in which the front door learns that a pod goes, while the pod still answers."""
_KEPT = 2
_ONE = {"maxSurge": 1, "maxUnavailable": 0}


def render(framed: frame.Frame) -> list[objects.Object]:
    """Return the workloads, their configuration and what watches over them."""
    return [made for workload in framed.rendered.workloads for made in _Workload(framed, workload).all()]


class _Workload:
    """One workload's objects."""

    def __init__(self, framed: frame.Frame, workload: rendering.Workload) -> None:
        self._framed = framed
        self._workload = workload
        self._declared = framed.declared(workload.name)
        self._configured = configuration.of_workload(framed, workload)
        self._labels = objects.workload_labels(framed.wanted, workload.name)
        self._mounted = list(workload.volumes)

    def all(self) -> list[objects.Object]:
        found = [*self._configured.parts, self._stateful() if self._mounted else self._deployment()]
        if not self._framed.wanted.is_awake:
            return found
        if self._scale is not None:
            found.append(self._autoscaler(self._scale))
        if self._is_several:
            found.append(self._disruption_budget())
        if self._declared.metrics is not None and kinds.POD_MONITOR in self._framed.wanted.facts.offers:
            found.append(self._monitor(self._declared.metrics))
        return found

    @property
    def _scale(self) -> manifest.Scale | None:
        """Return how far it may be scaled; what uses a volume never is."""
        if self._mounted:
            return None
        size = values.size(self._framed.wanted.application, self._framed.wanted.installation.spec.size)
        return size.workloads.get(self._workload.name, manifest.WorkloadSize()).scale

    @property
    def _selector(self) -> dict[str, Any]:
        return {"matchLabels": objects.selector(self._framed.wanted, self._workload.name)}

    def _deployment(self) -> objects.Object:
        facts = self._framed.wanted.facts
        spec: dict[str, Any] = {
            **self._replicas(),
            "selector": self._selector,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": dict(_ONE)},
            "progressDeadlineSeconds": probes.seconds(self._workload.startup_timeout) + facts.pull_seconds,
            "revisionHistoryLimit": _KEPT,
            "template": self._template(),
        }
        return self._make(kinds.DEPLOYMENT, self._framed.name(self._workload.name), spec)

    def _stateful(self) -> objects.Object:
        spec: dict[str, Any] = {
            **self._replicas(),
            "selector": self._selector,
            "serviceName": frame.service_name(self._framed.wanted, self._workload.name),
            # In parallel, or a pod that never became ready would keep a better one from taking its place.
            "podManagementPolicy": "Parallel",
            "updateStrategy": {"type": "RollingUpdate"},
            "revisionHistoryLimit": _KEPT,
            "template": self._template(),
        }
        name = self._framed.name(self._workload.name, longest=names.LONGEST_STATEFUL)
        return self._make(kinds.STATEFUL_SET, name, spec)

    def _replicas(self) -> dict[str, int]:
        """Return how many copies run; nothing where an autoscaler decides, or it and we would undo each other."""
        if not self._framed.wanted.is_awake:
            return {"replicas": 0}
        if self._scale is not None:
            return {}
        return {"replicas": self._workload.resources.replicas}

    def _template(self) -> dict[str, Any]:
        metadata: dict[str, Any] = {"labels": objects.common_labels(self._framed.wanted) | self._labels}
        if (at := self._framed.wanted.installation.spec.restarted_at) is not None:
            metadata["annotations"] = {RESTARTED_AT: at.isoformat()}
        spec = pods.spec(self._framed, self._container(), configured=self._configured, mounted=self._mounted)
        spec["terminationGracePeriodSeconds"] = probes.seconds(self._workload.stop_grace) + self._drain
        if self._signal is not None:
            spec["os"] = {"name": "linux"}
        spec |= pods.near_volumes(self._framed, self._mounted, besides="" if self._is_several else self._workload.name)
        if self._is_several and not self._mounted:
            spec["topologySpreadConstraints"] = [self._spread("kubernetes.io/hostname")]
            spec["topologySpreadConstraints"].append(self._spread("topology.kubernetes.io/zone"))
        return {"metadata": metadata, "spec": spec}

    def _container(self) -> dict[str, Any]:
        workload = self._workload
        ports = [
            {"name": names.port(name, number), "containerPort": number, "protocol": "TCP"}
            for name, number in workload.ports.items()
        ]
        container: dict[str, Any] = {"name": workload.name, "resources": pods.resources(workload.resources)}
        if ports:
            container["ports"] = ports
        if lifecycle := self._lifecycle():
            container["lifecycle"] = lifecycle
        return container | probes.probes(workload)

    def _lifecycle(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self._drain:
            made["preStop"] = {"sleep": {"seconds": self._drain}}
        if self._signal is not None:
            made["stopSignal"] = self._signal
        return made

    @property
    def _drain(self) -> int:
        """Return how long a pod that visitors come to is kept; one that holds a volume has no other to take over."""
        is_routed = self._framed.rendered.route.workload == self._workload.name
        return _DRAIN if is_routed and not self._mounted and self._framed.wanted.facts.has_sleep else 0

    @property
    def _signal(self) -> str | None:
        """Return the signal that ends it, where it is not the usual one and can be set."""
        signal = self._workload.stop_signal
        return f"SIG{signal}" if signal != "TERM" and self._framed.wanted.facts.has_stop_signals else None

    @property
    def _is_several(self) -> bool:
        return self._workload.resources.replicas > 1 or self._scale is not None

    def _spread(self, topology: str) -> dict[str, Any]:
        return {
            "maxSkew": 1,
            "topologyKey": topology,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": self._selector,
        }

    def _autoscaler(self, scale: manifest.Scale) -> objects.Object:
        name = self._framed.name(self._workload.name)
        metric = {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": scale.cpu_percent}},
        }
        spec: dict[str, Any] = {
            "scaleTargetRef": {"apiVersion": kinds.DEPLOYMENT.api_version, "kind": "Deployment", "name": name},
            "minReplicas": self._workload.resources.replicas,
            "maxReplicas": scale.up_to,
            "metrics": [metric],
        }
        return self._make(kinds.AUTOSCALER, name, spec)

    def _disruption_budget(self) -> objects.Object:
        spec: dict[str, Any] = {
            "maxUnavailable": 1,
            "selector": self._selector,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        }
        return self._make(kinds.DISRUPTION_BUDGET, self._framed.name(self._workload.name), spec)

    def _monitor(self, metrics: manifest.Metrics) -> objects.Object:
        number = self._framed.ports[metrics.port]
        spec: dict[str, Any] = {
            "selector": self._selector,
            "podMetricsEndpoints": [{"port": names.port(metrics.port, number), "path": metrics.path}],
        }
        labels = self._framed.wanted.facts.monitor_labels
        return self._make(kinds.POD_MONITOR, self._framed.name(self._workload.name), spec, labels)

    def _make(
        self, kind: kinds.Kind, name: str, spec: dict[str, Any], labels: Mapping[str, str] | None = None
    ) -> objects.Object:
        return objects.make(self._framed.wanted, kind, name, {"spec": spec}, labels=self._labels | dict(labels or {}))
