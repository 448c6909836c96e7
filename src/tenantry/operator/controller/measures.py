"""What an administrator wants to see of the care for installations."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from tenantry.runtime import document


class Measures:
    """Series of one controller."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the series."""
        self._registry = registry
        self._steps = Counter("tenantry_operator_steps", "Steps begun, by kind.", ["step"], registry=registry)
        self._phases = Counter(
            "tenantry_operator_phase_changes", "Changes of phase that were reported.", ["phase"], registry=registry
        )
        self._looks = Counter("tenantry_operator_looks", "Looks at installations, at rest or not.", registry=registry)
        self._renderings = Counter("tenantry_operator_renderings", "Installations rendered.", registry=registry)
        self._dropped = Counter(
            "tenantry_operator_events_dropped", "Events not written, because too many were.", registry=registry
        )
        self._leads = Gauge("tenantry_operator_leads", "Whether this operator is the one that acts.", registry=registry)

    def step(self, name: str) -> None:
        """Count a step."""
        self._steps.labels(name).inc()

    def looked(self) -> None:
        """Count a look at an installation."""
        self._looks.inc()

    def rendered(self) -> None:
        """Count a rendering of an installation."""
        self._renderings.inc()

    def changed(self, before: document.Phase, after: document.Phase) -> None:
        """Count a change of phase."""
        if before is not after:
            self._phases.labels(after).inc()

    def dropped(self) -> None:
        """Count an Event that is not written."""
        self._dropped.inc()

    def leads(self, *, is_leading: bool) -> None:
        """Note whether this operator acts."""
        self._leads.set(1 if is_leading else 0)

    def read(self, name: str, about: str, value: Callable[[], float]) -> None:
        """Register a series that is asked for when it is read, such as the length of a queue."""
        Gauge(f"tenantry_operator_{name}", about, registry=self._registry).set_function(value)
