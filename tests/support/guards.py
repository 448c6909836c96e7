"""Watches what must not happen for as long as something goes on: every change is looked at, not only the end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tenantry.kubernetes import client as clients
from tenantry.kubernetes import kinds, parts

_SERVICE = "kubernetes.io/service-name"
_OWNED = (kinds.VOLUME_CLAIM, kinds.SERVICE, kinds.SECRET)
WATCHED = (*_OWNED, kinds.ENDPOINT_SLICE)


@dataclass(slots=True, kw_only=True)
class Guard:
    """What was seen in a namespace.

    Attributes:
        services: those that must always lead to a pod that is ready.
        fewest: Service → the fewest ready pods that it ever led to.
        wrong: what must not have happened.
    """

    services: frozenset[str]
    owned: frozenset[tuple[str, str]]
    fewest: dict[str, int] = field(default_factory=dict[str, int])
    wrong: list[str] = field(default_factory=list[str])
    events: int = 0
    _slices: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])

    def look(self, kind: kinds.Kind, change: clients.Change, item: dict[str, Any]) -> None:
        """Take note of a change."""
        self.events += 1
        about = item["metadata"]
        if kind is kinds.ENDPOINT_SLICE:
            self._count(change, item)
        elif (kind.kind, about["name"]) in self.owned:
            if change is clients.Change.DELETED or about.get("deletionTimestamp"):
                self.wrong.append(f"{kind.kind} {about['name']} deleted")
            controllers = [each["kind"] for each in about.get("ownerReferences", []) if each.get("controller")]
            if len(controllers) != 1:
                self.wrong.append(f"{kind.kind} {about['name']} controlled by {controllers}")

    def _count(self, change: clients.Change, item: dict[str, Any]) -> None:
        about = item["metadata"]
        service = about["labels"].get(_SERVICE, "")
        if service not in self.services:
            return
        ready = [each for each in parts.listed(item, "endpoints") if each["conditions"].get("ready")]
        self._slices[about["name"]] = (service, 0 if change is clients.Change.DELETED else len(ready))
        total = sum(count for of, count in self._slices.values() if of == service)
        self.fewest[service] = min(total, self.fewest.get(service, total))


@asynccontextmanager
async def guarding(
    client: clients.Client, namespace: str, services: list[str], owned: list[tuple[str, str]]
) -> AsyncGenerator[Guard]:
    """Look at every change in a namespace, from what is so now."""
    guard = Guard(services=frozenset(services), owned=frozenset(owned))
    tasks: list[asyncio.Task[None]] = []
    for kind in WATCHED:
        pages = [page async for page in client.pages(kind, namespace=namespace, size=5000)]
        for item in (each for page in pages for each in page.items):
            guard.look(kind, clients.Change.ADDED, item)
        tasks.append(asyncio.create_task(_follow(client, guard, kind, namespace, pages[-1].resource_version)))
    try:
        yield guard
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks)
    for each in tasks:
        if not each.cancelled():
            each.result()


async def _follow(client: clients.Client, guard: Guard, kind: kinds.Kind, namespace: str, version: str) -> None:
    async for told in client.watch(kind, resource_version=version, longest=600, namespace=namespace):
        if told.change is not clients.Change.BOOKMARK:
            guard.look(kind, told.change, told.item)
    raise AssertionError(f"the watch of {kind.plural} ended too early")
