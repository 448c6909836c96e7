"""How long to wait before the next try: longer each time, never in step with others."""

from dataclasses import dataclass
from datetime import timedelta

from tenantry.kernel import randomness as randoms


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential growth with full upper-half jitter.

    Attributes:
        first: the longest first wait.
        factor: growth from one try to the next.
        ceiling: the longest wait of all.
    """

    first: timedelta = timedelta(milliseconds=500)
    factor: float = 2.0
    ceiling: timedelta = timedelta(minutes=5)

    def delay(self, attempts: int, randomness: randoms.Randomness) -> timedelta:
        """Return the wait after this many failed tries (at least one), between half of the full wait and all of it."""
        exponent = min(max(attempts, 1) - 1, 64)
        # In seconds: a timedelta that has doubled for an hour of tries would overflow before it could be cut.
        seconds = min(self.first.total_seconds() * self.factor**exponent, self.ceiling.total_seconds())
        return timedelta(seconds=seconds * (0.5 + randomness.fraction() / 2))
