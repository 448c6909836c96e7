"""Turns PostgreSQL's NOTIFY into events that supervisors wait for.

One listening connection serves a whole process. When it breaks, everybody is woken once it is back, since
notifications may have been missed; the supervisors' slow poll is the net below.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Generator

import psycopg
import structlog
from psycopg import conninfo

log = structlog.get_logger(__name__)

RECONNECT_SECONDS = 1.0
_OPTIONS = "connect_timeout=5 keepalives_idle=15 keepalives_interval=5 keepalives_count=3"
"""A peer that vanished without a word is noticed within half a minute."""


class Waker:
    """Wakes whoever waits for a payload on a channel."""

    def __init__(self, url: str, channel: str) -> None:
        """Take where to listen.

        Args:
            url: a libpq URL (`postgresql://…`).
            channel: the channel's name.
        """
        self._url = url
        self._channel = channel
        self._listeners: dict[str, set[asyncio.Event]] = defaultdict(set)

    @contextlib.contextmanager
    def subscription(self, *payloads: str) -> Generator[asyncio.Event]:
        """Yield an event that is set whenever one of them is notified; clear it before looking at the rows."""
        event = asyncio.Event()
        for payload in payloads:
            self._listeners[payload].add(event)
        try:
            yield event
        finally:
            for payload in payloads:
                self._listeners[payload].discard(event)

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with contextlib.aclosing(self._notifications()) as notifications:
                    async for payload in notifications:
                        self._wake(payload)
            except (psycopg.Error, OSError) as error:
                log.warning("listening interrupted", channel=self._channel, error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _notifications(self) -> AsyncGenerator[str]:
        where = conninfo.make_conninfo(self._url, **conninfo.conninfo_to_dict(_OPTIONS))
        connection = await psycopg.AsyncConnection.connect(where, autocommit=True)
        async with connection:
            await connection.execute(f"LISTEN {self._channel}".encode())
            self._wake_all()
            async for notification in connection.notifies():
                yield notification.payload

    def _wake(self, payload: str) -> None:
        for event in self._listeners.get(payload, ()):
            event.set()

    def _wake_all(self) -> None:
        for payload in list(self._listeners):
            self._wake(payload)
