"""Tells again and again how far something is while it goes on, so that minutes do not look like a standstill."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator

EVERY = 15.0


@contextlib.contextmanager
def told(how_far: Callable[[], str], say: Callable[[str], None], *, every: float = EVERY) -> Generator[None]:
    """Say how far it is, with the seconds so far, every few seconds until the block ends.

    Args:
        how_far: asked each time; called in a thread of its own.
        say: told each time, in that thread.
        every: seconds between.
    """
    begun = time.monotonic()
    over = threading.Event()

    def tell() -> None:
        while not over.wait(every):
            say(f"{how_far()}, {time.monotonic() - begun:.0f} s")

    thread = threading.Thread(target=tell, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
