"""Becomes a program under limits: `PYTHON -I -S launch.py SPEC.json`, run by the supervisor in the program's place.

A supervisor can start a program; it cannot put it into a control group, take away its privileges or tie its life to its
own. This file does, in a few milliseconds, and then *is* the program. It needs the standard library only. When it comes
to `exec`, all limits of the spec hold, the environment holds nothing but what the spec says and the stack's marker, and
the program dies with its supervisor. What cannot be done is one line on standard error and status 111.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TypedDict

FAILED = 111
"""Exit status of a launch that did not get as far as the program."""

MARKER = "TENANTRY_STACK"
"""Environment variable that every process of a stack carries."""

_SET_PARENT_DEATH_SIGNAL = 1
_DROP_BOUNDING_CAPABILITY = 24
_SET_NO_NEW_PRIVILEGES = 38


class ControlGroup(TypedDict):
    """A folder of a control-group hierarchy, and the values of its files."""

    folder: str
    settings: dict[str, str]


class LaunchSpec(TypedDict):
    """What the spec file says; every key is needed, so that a mistyped limit cannot be a missing one."""

    arguments: list[str]
    environment: dict[str, str]
    directory: str
    uid: int | None
    gid: int | None
    control_groups: list[ControlGroup]
    open_files: int | None
    data_bytes: int | None
    is_privileged: bool
    parent_death_signal: str


def main(arguments: list[str]) -> None:
    """Read the spec and become its program."""
    try:
        spec: LaunchSpec = json.loads(Path(arguments[1]).read_bytes())
        become(spec)
    except (OSError, ValueError, LookupError) as error:
        sys.stderr.write(f"launch: {type(error).__name__}: {error}\n".replace("\n", " ").rstrip() + "\n")
        sys.exit(FAILED)


def become(spec: LaunchSpec) -> None:
    """Apply the limits in the one order that works, and execute."""
    parent = os.getppid()
    _refuse_orphan(parent)
    for group in spec["control_groups"]:
        _join(group)
    _limit(spec)
    _change_user(spec["uid"], spec["gid"], is_privileged=spec["is_privileged"])
    os.umask(0o077)
    os.chdir(spec["directory"])
    _prctl(_SET_PARENT_DEATH_SIGNAL, signal.Signals[f"SIG{spec['parent_death_signal']}"])
    if os.getppid() != parent:
        raise ProcessLookupError("the supervisor ended before the program began")
    environment = dict(spec["environment"])
    if MARKER in os.environ:
        environment[MARKER] = os.environ[MARKER]
    os.execve(spec["arguments"][0], spec["arguments"], environment)  # noqa: S606 - that is what a launcher is for


def _refuse_orphan(parent: int) -> None:
    # Between fork and here the supervisor may have died already, and a new parent would never send the signal.
    if "SUPERVISOR_ENABLED" in os.environ and b"supervisord" not in Path(f"/proc/{parent}/cmdline").read_bytes():
        raise ProcessLookupError("the supervisor ended before the program began")


def _join(group: ControlGroup) -> None:
    folder = Path(group["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in group["settings"].items():
        (folder / name).write_text(value)
    (folder / "cgroup.procs").write_text(str(os.getpid()))


def _limit(spec: LaunchSpec) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, wanted in ((resource.RLIMIT_NOFILE, spec["open_files"]), (resource.RLIMIT_DATA, spec["data_bytes"])):
        if wanted is not None:
            # What we may not have ourselves cannot be given; asking for more than that is no reason not to start.
            _, most = resource.getrlimit(kind)
            value = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
            resource.setrlimit(kind, (value, value))


def _change_user(uid: int | None, gid: int | None, *, is_privileged: bool) -> None:
    is_root = os.geteuid() == 0
    if is_root:
        os.setgroups([])
    if is_root and not is_privileged:
        _drop_capabilities()
    if gid is not None:
        os.setgid(gid)
    if uid is not None:
        os.setuid(uid)
    if not is_privileged:
        _prctl(_SET_NO_NEW_PRIVILEGES, 1)


def _drop_capabilities() -> None:
    # From the bounding set only: what is needed until `exec` stays, and nothing can be had after it, even by root.
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _prctl(_DROP_BOUNDING_CAPABILITY, capability)


def _prctl(option: int, value: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), f"prctl {option}")


if __name__ == "__main__":
    main(sys.argv)
