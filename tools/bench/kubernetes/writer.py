"""The Go client that writes objects at full speed: built once, run for each measurement."""

import asyncio
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from testbed import cluster as clusters
from testbed import parts, toolchain

SOURCE = Path(__file__).parent / "writer"
_OLDEST = (1, 26)
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the API server, with a body."""

    method: str
    path: str
    body: dict[str, Any]
    content_type: str

    @classmethod
    def apply(cls, path: str, body: dict[str, Any]) -> "Call":
        """Make the object at a path be like this, by server-side apply."""
        return cls(method="PATCH", path=f"{path}?fieldManager=writer&force=true", body=body, content_type=_APPLY)

    @classmethod
    def merge(cls, path: str, body: dict[str, Any]) -> "Call":
        """Change fields of the object at a path."""
        return cls(method="PATCH", path=f"{path}?fieldManager=writer", body=body, content_type=_MERGE)

    @classmethod
    def delete(cls, path: str) -> "Call":
        """Delete the object at a path."""
        return cls(method="DELETE", path=path, body={}, content_type="application/json")


def build(folder: Path) -> Path:
    """Build it into a folder and return the program.

    Raises:
        GoMissingError: there is no Go.
    """
    target = folder / "writer"
    go = toolchain.find(_OLDEST)
    environment = toolchain.environment(parts.BUILD_FLAGS)
    subprocess.run([go.program, "build", "-o", target, "."], cwd=SOURCE, env=environment, check=True)
    return target


async def write(program: Path, up: clusters.Cluster, work: Iterable[Sequence[Call]]) -> float:
    """Send the calls of each installation, and return the seconds from the first call to the last answer.

    Raises:
        RuntimeError: the API server refused one; the message says which and why.
    """
    lines = b"\n".join(
        orjson.dumps(
            [
                {"method": each.method, "path": each.path, "contentType": each.content_type, "body": each.body}
                for each in calls
            ]
        )
        for calls in work
    )
    process = await asyncio.create_subprocess_exec(
        program, f"-server={up.endpoint}", f"-ca={up.ca_file}",
        env={**os.environ, "TOKEN": up.token},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, complaint = await process.communicate(lines)
    if process.returncode:
        raise RuntimeError(complaint.decode())
    seconds: float = orjson.loads(told)["seconds"]
    return seconds
