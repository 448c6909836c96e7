"""Waits with its program's modules loaded, then becomes that program: `PYTHON … standby.py SOCKET MODULE…`.

Most of a Python program's start is importing it. A standby has done that before anybody has ordered: it runs as the
user, and in the folder and the control groups, of a place where nobody lives yet, and knows no secret. When an
installation moves in, the agent connects to its socket and says what is to run; from then on it *is* the program, in
the same process. It needs the standard library only, since it runs in the environment of the program.
"""

import gc
import importlib
import json
import os
import resource
import runpy
import socket
import sys
from pathlib import Path
from typing import TypedDict

ACCEPTED = b"accepted\n"
"""What it answers before it becomes the program."""

MARKER = "TENANTRY_STACK"
"""Environment variable that stays, whatever the program's environment is."""


class Assignment(TypedDict):
    """What it is told: one JSON object, then the end of the stream."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    open_files: int | None
    data_bytes: int | None


def main(path: Path, modules: list[str]) -> None:
    """Load the modules, wait, and become the program.

    Args:
        path: its socket; there as soon as everything is loaded, gone as soon as it was told.
        modules: what to load.
    """
    for module in modules:
        importlib.import_module(module)
    gc.freeze()  # what is loaded stays; no collection need look at it again, and a child shares it
    become(wait(path))


def wait(path: Path) -> Assignment:
    """Wait until somebody says what is to run."""
    unready = path.with_suffix(".unready")
    for left in (unready, path):
        left.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(unready))
        listener.listen(1)
        unready.rename(path)
        while True:
            connection, _ = listener.accept()
            with connection:
                if told := _all_of(connection):
                    assignment: Assignment = json.loads(told)
                    path.unlink(missing_ok=True)
                    connection.sendall(ACCEPTED)
                    return assignment


def _all_of(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def become(assignment: Assignment) -> None:
    """Run the module as `python -m` does, with its arguments, environment and limits."""
    _limit(resource.RLIMIT_NOFILE, assignment["open_files"])
    _limit(resource.RLIMIT_DATA, assignment["data_bytes"])
    kept = {MARKER: os.environ[MARKER]} if MARKER in os.environ else {}
    os.environ.clear()
    os.environ.update(assignment["environment"] | kept)
    sys.argv = [assignment["module"], *assignment["arguments"]]
    sys.modules.pop(assignment["module"], None)  # its own code is to run, as `__main__`
    runpy.run_module(assignment["module"], run_name="__main__", alter_sys=True)


def _limit(kind: int, wanted: int | None) -> None:
    if wanted is not None:
        _, most = resource.getrlimit(kind)
        value = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
