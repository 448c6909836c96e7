"""Calls about the operators of clusters."""

from tenantry.client import call as calls
from tenantry.client import transport as transports
from tenantry.wire import operators as wire


class Operators:
    """Calls about the operators of clusters, each by its cluster's name."""

    def __init__(self, transport: transports.Transport) -> None:
        """Take the way to the provisioner."""
        self._transport = transport

    async def get(self, cluster: str) -> wire.Operator:
        """Return how it is."""
        return await self._send(calls.Call(method="GET", path=_path(cluster)))

    async def update(self, cluster: str, request: wire.UpdateOperator) -> wire.Operator:
        """Say who keeps it and how it should be; what the request does not give stays."""
        return await self._send(
            calls.Call(method="PATCH", path=_path(cluster), body=calls.body(request), key=self._key())
        )

    async def upgrade(self, cluster: str) -> wire.Operator:
        """Try again what was given up."""
        return await self._send(calls.Call(method="POST", path=_path(cluster, "upgrade"), key=self._key()))

    async def preview(self, cluster: str, request: wire.UpdateOperator) -> wire.OperatorPreview:
        """Tell what bringing it to what is wanted would change; it makes nothing, so it may be asked again."""
        call = calls.Call(method="POST", path=_path(cluster, "preview"), body=calls.body(request), key=self._key())
        return calls.read(wire.OperatorPreview, await self._transport.send(call))

    def _key(self) -> str:
        return calls.new_key(self._transport.randomness)

    async def _send(self, call: calls.Call) -> wire.Operator:
        return calls.read(wire.Operator, await self._transport.send(call))


def _path(cluster: str, *more: str) -> str:
    return calls.path("clusters", cluster, "operator", *more)
