"""What the provisioner asks of whoever runs installations; one contract suite runs against every implementation."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tenantry.application import manifest
from tenantry.runtime import document


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a workload's or a job's output."""

    at: datetime | None
    source: str
    """The workload's name, or `job/NAME`."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationObserved:
    """What a watch reports: an installation as it is now, or that it is gone."""

    name: str
    installation: document.Installation | None
    """None: its document is gone; whether anything else is left of it, `delete` tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationNotUnderstood:
    """What a watch says of an installation that is there and cannot be read, as another version may have made it."""

    name: str
    problem: str
    """For a person; names keys and no values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a watch says once: everything that was there when it began has been told, so what was not told is not there.

    A watch that ends before this mark says nothing about what is missing.
    """


Told = InstallationObserved | InstallationNotUnderstood
"""What a watch says of one installation."""

Observed = Told | Synced
"""One word of a watch."""


class Installations(Protocol):
    """Brings installations to what their documents say. Every call may be made twice.

    Errors: `TemporaryError` where the cluster cannot be reached or is busy, `CustomerMustActError` where it refuses the
    document.
    """

    async def apply(self, bundle: document.InstallationBundle) -> document.Installation:
        """Accept a document; returns at once with the installation as it is then. An older generation is ignored."""
        ...

    async def get(self, name: str) -> document.Installation | None:
        """Return the installation with its status, or None where it does not exist."""
        ...

    async def delete(self, name: str) -> bool:
        """Ask for its removal: processes, route, files and (by policy) volumes; tells whether nothing is left of it.

        What is left is asked for again until then. What is on its way out, and comes to its end by itself, is not left.
        """
        ...

    def watch(self) -> AsyncGenerator[Observed]:
        """Yield every installation as it is now, then the mark `Synced`, then each change, until the connection ends.

        A caller that connects again sees everything again, and then the mark: nothing is lost by a cut. What `apply`
        accepted before the watch began, and nobody deleted, is told before the mark. Changes may be told before it too.
        Whoever stops listening closes it.
        """
        ...


class Applications(Protocol):
    """Prepares versions, so that a sign-up never waits for an installer."""

    async def apply_application(self, application: manifest.Application) -> None:
        """Accept an application and prepare its versions; returns at once."""
        ...

    async def get_application(self, name: str) -> manifest.Application | None:
        """Return the application with the status of its versions."""
        ...


class Facts(Protocol):
    """Tells what a cluster is and has."""

    async def facts(self) -> document.ClusterFacts:
        """Return the facts as they are now."""
        ...


class Logs(Protocol):
    """Reads what workloads and jobs print. Secrets in it are masked by whoever shows it to people."""

    def logs(self, name: str, *, tail: int, follow: bool) -> AsyncGenerator[LogLine]:
        """Yield the last lines of all together, then, if it follows, each new one of whatever runs by then.

        Whoever stops listening closes it.
        """
        ...


class Runtime(Installations, Applications, Facts, Logs, Protocol):
    """All that a cluster can do for us."""
