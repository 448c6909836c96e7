"""Turns: only so many installations start or change at once, in the order in which they asked.

On a machine with two cores, ten starts at once take longer than ten starts in a row, and all of them come last.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Literal


class Turns:
    """A number of places that are given in order."""

    def __init__(self, places: int) -> None:
        """Take how many may hold a turn at once."""
        self._places = asyncio.Semaphore(places)
        self._asked = 0

    @property
    def is_idle(self) -> bool:
        """Whether nobody holds a turn or waits for one."""
        return not self._asked

    def ask(self) -> "Turn":
        """Get in line."""
        self._asked += 1
        return Turn(self._places, self._ended)

    def _ended(self) -> None:
        self._asked -= 1


class Turn:
    """A place in the line, and later a turn; given back by `end`, whichever it is."""

    def __init__(self, places: asyncio.Semaphore, ended: Callable[[], None]) -> None:
        self._places = places
        self._ended = ended
        self._waiting = asyncio.ensure_future(places.acquire())

    @property
    def waiting(self) -> "asyncio.Future[Literal[True]]":
        """Done when the turn has come."""
        return self._waiting

    @property
    def is_mine(self) -> bool:
        """Whether the turn has come."""
        return self._waiting.done() and not self._waiting.cancelled()

    async def end(self) -> None:
        """Give the turn, or the place in the line, back; to be called once."""
        self._ended()
        self._waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._waiting
        if self.is_mine:
            self._places.release()
