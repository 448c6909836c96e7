"""Calls about access tokens."""

from collections.abc import Sequence

from tenantry.client import call as calls
from tenantry.client import transport as transports
from tenantry.wire import model
from tenantry.wire import tokens as wire

TokenPage = model.Page[wire.Token]


class Tokens:
    """Calls about access tokens."""

    def __init__(self, transport: transports.Transport) -> None:
        """Take the way to the provisioner."""
        self._transport = transport

    async def create(self, request: wire.CreateToken) -> wire.CreatedToken:
        """Make a token; its secret is answered this once, so the call is not tried again."""
        call = calls.Call(method="POST", path=calls.path("tokens"), body=calls.body(request))
        return calls.read(wire.CreatedToken, await self._transport.send(call))

    async def list(self) -> Sequence[wire.Token]:
        """Return all tokens without their secrets."""
        raw = await self._transport.send(calls.Call(method="GET", path=calls.path("tokens")))
        return calls.read(TokenPage, raw).items

    async def revoke(self, identifier: str) -> None:
        """Make a token useless from now on."""
        await self._transport.send(calls.Call(method="DELETE", path=calls.path("tokens", identifier)))
