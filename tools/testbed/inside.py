"""Runs commands in the room of a node, as somebody who is signed in there."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from tenantry.kernel import errors
from testbed import room

_TIMEOUT = timedelta(seconds=30)


class CommandFailedError(errors.PermanentError):
    """A command in the room of a node has failed."""

    code = "command-failed"


async def run(place: room.Room, command: Sequence[str], *, within: timedelta = _TIMEOUT) -> str:
    """Run a command and return what it prints.

    Raises:
        CommandFailedError: it failed; the message is what it printed.
    """
    process = await asyncio.create_subprocess_exec(
        *place.entrance,
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(within.total_seconds()):
        printed, _ = await process.communicate()
    text = printed.decode(errors="replace").strip()
    if process.returncode:
        raise CommandFailedError(text or f"{command[0]} ended with status {process.returncode}.")
    return text
