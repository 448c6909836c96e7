"""What the supervisor is told about one program, as text that cannot say anything else.

Rendering is pure and strict: names and paths are of a small alphabet, all else is a number or one of a closed set, so
no value of a program can reach into the section of another or make the supervisor refuse the whole folder.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from tenantry.kernel import errors
from tenantry.local import launch

LAUNCHER = Path(launch.__file__)
"""The program that becomes each program."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_PATH = re.compile(r"/[A-Za-z0-9._+@=,/-]*")


class ProgramInvalidError(errors.PermanentError):
    """This program cannot be handed to the supervisor."""

    code = "program-invalid"


class Restart(StrEnum):
    """When the supervisor starts a program again by itself (the words are supervisord's)."""

    ALWAYS = "true"
    ON_FAILURE = "unexpected"
    NEVER = "false"


class StopSignal(StrEnum):
    """The signal that asks a program to end."""

    TERM = "TERM"
    INT = "INT"
    QUIT = "QUIT"
    HUP = "HUP"
    KILL = "KILL"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSpec:
    """A program under supervision.

    Attributes:
        name: unique in the stack; small letters, digits, dots, hyphens and underscores.
        command: absolute path of the executable, then its arguments.
        environment: its whole environment; the stack's marker is added.
        directory: where it starts.
        log_file: where standard output and standard error go, together.
        uid, gid: whom it runs as; None: as the supervisor.
        control_groups, open_files, data_bytes: its limits (see `control_groups.Hierarchies`).
        is_privileged: keeps root's capabilities and may gain privileges; for the agent only.
        is_started: starts as soon as it is known, and with the supervisor.
        restart: when it is started again by itself.
        start_time: a program that ends sooner is waited for, longer each time, instead of started again at once.
        stop_signal, stop_grace: how it is asked to end, and when that is over.
        parent_death_signal: what it gets when the supervisor dies.
        log_bytes, log_backups: rotation of its log.
    """

    name: str
    command: Sequence[str]
    log_file: Path
    environment: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    directory: Path = Path("/")
    uid: int | None = None
    gid: int | None = None
    control_groups: Sequence[launch.ControlGroup] = ()
    open_files: int | None = None
    data_bytes: int | None = None
    is_privileged: bool = False
    is_started: bool = True
    restart: Restart = Restart.ALWAYS
    start_time: timedelta = timedelta(0)
    stop_signal: StopSignal = StopSignal.TERM
    stop_grace: timedelta = timedelta(seconds=10)
    parent_death_signal: StopSignal = StopSignal.KILL
    log_bytes: int = 10 * 1024 * 1024
    log_backups: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedProgram:
    """The two files of a program: for the supervisor (`NAME.conf`) and for the launcher (secret)."""

    section: str
    launch_file: str
    launch_spec: bytes = field(repr=False)


def check_name(name: str) -> str:
    """Return the name if a program may have it.

    Raises:
        ProgramInvalidError: it holds other characters or is too long.
    """
    if not _NAME.fullmatch(name):
        raise ProgramInvalidError(f"“{name}” cannot be the name of a program.", field="name")
    return name


def check_path(path: Path) -> Path:
    """Return the path if the supervisor's file can hold it.

    Raises:
        ProgramInvalidError: it is relative, or holds a space or another character with a meaning of its own.
    """
    if not _PATH.fullmatch(str(path)):
        hint = "Use a folder whose path has only letters, digits and . _ + @ = , / - in it."
        raise ProgramInvalidError(f"The path “{path}” cannot be used here.", hint=hint)
    return path


def render(spec: ProgramSpec, *, folder: Path, python: Path) -> RenderedProgram:
    """Return the files of a program.

    Args:
        spec: the program.
        folder: where both files will lie.
        python: the interpreter that runs the launcher.

    Raises:
        ProgramInvalidError: a name or a path cannot be written there.
    """
    name = check_name(spec.name)
    launch_spec = json.dumps(_launch_spec(spec), sort_keys=True).encode()
    launch_file = f"{name}.{hashlib.sha256(launch_spec).hexdigest()[:16]}.json"
    command = [check_path(path) for path in (python, LAUNCHER, folder / launch_file)]
    lines = [
        f"[program:{name}]",
        f"command={command[0]} -I -S {command[1]} {command[2]}",
        f"autostart={str(spec.is_started).lower()}",
        f"autorestart={Restart(spec.restart).value}",
        f"startsecs={_seconds(spec.start_time)}",
        "startretries=1000000",
        "exitcodes=0",
        f"stopsignal={StopSignal(spec.stop_signal).value}",
        f"stopwaitsecs={max(1, _seconds(spec.stop_grace))}",
        "stopasgroup=false",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={check_path(spec.log_file)}",
        f"stdout_logfile_maxbytes={int(spec.log_bytes)}",
        f"stdout_logfile_backups={int(spec.log_backups)}",
    ]
    return RenderedProgram(section="\n".join(lines) + "\n", launch_file=launch_file, launch_spec=launch_spec)


def _launch_spec(spec: ProgramSpec) -> launch.LaunchSpec:
    command = [str(part) for part in spec.command]
    if not command or not Path(command[0]).is_absolute():
        raise ProgramInvalidError("A command begins with the absolute path of its program.", field="command")
    if any("\0" in text for text in (*command, *spec.environment, *spec.environment.values())):
        raise ProgramInvalidError("No argument and no variable can hold a null character.", field="command")
    return launch.LaunchSpec(
        arguments=command,
        environment=dict(spec.environment),
        directory=str(spec.directory),
        uid=spec.uid,
        gid=spec.gid,
        control_groups=list(spec.control_groups),
        open_files=spec.open_files,
        data_bytes=spec.data_bytes,
        is_privileged=spec.is_privileged,
        parent_death_signal=StopSignal(spec.parent_death_signal).value,
    )


def _seconds(duration: timedelta) -> int:
    return -int(-duration.total_seconds() // 1)
