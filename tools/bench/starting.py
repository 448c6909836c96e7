"""Starts an application by hand, as somebody would who has everything ready: the measure of all other starts.

The initialise job, where there is one, and the processes with the rendered commands and environments, without limits.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bench import by_hand, shop
from tenantry.application import rendering
from tenantry.local import program


async def start(owner: shop.Shop, made: by_hand.HandMade) -> float:
    """Start it, wait until it is ready, end it; returns the seconds between.

    Raises:
        NotStartedError: its initialise job failed.
    """
    begun = time.monotonic()
    async with contextlib.AsyncExitStack() as running:
        await begin(made, running)
        return await shop.until_ok(owner.visitor, made.address) - begun


async def begin(made: by_hand.HandMade, running: contextlib.AsyncExitStack) -> None:
    """Run its initialise job, if there is one, and start its processes; they end with the stack.

    Raises:
        NotStartedError: its initialise job failed.
    """
    job = made.deployed.jobs.get(rendering.JobName.INITIALISE)
    if job is not None:
        async with _running(job) as process:
            if await process.wait():
                message = f"The initialise job failed; its log is {job.log_file}."
                raise by_hand.NotStartedError(message)
    for each in made.deployed.programs.values():
        await running.enter_async_context(_running(each))


@asynccontextmanager
async def _running(spec: program.ProgramSpec) -> AsyncGenerator[asyncio.subprocess.Process]:
    with spec.log_file.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *spec.command,
            env=spec.environment,
            cwd=spec.directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=spec.uid,
            group=spec.gid,
            extra_groups=[] if spec.uid is not None else None,
            umask=0o077,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
