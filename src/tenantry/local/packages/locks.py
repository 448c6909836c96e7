"""The lock of one package: whoever prepares it or removes it holds it, in this process or in another.

A lock file is removed together with its package, so one that was had may be of a file that is no longer there: then
it guards nothing, and is had again.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncGenerator, Callable, Generator
from datetime import timedelta
from pathlib import Path

from tenantry.kernel import errors

_CHECK_EVERY = 0.1
SUFFIX = ".lock"


class PackageBusyError(errors.TemporaryError):
    """Another preparation of this package has not ended."""

    code = "package-busy"


@contextlib.asynccontextmanager
async def held(folder: Path, *, patience: timedelta, on_wait: Callable[[], None]) -> AsyncGenerator[int]:
    """Hold the lock of a package's folder; yields the descriptor, which a child may inherit.

    Raises:
        PackageBusyError: it could not be had in time.
    """
    descriptor = _take(folder)
    if descriptor is None:
        on_wait()
        try:
            async with asyncio.timeout(patience.total_seconds()):
                while (descriptor := _take(folder)) is None:  # noqa: ASYNC110 - the holder may be another process
                    await asyncio.sleep(_CHECK_EVERY)
        except TimeoutError as error:
            raise PackageBusyError(delay=timedelta(minutes=1)) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def held_if_free(folder: Path) -> Generator[bool]:
    """Hold the lock where nobody else does; yields whether it is held."""
    descriptor = _take(folder)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def forget(folder: Path) -> None:
    """Remove the lock file of a package that is gone; its lock is held."""
    file(folder).unlink(missing_ok=True)


def file(folder: Path) -> Path:
    """Return the lock file of a package's folder."""
    return folder.with_name(f"{folder.name}{SUFFIX}")


def _take(folder: Path) -> int | None:
    path = file(folder)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with contextlib.suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    os.close(descriptor)
    return None
