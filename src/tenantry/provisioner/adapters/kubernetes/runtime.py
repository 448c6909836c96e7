"""The contract of whoever runs installations, spoken to a Kubernetes cluster with our operator in it.

The provisioner writes what is wanted and reads what is reported; it never touches what the operator makes.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import orjson
import structlog
from prometheus_client import CollectorRegistry

from tenantry.application import manifest
from tenantry.kernel import clock as clocks
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import configuration, connection, failures, kinds, limits, measures, rights
from tenantry.provisioner.adapters.kubernetes import access, discovery, logs, managers, objects, own
from tenantry.provisioner.adapters.kubernetes import installer as installers
from tenantry.runtime import contract, document

log = structlog.get_logger(__name__)

FIELD_MANAGER = managers.FIELD_MANAGER
"""Whose fields these are, as server-side apply keeps them apart from the operator's."""

_PATIENCE = connection.Patience()
_WATCH_SECONDS = 290


class KubernetesRuntime:
    """One cluster. Opens its connections when they are needed; `close` ends them."""

    def __init__(self, known: configuration.Configuration, *, patience: connection.Patience = _PATIENCE) -> None:
        """Take the way to the cluster, and how long it is waited for."""
        self._known = known
        self._patience = patience
        self._opening = asyncio.Lock()
        self._opened: tuple[connection.Connection, clients.Client] | None = None

    async def apply(self, bundle: document.InstallationBundle) -> document.Installation:
        client = await self._client()
        given = bundle.installation
        present = await self._present(given.metadata.name)
        if present is not None and objects.generation(present) > given.metadata.generation:
            return objects.observed(present)
        await client.apply(kinds.NAMESPACE, objects.namespace(given.metadata.name, given.spec.deletion_policy))
        async with asyncio.TaskGroup() as group:
            for each in objects.secrets(bundle):
                group.create_task(_hand_over(client, each))
        return objects.observed(await client.apply(kinds.INSTALLATION, objects.installation(given)))

    async def get(self, name: str) -> document.Installation | None:
        found = await self._present(name)
        return None if found is None else objects.observed(found)

    async def delete(self, name: str) -> bool:
        client = await self._client()
        if await client.delete(kinds.INSTALLATION, name, name):
            return False
        await self._remove_namespace(name)
        return True

    async def watch(self) -> AsyncGenerator[contract.Observed]:
        client = await self._client()
        version = ""
        async with contextlib.aclosing(client.pages(kinds.INSTALLATION, labels=objects.SELECTOR)) as pages:
            async for page in pages:
                version = page.resource_version
                for item in filter(objects.is_at_home, page.items):
                    yield objects.told(item)
        yield contract.Synced()
        while True:
            told = client.watch(
                kinds.INSTALLATION, resource_version=version, longest=_WATCH_SECONDS, labels=objects.SELECTOR
            )
            async with contextlib.aclosing(told) as changes:
                async for each in changes:
                    version = each.item["metadata"]["resourceVersion"]
                    if each.change is clients.Change.BOOKMARK or not objects.is_at_home(each.item):
                        continue
                    if each.change is clients.Change.DELETED:
                        yield await self._missed(each.item["metadata"]["name"])
                    else:
                        yield objects.told(each.item)

    async def apply_application(self, application: manifest.Application) -> None:
        client = await self._client()
        with contextlib.suppress(failures.MissingError):
            present = await client.get(kinds.APPLICATION, application.metadata.name)
            if objects.generation(present) > application.metadata.generation:
                return
        await client.apply(kinds.APPLICATION, objects.application(application))

    async def get_application(self, name: str) -> manifest.Application | None:
        client = await self._client()
        try:
            return objects.prepared(await client.get(kinds.APPLICATION, name))
        except failures.MissingError:
            return None

    async def facts(self) -> document.ClusterFacts:
        client = await self._client()
        status, body, headers = await self._connection().call("GET", "/version", query={}, body=None, content_type="")
        if status >= 400:  # noqa: PLR2004 - HTTP
            raise failures.from_answer(status, body, headers, what="get /version")
        version: dict[str, Any] = orjson.loads(body)
        return await discovery.discover(client, str(version["gitVersion"]))

    async def logs(self, name: str, *, tail: int, follow: bool) -> AsyncGenerator[contract.LogLine]:
        reader = logs.Reader(await self._client(), self._connection(), name)
        async with contextlib.aclosing(reader.lines(tail=tail, follow=follow)) as lines:
            async for line in lines:
                yield line

    async def installer(self) -> installers.OperatorInstaller:
        """Return the way to the operator, with the rights to keep it."""
        await self._client()
        return installers.OperatorInstaller(self._client_for([*access.RIGHTS, *access.keeping()], self._connection()))

    async def close(self) -> None:
        """End all connections."""
        if self._opened is not None:
            await self._opened[0].__aexit__(None, None, None)
            self._opened = None

    async def _present(self, name: str) -> kinds.Object | None:
        client = await self._client()
        try:
            return await client.get(kinds.INSTALLATION, name, name)
        except failures.MissingError:
            return None

    async def _remove_namespace(self, name: str) -> None:
        """Remove what is left when an installation is gone, unless its volumes are to outlive it."""
        client = await self._client()
        try:
            present = await client.get(kinds.NAMESPACE, name)
        except failures.MissingError:
            return
        if not objects.is_retained(present) and present["metadata"].get("deletionTimestamp") is None:
            await client.delete(kinds.NAMESPACE, name, None, uid=present["metadata"]["uid"])

    async def _missed(self, name: str) -> contract.Told:
        """Return what is so of an installation that is not told of any more: it is gone, or only its label is.

        Without the label nothing would be heard of it, so it is put back.
        """
        client = await self._client()
        labels = {"metadata": {"labels": objects.HANDED_OVER}}
        try:
            present = await client.patch(kinds.INSTALLATION, name, name, labels)
        except failures.MissingError:
            return contract.InstallationObserved(name=name, installation=None)
        log.warning("label put back on what is still there", installation=name, labels=objects.HANDED_OVER)
        return objects.told(present)

    async def _client(self) -> clients.Client:
        async with self._opening:
            if self._opened is None:
                connected = await connection.Connection(self._known, patience=self._patience).__aenter__()
                self._opened = connected, self._client_for(access.RIGHTS, connected)
            return self._opened[1]

    @staticmethod
    def _client_for(allowed: Sequence[rights.Right], connected: connection.Connection) -> clients.Client:
        return clients.Client(
            connected,
            allowed=rights.Rights(allowed),
            gate=limits.Gate(limits.Limits()),
            counted=measures.Measures(CollectorRegistry()),
            manager=FIELD_MANAGER,
        )

    def _connection(self) -> connection.Connection:
        if self._opened is None:
            raise failures.UnreachableError("The connection has not been opened.")
        return self._opened[0]


def opened_by(kubeconfig: str) -> KubernetesRuntime:
    """Return the way to the cluster that a kubeconfig describes; nothing is connected yet.

    Raises:
        configuration.ConfigurationError: it describes none.
    """
    return KubernetesRuntime(configuration.from_text(kubeconfig, clocks.SystemClock()))


def opened_here() -> KubernetesRuntime:
    """Return the way to the cluster in which this process runs; nothing is connected yet.

    Raises:
        own.OwnClusterLostError: it runs in none, or has no account there.
    """
    return KubernetesRuntime(own.known())


async def _hand_over(client: clients.Client, secret: kinds.Object) -> None:
    """Make a Secret what is wanted, and no more than that: whoever reads it goes by what it finds."""
    present = await client.apply(kinds.SECRET, secret)
    if changes := objects.without(secret, present):
        about = secret["metadata"]
        await client.patch(kinds.SECRET, about["name"], about["namespace"], changes)
