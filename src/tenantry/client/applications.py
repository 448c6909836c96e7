"""Calls about applications."""

from collections.abc import Sequence

from tenantry.application import manifest
from tenantry.client import call as calls
from tenantry.client import transport as transports
from tenantry.wire import applications as wire
from tenantry.wire import model

ApplicationPage = model.Page[wire.Application]


class Applications:
    """Calls about applications."""

    def __init__(self, transport: transports.Transport) -> None:
        """Take the way to the provisioner."""
        self._transport = transport

    async def apply(self, application: manifest.Application) -> wire.Application:
        """Make an application known, or change it; its versions are prepared after the answer."""
        path = calls.path("applications", application.metadata.name)
        call = calls.Call(method="PUT", path=path, body=calls.document(application))
        return calls.read(wire.Application, await self._transport.send(call))

    async def get(self, name: str) -> wire.Application:
        """Return an application with the state of its versions."""
        call = calls.Call(method="GET", path=calls.path("applications", name))
        return calls.read(wire.Application, await self._transport.send(call))

    async def list(self) -> Sequence[wire.Application]:
        """Return all applications."""
        raw = await self._transport.send(calls.Call(method="GET", path=calls.path("applications")))
        return calls.read(ApplicationPage, raw).items
