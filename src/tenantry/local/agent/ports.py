"""What the agent needs from the machine; the real parts stand in `local/`, their twins in the tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tenantry.application import manifest, rendering
from tenantry.local import program, supervision
from tenantry.local.agent import model

Report = Callable[[str], None]
"""Takes a sentence about how far something is."""


class Programs(Protocol):
    """Keeps programs running; `supervision.Supervision` is one."""

    async def put(self, spec: program.ProgramSpec) -> bool:
        """Make the program known, or replace it where it differs; tells whether something was changed."""
        ...

    async def become(self, spec: program.ProgramSpec) -> bool:
        """Let the standby under the program's name become the program, once it has loaded; tells whether it does."""
        ...

    async def remove(self, name: str) -> None:
        """Stop the program and forget it."""
        ...

    async def start(self, name: str) -> None:
        """Start the program where it does not run."""
        ...

    async def stop(self, name: str) -> None:
        """Ask the program to end, by force after its grace."""
        ...

    async def restart(self, name: str) -> None:
        """Stop, then start."""
        ...

    async def programs(self) -> Mapping[str, supervision.ProgramInfo]:
        """Return every program by its name."""
        ...


class FrontDoor(Protocol):
    """Sends visitors to installations."""

    async def put_route(self, name: str, route: model.Route) -> None:
        """Send the visitors of these hosts there."""
        ...

    async def delete_route(self, name: str) -> None:
        """Send them nowhere; a route that is not there is fine."""
        ...

    async def list_routes(self) -> Mapping[str, model.Route]:
        """Return the routes of all installations by name."""
        ...


class Packages(Protocol):
    """Prepares what a version consists of, once."""

    def find(self, package: manifest.Package) -> Path | None:
        """Return the folder of the package where it is prepared."""
        ...

    async def prepare(self, package: manifest.Package, report: Report) -> Path:
        """Prepare the package, or find it, and return its folder."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """How a job ended; `exit_status` is None where its time was up."""

    exit_status: int | None


class Jobs(Protocol):
    """Runs a program to its end."""

    async def run(self, job: program.ProgramSpec, timeout: float) -> JobResult:  # noqa: ASYNC109 - part of the job
        """Run it; it leaves no process behind, however it ends."""
        ...


class Prober(Protocol):
    """Asks workloads over HTTP."""

    async def ask(self, probe: rendering.Probe) -> bool:
        """Tell whether the request is answered well and in time."""
        ...


class Listeners(Protocol):
    """Tells who listens on this machine."""

    def owners(self, port: int) -> set[int]:
        """Return the users that listen on the port of the loopback address."""
        ...


class Limits(Protocol):
    """Takes back what was made to limit programs."""

    async def remove(self, group: str) -> None:
        """End what is left in the group of this name and remove it."""
        ...
