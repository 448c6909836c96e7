"""Calls about what installations are made of: clusters, database servers and object stores.

The three are asked the same questions, so there is one class, made for each of them.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

from tenantry.client import call as calls
from tenantry.client import transport as transports
from tenantry.wire import infrastructure as wire
from tenantry.wire import model, placement

Registration = TypeVar("Registration", bound=model.Request)
Registered = TypeVar("Registered", bound=model.Resource)


class Infrastructure(Generic[Registration, Registered]):
    """Calls about one kind of infrastructure."""

    def __init__(self, transport: transports.Transport, noun: str, registered: type[Registered]) -> None:
        """Take the way to the provisioner, the noun of the routes and the model of the answers."""
        self._transport = transport
        self._noun = noun
        self._model = registered

    async def register(self, request: Registration) -> Registered:
        """Make one known; a name that is taken is a conflict."""
        key = calls.new_key(self._transport.randomness)
        return await self._send(
            calls.Call(method="POST", path=calls.path(self._noun), body=calls.body(request), key=key)
        )

    async def get(self, name: str) -> Registered:
        """Return one."""
        return await self._send(calls.Call(method="GET", path=calls.path(self._noun, name)))

    async def list(self) -> Sequence[Registered]:
        """Return all of them."""
        raw = await self._transport.send(calls.Call(method="GET", path=calls.path(self._noun)))
        return calls.read(model.Page[self._model], raw).items

    async def renew_kubeconfig(self, name: str, request: wire.RenewKubeconfig) -> Registered:
        """Replace how a Kubernetes cluster is reached; only clusters have this."""
        path = calls.path(self._noun, name, "kubeconfig")
        return await self._send(calls.Call(method="PUT", path=path, body=calls.body(request)))

    async def update(self, name: str, request: model.Request) -> Registered:
        """Change what may be placed on one; what the request does not give stays."""
        key = calls.new_key(self._transport.randomness)
        path = calls.path(self._noun, name)
        return await self._send(calls.Call(method="PATCH", path=path, body=calls.body(request), key=key))

    async def plan(self, request: placement.PlanInstallations) -> placement.CapacityPlan:
        """Tell where so many more installations would go; only clusters have this."""
        key = calls.new_key(self._transport.randomness)  # it makes nothing, so it may be asked again
        call = calls.Call(method="POST", path=calls.path("capacity-plan"), body=calls.body(request), key=key)
        return calls.read(placement.CapacityPlan, await self._transport.send(call))

    async def cordon(self, name: str) -> Registered:
        """Place nothing new on it."""
        return await self._post(name, "cordon")

    async def uncordon(self, name: str) -> Registered:
        """Place on it again."""
        return await self._post(name, "uncordon")

    async def deregister(self, name: str, *, if_match: str | None = None) -> None:
        """Forget it and its credentials; with its `etag`, only if nothing else was said of it since that was read."""
        key = calls.new_key(self._transport.randomness)
        path = calls.path(self._noun, name)
        await self._transport.send(calls.Call(method="DELETE", path=path, key=key, if_match=if_match))

    async def _post(self, name: str, verb: str) -> Registered:
        key = calls.new_key(self._transport.randomness)
        await self._transport.send(calls.Call(method="POST", path=calls.path(self._noun, name, verb), key=key))
        return await self.get(name)

    async def _send(self, call: calls.Call) -> Registered:
        return calls.read(self._model, await self._transport.send(call))


Clusters = Infrastructure[wire.RegisterCluster, wire.Cluster]
DatabaseServers = Infrastructure[wire.RegisterDatabaseServer, wire.DatabaseServer]
ObjectStores = Infrastructure[wire.RegisterObjectStore, wire.ObjectStore]
