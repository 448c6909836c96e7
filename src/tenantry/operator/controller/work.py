"""Workers that take keys from the queue, one key each at a time."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.operator.controller import queue as queues

log = structlog.get_logger()

K = TypeVar("K", bound=Hashable)

_TROUBLE = timedelta(seconds=1)


class Work(Generic[K]):
    """A queue with its workers."""

    def __init__(
        self,
        queue: queues.Queue[K],
        care: Callable[[K], Awaitable[datetime | None]],
        clock: clocks.Clock,
    ) -> None:
        """Take the queue and what is done with a key.

        Args:
            queue: what is to be done.
            care: works on a key; returns when to look again without being asked, None for never.
            clock: tells the time.
        """
        self.queue = queue
        self._care = care
        self._clock = clock
        self._changed = asyncio.Event()

    def add(
        self,
        key: K,
        *,
        group: str | None = None,
        priority: queues.Priority = queues.Priority.CHANGE,
        due: datetime | None = None,
    ) -> None:
        """Ask for a key to be worked on; see `queue.Queue.add`."""
        self.queue.add(key, group=group, priority=priority, due=due)
        self._changed.set()

    async def run(self, workers: int) -> None:
        """Work until cancelled, on so many keys at a time."""
        async with asyncio.TaskGroup() as group:
            while True:
                key = self.queue.take(self._clock.now()) if self.queue.working < workers else None
                if key is None:
                    await self._wait(is_full=self.queue.working >= workers)
                else:
                    group.create_task(self._work_on(key))

    async def _work_on(self, key: K) -> None:
        try:
            again = await self._care(key)
        except errors.TemporaryError as error:
            self._retry(key, error.code, error.delay)
        except errors.TenantryError as error:
            self._retry(key, error.code, None)
        except Exception:  # a loop edge: a defect in the care for one must not end the care for all
            log.exception("care failed unexpectedly", key=str(key))
            self._retry(key, "internal", _TROUBLE)
        else:
            self.queue.succeeded(key)
            if again is not None:
                self.queue.add(key, due=again)
        finally:
            self.queue.done(key)
            self._changed.set()

    def _retry(self, key: K, code: str, delay: timedelta | None) -> None:
        wait = self.queue.retry(key, self._clock.now(), delay=delay)
        log.warning("care put off", key=str(key), code=code, seconds=wait.total_seconds())

    async def _wait(self, *, is_full: bool) -> None:
        """Wait until something is added or ends, or the time of something has come."""
        self._changed.clear()
        due = None if is_full else self.queue.next_due()
        seconds = None if due is None else max((due - self._clock.now()).total_seconds(), 0.0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
