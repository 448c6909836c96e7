"""supervisord itself: its configuration, its start and its end.

It runs in the foreground of a session of its own, with the stack's marker in its environment, and answers on a unix
socket that only its owner may open. What it runs dies with it (`launch.py`), so a new one always begins afresh.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tenantry.kernel import errors
from tenantry.local import atomic, launch, program, supervision

START_TIME = timedelta(seconds=20)
"""Time allowed until it answers; it takes about 0.2 s on an idle machine."""


class SupervisorDidNotStartError(errors.PermanentError):
    """The supervisor did not start."""

    code = "supervisor-did-not-start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where supervisord keeps its things.

    Attributes:
        folder: holds its configuration.
        include: holds the files of programs.
        socket: where it answers.
        log: its own log.
    """

    folder: Path
    include: Path
    socket: Path
    log: Path


def configuration(paths: Paths) -> str:
    """Return the text of supervisord's configuration file."""
    folder, include, socket, log = (
        program.check_path(path) for path in (paths.folder, paths.include, paths.socket, paths.log)
    )
    owner = "user=root\n" if os.geteuid() == 0 else ""
    return (
        f"[unix_http_server]\nfile={socket}\nchmod=0600\n\n"
        f"[supervisord]\nnodaemon=true\nsilent=true\numask=077\nminfds=1024\nminprocs=64\n{owner}"
        f"logfile={log}\nlogfile_maxbytes=10MB\nlogfile_backups=2\nloglevel=info\n"
        f"pidfile={folder}/supervisord.pid\nchildlogdir={folder}\nnocleanup=true\nidentifier=tenantry\n\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\n"
        f"[include]\nfiles={include}/*.conf\n"
    )


async def start(paths: Paths, *, marker: str) -> asyncio.subprocess.Process:
    """Start supervisord and wait until it answers.

    Args:
        paths: where it keeps its things; the folders exist.
        marker: the stack's identifier, inherited by all that it runs.

    Raises:
        SupervisorDidNotStartError: it ended, or did not answer in time; the message has its last lines.
    """
    file = paths.folder / "supervisord.conf"
    await asyncio.to_thread(atomic.write, file, configuration(paths).encode())
    command = (sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(file))
    with (paths.folder / "output.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=_environment(marker),
            start_new_session=True,
        )
    await _wait(process, paths)
    return process


async def _wait(process: asyncio.subprocess.Process, paths: Paths) -> None:
    client = supervision.Supervisord(paths.socket, paths.include)
    ended = asyncio.ensure_future(process.wait())
    answering = asyncio.ensure_future(supervision.ready(client, within=START_TIME))
    await asyncio.wait({ended, answering}, return_when=asyncio.FIRST_COMPLETED)
    is_ready = answering.done() and answering.result() and process.returncode is None
    answering.cancel()
    ended.cancel()
    if not is_ready:
        if process.returncode is None:
            process.kill()
        lines = (paths.folder / "output.log").read_text(errors="replace").strip().splitlines()[-5:]
        raise SupervisorDidNotStartError("The supervisor did not start: " + " | ".join(lines))


def _environment(marker: str) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    return {**kept, launch.MARKER: marker}
