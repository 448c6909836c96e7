"""Tells a standby whose process it is to be.

A standby cannot be given limits from inside, so its groups get theirs first; what it cannot become is an answer, not an
error, since everything can be started in the ordinary way.
"""

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from tenantry.application import preloading
from tenantry.local import launch, standby

_PATIENCE_SECONDS = 2.0


def socket_name(program: str) -> str:
    """Return the name of the socket at which a program's standby waits, in the folder where it starts."""
    return f".{program}.sock"


def is_waiting(path: Path) -> bool:
    """Tell whether a standby has loaded everything and waits at the socket."""
    return path.is_socket()


def assign(path: Path, spec: launch.LaunchSpec) -> bool:
    """Let the standby that waits at the socket become the program; tells whether it does."""
    program = preloading.split(spec["arguments"])
    if program is None or not is_waiting(path):
        return False
    told = standby.Assignment(
        module=program.module,
        arguments=list(program.arguments),
        environment=spec["environment"],
        open_files=spec["open_files"],
        data_bytes=spec["data_bytes"],
    )
    try:
        _limit(spec["control_groups"])
        return _tell(path, json.dumps(told).encode())
    except OSError:
        return False


def _limit(groups: Sequence[launch.ControlGroup]) -> None:
    for group in groups:
        for name, value in group["settings"].items():
            (Path(group["folder"]) / name).write_text(value)


def _tell(path: Path, told: bytes) -> bool:
    # By way of a descriptor: the path of a socket may have 107 characters, and the folder's own may be longer.
    descriptor = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_PATIENCE_SECONDS)
            connection.connect(f"/proc/self/fd/{descriptor}/{path.name}")
            connection.sendall(told)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(len(standby.ACCEPTED)) == standby.ACCEPTED
    finally:
        os.close(descriptor)
