"""When a call is tried again, and how long to wait before.

The wait grows, is bounded, and is drawn by chance from its whole range, so that clients which failed together do not
come back together.
"""

from dataclasses import dataclass
from datetime import timedelta

from tenantry.kernel import errors
from tenantry.kernel import randomness as randoms


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """How often and how patiently a repeatable call is tried again.

    Attributes:
        attempts: tries in all, the first one included.
        first: the longest wait before the second try; each later one may be twice as long.
        longest: no wait is longer, whatever the provisioner asks for.
    """

    attempts: int = 4
    first: timedelta = timedelta(milliseconds=250)
    longest: timedelta = timedelta(seconds=5)

    def wait(self, attempt: int, error: errors.TemporaryError, randomness: randoms.Randomness) -> timedelta:
        """Return how long to wait after this try (counted from 1) failed.

        A delay that the provisioner asked for is kept to, within the longest wait.
        """
        ceiling = min(self.longest, self.first * 2 ** min(attempt - 1, 30))
        drawn = ceiling * (0.5 + randomness.fraction() / 2)
        return min(self.longest, max(drawn, error.delay or timedelta()))


NEVER = Retrying(attempts=1)
"""For callers that try again by themselves, such as a supervisor."""
