"""Finds out what a cluster is and has: asks for everything that facts are made of.

What an account may not read is left out and named: the role of an earlier version allows less than ours, and a cluster
must not become unreachable by an upgrade of the provisioner.
"""

from collections.abc import Awaitable
from typing import TypeVar

from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import failures, kinds
from tenantry.provisioner.adapters.kubernetes import access, addons, facts
from tenantry.runtime import document

Answer = TypeVar("Answer")


async def discover(client: clients.Client, version: str) -> document.ClusterFacts:
    """Return the facts as they are now.

    Args:
        client: of the cluster.
        version: of Kubernetes.
    """
    looking = _Looking(client)
    nodes, others = await client.remembered(access.NODE), await client.remembered(kinds.POD, labels=facts.OTHERS)
    found = facts.collect(version, nodes, others)
    seen = addons.Seen(
        groups=await client.groups(),
        deployments=await looking.listed(kinds.DEPLOYMENT, labels=facts.OTHERS),
        ingress_classes=await looking.listed(kinds.INGRESS_CLASS),
        bundle=await looking.bundle(),
    )
    storage = await looking.listed(kinds.STORAGE_CLASS)
    classes = sorted(map(facts.storage_class, storage), key=lambda each: each.name)
    more = {"storage_classes": classes, "add_ons": addons.collect(seen), "unread": sorted(looking.unread)}
    return found.model_copy(update=more)


class _Looking:
    """Asks for what an account may not be allowed to read, and remembers what that was."""

    def __init__(self, client: clients.Client) -> None:
        self._client = client
        self.unread: set[str] = set()

    async def listed(self, kind: kinds.Kind, *, labels: str = "") -> list[kinds.Object]:
        return await self._allowed(kind, self._client.remembered(kind, labels=labels)) or []

    async def bundle(self) -> kinds.Object | None:
        try:
            return await self._allowed(kinds.DEFINITION, self._client.get(kinds.DEFINITION, addons.BUNDLE))
        except errors.NotFoundError:
            return None

    async def _allowed(self, kind: kinds.Kind, asked: Awaitable[Answer]) -> Answer | None:
        try:
            return await asked
        except failures.NotAllowedError:
            self.unread.add(kind.plural)
            return None
