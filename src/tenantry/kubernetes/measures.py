"""What an administrator wants to see of our use of the API server."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Measures:
    """Series of one client."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the series."""
        self._calls = Counter(
            "tenantry_kubernetes_calls",
            "Calls of the API server, by how they were answered (0: not at all).",
            ["verb", "resource", "code"],
            registry=registry,
        )
        self._seconds = Histogram(
            "tenantry_kubernetes_call_seconds",
            "Time from sending a call to its answer.",
            ["verb"],
            buckets=(0.005, 0.02, 0.1, 0.5, 1, 5, 30),
            registry=registry,
        )
        self._throttled = Counter(
            "tenantry_kubernetes_throttled_calls", "Calls that our own rate limit made wait.", registry=registry
        )
        self._throttled_seconds = Counter(
            "tenantry_kubernetes_throttled_seconds", "Time that calls waited for our own rate limit.", registry=registry
        )
        self._watches = Gauge("tenantry_kubernetes_watches", "Open watches.", ["resource"], registry=registry)
        self._counts: dict[tuple[str, str, int], int] = {}

    def called(self, verb: str, resource: str, code: int, seconds: float) -> None:
        """Count a call with its answer; a code of 0 means that there was none."""
        self._calls.labels(verb, resource, str(code)).inc()
        self._seconds.labels(verb).observe(seconds)
        key = (verb, resource, code)
        self._counts[key] = self._counts.get(key, 0) + 1

    def throttled(self, seconds: float) -> None:
        """Note how long our own rate limit made a call wait."""
        if seconds > 0:
            self._throttled.inc()
            self._throttled_seconds.inc(seconds)

    def watching(self, resource: str, change: int) -> None:
        """Note that a watch was opened (1) or has ended (-1)."""
        self._watches.labels(resource).inc(change)

    def counts(self) -> dict[tuple[str, str, int], int]:
        """Return the calls so far by verb, resource and code."""
        return dict(self._counts)
