"""What an on-call engineer wants to see of a supervisor."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """Counters of one process's supervisors, labelled by queue."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the series."""
        self.steps = Counter(
            "tenantry_engine_steps", "Steps taken, by how they ended.", ["queue", "outcome"], registry=registry
        )
        self.seconds = Histogram(
            "tenantry_engine_step_seconds",
            "Time from claim to write-back.",
            ["queue"],
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300),
            registry=registry,
        )
        self.running = Gauge("tenantry_engine_running", "Rows being worked on.", ["queue"], registry=registry)
        self.claims = Counter("tenantry_engine_claims", "Claim queries.", ["queue"], registry=registry)
