"""Runs the jobs of installations through the launcher, to their end, and leaves nothing of them behind.

A job lives in a session and in control groups of its own. It dies with the agent, and is run again by the next one.
"""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from tenantry.local import atomic, control_groups, launch, program
from tenantry.local.agent import ports

_KEPT_LOG_BYTES = 1024 * 1024


class LaunchedJobs:
    """Jobs as child processes of the agent."""

    def __init__(self, folder: Path, *, stack: str) -> None:
        """Take a folder for spec files, which hold secrets, and the stack's marker."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._environment = {launch.MARKER: stack}

    async def run(self, job: program.ProgramSpec, timeout: float) -> ports.JobResult:  # noqa: ASYNC109 - part of the job
        groups = [Path(group["folder"]) for group in job.control_groups]
        await asyncio.to_thread(control_groups.remove, groups)
        spec = await asyncio.to_thread(self._write_spec, job)
        try:
            process = await self._start(job, spec)
            return await _finish(process, timeout)
        finally:
            spec.unlink(missing_ok=True)
            await asyncio.to_thread(control_groups.remove, groups)

    def _write_spec(self, job: program.ProgramSpec) -> Path:
        key = f"{job.log_file.parent.parent.name}.{job.name}"
        rendered = program.render(job, folder=self._folder, python=Path(sys.executable))
        path = self._folder / f"{key}.json"
        atomic.write(path, rendered.launch_spec)
        return path

    async def _start(self, job: program.ProgramSpec, spec: Path) -> asyncio.subprocess.Process:
        mode = "ab" if job.log_file.exists() and job.log_file.stat().st_size < _KEPT_LOG_BYTES else "wb"
        with job.log_file.open(mode) as log:
            command = (sys.executable, "-I", "-S", str(program.LAUNCHER), str(spec))
            return await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )


async def _finish(process: asyncio.subprocess.Process, timeout: float) -> ports.JobResult:  # noqa: ASYNC109 - part of the job
    try:
        async with asyncio.timeout(timeout):
            return ports.JobResult(exit_status=await process.wait())
    except TimeoutError:
        return ports.JobResult(exit_status=None)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
