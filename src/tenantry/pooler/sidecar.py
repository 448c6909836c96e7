"""Goes on bringing PgBouncer what the provisioner has for it; while the provisioner is away, it keeps what it has.

Level-triggered: it compares what is wanted with what is in the files, and what is in the files with what PgBouncer was
told to load, so that it may be killed anywhere and nothing is written or loaded twice for that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from tenantry.client import poolers
from tenantry.kernel import errors
from tenantry.pooler import configuration
from tenantry.pooler import folder as folders
from tenantry.wire import poolers as wire

Say = Callable[[str], None]
"""Tells a person what happened, in one line."""


class Source(Protocol):
    """Where configurations come from; `client.poolers.Poolers` is one."""

    async def configuration(self, server: str, *, known: str = "") -> poolers.Configured | None:
        """Return what the pooler of a server is to know; None where that is what is known already."""
        ...


class Reloads(Protocol):
    """What loads the files; `console.Console` is one."""

    async def reload(self) -> None:
        """Load them anew."""
        ...


class Sidecar:
    """Stands beside one PgBouncer."""

    def __init__(self, source: Source, server: str, folder: folders.Folder, console: Reloads, say: Say) -> None:
        """Take where configurations come from and for which server, where they go, what loads them, and who listens."""
        self._source = source
        self._server = server
        self._folder = folder
        self._console = console
        self._say = say
        self._known: poolers.Configured | None = None
        self._trouble = ""

    async def run(self, every: timedelta) -> None:
        """Go on until told to stop."""
        while True:
            await self.turn()
            await asyncio.sleep(every.total_seconds())

    async def turn(self) -> None:
        """Bring what is new, and see that it is loaded; what goes wrong is told once, and tried again the next time."""
        trouble = [await _tried(self.fetch), await _tried(self._load)]
        told = " ".join(each for each in trouble if each)
        if told and told != self._trouble:
            self._say(told)
        elif self._trouble and not told:
            self._say("All is well again.")
        self._trouble = told

    async def fetch(self) -> None:
        """Write what the provisioner has, where something else is there.

        Raises:
            errors.TenantryError: the provisioner is away or refuses, or nobody is known whom to trust.
            OSError: it cannot be written.
        """
        found = await self._source.configuration(self._server, known=self._known.etag if self._known else "")
        self._known = found or self._known
        if self._known is not None:  # which is written again where somebody else has changed the files
            self._write(self._known.configuration)

    def _write(self, wanted: wire.PoolerConfiguration) -> None:
        needs_system = wanted.ssl_mode == "verify-full" and not wanted.ca_certificate
        trusted = folders.system_authorities() if needs_system else ""
        if self._folder.write(configuration.files(wanted, self._folder.path, trusted)):
            promised = sum(each.connections for each in wanted.databases)
            self._say(f"Written: {len(wanted.databases)} databases, {promised} of {wanted.budget} connections.")

    async def _load(self) -> None:
        if self._folder.is_loaded:
            return
        digest = self._folder.digest()
        await self._console.reload()
        self._folder.note_loaded(digest)
        self._say("PgBouncer has loaded it.")


async def _tried(step: Callable[[], Awaitable[None]]) -> str:
    try:
        await step()
    except errors.TenantryError as error:
        return f"{error.message} {error.advice or ''}".strip()
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return ""
