"""Calls about installations."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from tenantry.client import call as calls
from tenantry.client import transport as transports
from tenantry.wire import installations as wire
from tenantry.wire import model

InstallationPage = model.Page[wire.Installation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which installations are meant; what is None does not narrow it.

    Attributes:
        status: what is so.
        target: what is wanted.
        application: the application's name.
        label: `key=value`.
        name: the installation's name.
    """

    status: wire.Status | None = None
    target: wire.Target | None = None
    application: str | None = None
    label: str | None = None
    name: str | None = None

    def query(self) -> dict[str, str | int | None]:
        """Return it as query parameters."""
        return {
            "status": self.status,
            "target": self.target,
            "application": self.application,
            "label": self.label,
            "name": self.name,
        }


EVERYTHING = Selection()


class Installations:
    """Calls about installations. Wherever an identifier is asked for, the name does as well."""

    def __init__(self, transport: transports.Transport) -> None:
        """Take the way to the provisioner."""
        self._transport = transport

    async def create(self, request: wire.CreateInstallation, *, key: str | None = None) -> wire.Installation:
        """Ask for a new installation; answered before it is made.

        Args:
            request: what is wanted.
            key: the Idempotency-Key: the same key makes one installation, however often it is sent.
        """
        return await self._post(calls.path("installations"), key, body=calls.body(request))

    async def get(self, identifier: str) -> wire.Installation:
        """Return an installation."""
        return await self._send(calls.Call(method="GET", path=calls.path("installations", identifier)))

    async def list(
        self, selection: Selection = EVERYTHING, *, cursor: str | None = None, limit: int | None = None
    ) -> InstallationPage:
        """Return a page of installations, newest first."""
        query = selection.query() | {"cursor": cursor, "limit": limit}
        call = calls.Call(method="GET", path=calls.path("installations"), query=query)
        return calls.read(InstallationPage, await self._transport.send(call))

    async def all(self, selection: Selection = EVERYTHING) -> AsyncGenerator[wire.Installation, None]:
        """Yield every installation that is meant, newest first, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list(selection, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def update(
        self, identifier: str, changes: wire.UpdateInstallation, *, if_match: str | None = None, key: str | None = None
    ) -> wire.Installation:
        """Change version, size or settings.

        Args:
            identifier: which installation.
            changes: only what was set in it changes.
            if_match: the installation's `etag`: refused if it has changed since.
            key: an Idempotency-Key; with one the call is tried again when it is cut off.
        """
        path = calls.path("installations", identifier)
        call = calls.Call(method="PATCH", path=path, body=calls.body(changes), if_match=if_match, key=key)
        return await self._send(call)

    async def delete(
        self, identifier: str, *, grace_seconds: int | None = None, if_match: str | None = None
    ) -> wire.Installation:
        """Switch it off, and delete it for good when the grace has passed."""
        path = calls.path("installations", identifier)
        query = {"graceSeconds": grace_seconds}
        return await self._send(calls.Call(method="DELETE", path=path, query=query, if_match=if_match))

    async def undelete(self, identifier: str, *, key: str | None = None) -> wire.Installation:
        """Take a deletion back while the grace lasts."""
        return await self._post(calls.path("installations", identifier, "undelete"), key)

    async def restart(self, identifier: str, *, key: str | None = None) -> wire.Installation:
        """Restart its processes."""
        return await self._post(calls.path("installations", identifier, "restart"), key)

    async def rotate(self, identifier: str, *, key: str | None = None) -> wire.Installation:
        """Replace the password of its database and the key of its bucket."""
        return await self._post(calls.path("installations", identifier, "rotate"), key)

    async def hibernate(self, identifier: str, *, key: str | None = None) -> wire.Installation:
        """Put it to sleep."""
        return await self._post(calls.path("installations", identifier, "hibernate"), key)

    async def wake(self, identifier: str, *, key: str | None = None) -> wire.Installation:
        """Wake it."""
        return await self._post(calls.path("installations", identifier, "wake"), key)

    async def retry(self, identifier: str, *, key: str | None = None) -> wire.Installation:
        """Try a change again that failed."""
        return await self._post(calls.path("installations", identifier, "retry"), key)

    async def abandon(self, identifier: str, *, key: str | None = None) -> wire.Installation:
        """Finish its deletion without its cluster, which is away for good."""
        return await self._post(calls.path("installations", identifier, "abandon"), key)

    async def lock(self, identifier: str) -> wire.Installation:
        """Refuse its deletion from now on."""
        return await self._send(calls.Call(method="PUT", path=calls.path("installations", identifier, "lock")))

    async def unlock(self, identifier: str) -> wire.Installation:
        """Allow its deletion again."""
        return await self._send(calls.Call(method="DELETE", path=calls.path("installations", identifier, "lock")))

    async def credentials(self, identifier: str) -> wire.InstallationCredentials:
        """Return how the first administrator signs in."""
        call = calls.Call(method="GET", path=calls.path("installations", identifier, "credentials"))
        return calls.read(wire.InstallationCredentials, await self._transport.send(call))

    async def logs(
        self, identifier: str, *, tail: int = 100, follow: bool = False
    ) -> AsyncGenerator[wire.LogLine, None]:
        """Yield the last lines that it printed and, if it follows, each new one."""
        query = {"tail": tail, "follow": "true" if follow else "false"}
        call = calls.Call(method="GET", path=calls.path("installations", identifier, "logs"), query=query)
        async with aclosing(self._transport.lines(call, accept="application/x-ndjson")) as lines:
            async for line in lines:
                if line.strip():
                    yield calls.read(wire.LogLine, line)

    async def availability(self, name: str) -> wire.NameAvailability:
        """Tell whether a name can be taken now."""
        call = calls.Call(method="GET", path=calls.path("names", name))
        return calls.read(wire.NameAvailability, await self._transport.send(call))

    async def _post(self, path: str, key: str | None, *, body: bytes | None = None) -> wire.Installation:
        made = key or calls.new_key(self._transport.randomness)
        return await self._send(calls.Call(method="POST", path=path, key=made, body=body))

    async def _send(self, call: calls.Call) -> wire.Installation:
        return calls.read(wire.Installation, await self._transport.send(call))
