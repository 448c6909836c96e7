"""What the agent measures of itself, in the words of Prometheus."""

import prometheus_client as prometheus
from prometheus_client import exposition

from tenantry.local.agent import hub, pool
from tenantry.runtime import document

_BUCKETS = (0.25, 0.5, 1, 2, 3, 5, 8, 13, 21, 34, 60, 120)


class Measures:
    """One registry for one agent."""

    def __init__(self, present: hub.Hub, standbys: pool.Pool) -> None:
        """Take where installations and standbys are counted."""
        self._hub = present
        self._pool = standbys
        self._registry = prometheus.CollectorRegistry()
        self._installations = prometheus.Gauge(
            "tenantry_agent_installations", "Installations by phase.", ["phase"], registry=self._registry
        )
        self._standbys = prometheus.Gauge(
            "tenantry_agent_standbys",
            "Processes that wait for an installation.",
            ["application", "slot"],
            registry=self._registry,
        )
        self._steps = prometheus.Counter(
            "tenantry_agent_steps", "Steps taken, by kind and outcome.", ["step", "outcome"], registry=self._registry
        )
        self._restarts = prometheus.Counter(
            "tenantry_agent_restarts", "Workloads that ended without being asked.", registry=self._registry
        )
        self._recurring = prometheus.Counter(
            "tenantry_agent_scheduled_jobs", "Runs of jobs on a schedule.", ["outcome"], registry=self._registry
        )
        self._starts = prometheus.Histogram(
            "tenantry_agent_ready_seconds",
            "From taking up a document to Ready.",
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def step_taken(self, name: str, *, outcome: str) -> None:
        """A step has ended."""
        self._steps.labels(step=name, outcome=outcome).inc()

    def restarted(self, count: int) -> None:
        """Workloads have ended without being asked."""
        self._restarts.inc(count)

    def recurred(self, *, outcome: str) -> None:
        """A job on a schedule has ended."""
        self._recurring.labels(outcome=outcome).inc()

    def became_ready(self, seconds: float) -> None:
        """A document was brought to Ready."""
        self._starts.observe(seconds)

    def exposition(self) -> bytes:
        """Return everything as text."""
        phases = [each.status.phase for each in self._hub.present.values() if each.status is not None]
        for phase in document.Phase:
            self._installations.labels(phase=phase).set(phases.count(phase))
        self._standbys.clear()
        for standby in self._pool.waiting():
            labels = {"application": standby.kind.application, "slot": standby.slot}
            self._standbys.labels(**labels).set(len(standby.workloads))
        return exposition.generate_latest(self._registry)
