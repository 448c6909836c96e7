"""How fast we may call: a token bucket and a bound on calls in flight, both ours and both visible as metrics.

The API server guards itself; this guards everybody else who uses it. The default lies above what one process reaches
on an API server of two cores (650 to 700 writes a second), so that there the server, and not a number of ours, is what
is waited for, and below what would starve others on a larger one.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is allowed.

    Attributes:
        per_second: calls each second in the long run.
        burst: calls that may come at once after a pause.
        in_flight: calls that may be unanswered at the same time.
    """

    per_second: float = 1000.0
    burst: int = 200
    in_flight: int = 32


class Bucket:
    """A token bucket that knows when the next call may be made. Pure: it is told the time.

    A caller takes its turn at once and is told how long to wait for it, so turns come in the order of asking.
    """

    def __init__(self, limits: Limits) -> None:
        """Start full."""
        self._rate = limits.per_second
        self._burst = limits.burst
        self._tokens = float(limits.burst)
        self._at = 0.0

    def take(self, now: float) -> float:
        """Take a turn; return how many seconds to wait for it.

        Args:
            now: seconds of any clock that only goes forward.
        """
        self._tokens = min(self._burst, self._tokens + max(now - self._at, 0.0) * self._rate)
        self._at = now
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)


class Gate:
    """Lets calls through as the limits allow."""

    def __init__(self, limits: Limits) -> None:
        """Take the limits."""
        self._bucket = Bucket(limits)
        self._places = asyncio.Semaphore(limits.in_flight)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[float]:
        """Hold a place for one call; gives how many seconds the rate limit made it wait."""
        async with self._places:
            seconds = self._bucket.take(asyncio.get_running_loop().time())
            if seconds > 0:
                await asyncio.sleep(seconds)
            yield seconds
