"""Follows one thing: each change of it, pushed by the event stream, with a slow poll as the net below.

What is yielded is always read afresh, so a missed or doubled event does no harm.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Protocol, TypeVar

from tenantry.client import events
from tenantry.kernel import errors

POLL = timedelta(seconds=1)
"""How long a change may go unseen when the stream is broken or not allowed to this token."""


class Watched(Protocol):
    """What can be followed: events speak of it by its identifier."""

    @property
    def id(self) -> str:
        """The identifier."""
        ...


Thing = TypeVar("Thing", bound=Watched)


async def watch(
    read: Callable[[], Awaitable[Thing]], stream: events.Events, *, poll: timedelta = POLL
) -> AsyncGenerator[Thing, None]:
    """Yield the thing as it is now, then after each change, for as long as it is asked for."""
    current = await read()
    yield current
    poke = asyncio.Event()
    listener = asyncio.create_task(_listen(stream, current.id, poke))
    try:
        while True:
            await _wait(poke, poll)
            latest = await read()
            if latest != current:
                yield latest
            current = latest
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def _listen(stream: events.Events, identifier: str, poke: asyncio.Event) -> None:
    try:
        async with aclosing(stream.stream()) as received:
            async for event in received:
                if event.subject_id == identifier:
                    poke.set()
    except errors.CustomerMustActError:
        return  # this token may not read events: the poll has to do


async def _wait(poke: asyncio.Event, limit: timedelta) -> None:
    try:
        async with asyncio.timeout(limit.total_seconds()):
            await poke.wait()
    except TimeoutError:
        return
    poke.clear()
