"""Calls about events: the past page by page, and the present as a stream that survives broken connections.

Events arrive at least once and in order. A reader that stores the last sequence it dealt with loses nothing, however
often it, the connection or the provisioner breaks.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

from tenantry.client import call as calls
from tenantry.client import frames
from tenantry.client import transport as transports
from tenantry.kernel import errors
from tenantry.wire import events as wire
from tenantry.wire import model

EventPage = model.Page[wire.Event]


class Events:
    """Calls about events."""

    def __init__(self, transport: transports.Transport) -> None:
        """Take the way to the provisioner."""
        self._transport = transport

    async def list(
        self, *, after: int | None = None, limit: int | None = None, subject_id: str | None = None
    ) -> EventPage:
        """Return a page of events in the order of their sequence, beginning after the given one."""
        query = {"after": after, "limit": limit, "subjectId": subject_id}
        call = calls.Call(method="GET", path=calls.path("events"), query=query)
        return calls.read(EventPage, await self._transport.send(call))

    async def iterate(
        self, *, after: int = 0, follow: bool = False, patience: timedelta | None = None
    ) -> AsyncGenerator[wire.Event, None]:
        """Yield every event after the given sequence and, if it follows, each new one as it happens.

        Args:
            after: the last sequence that was dealt with.
            follow: whether to go on when the past has been read.
            patience: how long a broken connection is mended before the error is raised; None: for ever.
        """
        source = self.stream(after=after, patience=patience) if follow else self._past(after)
        async with aclosing(source) as events:
            async for event in events:
                yield event

    async def stream(
        self, *, after: int | None = None, patience: timedelta | None = None
    ) -> AsyncGenerator[wire.Event, None]:
        """Yield each event as it happens, after the given sequence (from now on where there is none)."""
        cursor = after
        outage = _Outage(self._transport, patience)
        while True:
            try:
                async with aclosing(self._connection(cursor)) as received:
                    async for sequence, event in received:
                        outage.is_over()
                        cursor = sequence
                        if event is not None:
                            yield event
                error: errors.TemporaryError | None = None
            except errors.TemporaryError as broken:
                error = broken
            await outage.pause(error)

    async def _past(self, after: int) -> AsyncGenerator[wire.Event, None]:
        cursor = after
        while page := (await self.list(after=cursor)).items:
            for event in page:
                yield event
            cursor = page[-1].sequence

    async def _connection(self, after: int | None) -> AsyncGenerator[tuple[int | None, wire.Event | None], None]:
        """Yield (cursor, event) until the connection ends; the event is None where only the cursor moved."""
        call = calls.Call(method="GET", path=calls.path("events", "stream"), query={"after": after})
        decoder = frames.Decoder()
        cursor = after
        async with aclosing(self._transport.lines(call, accept="text/event-stream")) as lines:
            async for line in lines:
                frame = decoder.feed(line)
                if frame is None:
                    continue
                event = calls.read(wire.Event, frame.data.encode()) if frame.data else None
                cursor = event.sequence if event else _sequence(frame.identifier, cursor)
                yield cursor, event


class _Outage:
    """How long a stream has been broken, and how long to wait before it is opened again."""

    def __init__(self, transport: transports.Transport, patience: timedelta | None) -> None:
        self._transport = transport
        self._patience = patience
        self._attempts = 0
        self._began = 0.0

    def is_over(self) -> None:
        self._attempts = 0

    async def pause(self, error: errors.TemporaryError | None) -> None:
        """Wait before the next connection, or raise the error when patience is at an end."""
        now = asyncio.get_running_loop().time()
        self._began = now if self._attempts == 0 else self._began
        self._attempts += 1
        cause = error or errors.TemporaryError("The stream ended.")
        if self._patience is not None and now - self._began >= self._patience.total_seconds():
            raise cause
        wait = self._transport.options.retries.wait(self._attempts, cause, self._transport.randomness)
        await asyncio.sleep(wait.total_seconds())


def _sequence(identifier: str, otherwise: int | None) -> int | None:
    return int(identifier) if identifier.isdecimal() else otherwise
