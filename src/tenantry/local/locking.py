"""The lock of a data directory: one `up` at a time looks after a stack, and its pid is in the file."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

from tenantry.kernel import errors


class StackBusyError(errors.ConflictError):
    """Another command looks after this stack."""

    code = "stack-busy"


@contextlib.contextmanager
def held(file: Path) -> Generator[None]:
    """Hold the lock; the kernel lets go of it when we die, however that happens.

    Raises:
        StackBusyError: another process holds it; the message has its pid.
    """
    # A program that we start must not hold on to it: descriptors are not inherited.
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, file)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(file: Path) -> int | None:
    """Return the pid of the process that holds the lock, None where nobody does."""
    try:
        with held_briefly(file):
            return None
    except StackBusyError:
        text = file.read_text().strip()
        return int(text) if text.isdecimal() else None
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def held_briefly(file: Path) -> Generator[None]:
    """Hold the lock without leaving our pid.

    Raises:
        StackBusyError: another process holds it.
        FileNotFoundError: there is no such stack.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        _lock(descriptor, file)
        yield
    finally:
        os.close(descriptor)


async def until_free(file: Path, *, within: timedelta) -> None:
    """Wait until nobody holds the lock.

    Raises:
        StackBusyError: it is still held when the time is over.
    """
    try:
        async with asyncio.timeout(within.total_seconds()):
            while holder(file) is not None:  # noqa: ASYNC110 - another process lets go
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise StackBusyError(f"Process {holder(file)} still looks after this stack.") from None


def _lock(descriptor: int, file: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = file.read_text().strip()
        raise StackBusyError(f"Process {text or 'unknown'} already looks after this stack.") from None
