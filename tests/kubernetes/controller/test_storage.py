"""Stored objects of a kind are written anew in the version that is stored now, on a real API server."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest

from support import operator_reach
from support import operator_stage as stages
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import kinds
from tenantry.operator.migration import storage, table
from testbed import api as apis
from testbed import cluster as clusters
from testbed import definitions

MANY = 30
PAGE = 7
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A kind of the test's own with two versions, and its objects."""

    api: apis.Api
    client: clients.Client
    kind: kinds.Kind
    namespace: str

    @property
    def definition(self) -> str:
        """Where its definition is."""
        return f"{_DEFINITIONS}/{self.kind.plural}.{self.kind.group}"

    async def store(self, version: str) -> None:
        """Let objects be stored in another version from now on."""
        await self.api.apply(self.definition, described(self.kind, version))

    async def stored_versions(self) -> list[str]:
        """Return the versions in which something may be stored."""
        return (await self.api.get(self.definition))["status"]["storedVersions"]

    async def put(self, name: str, size: int) -> dict[str, Any]:
        """Store an object by its first version."""
        item = {"apiVersion": self.kind.api_version, "kind": self.kind.kind, "spec": {"size": size}}
        path = self.kind.path(self.namespace, name)
        return await self.api.apply(path, {**item, "metadata": {"name": name, "namespace": self.namespace}})

    async def versions(self) -> dict[str, str]:
        """Return the resource version of each object: another one tells that it was written."""
        items = await self.api.items(self.kind.path(self.namespace))
        return {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in items}


def described(kind: kinds.Kind, stored: str) -> dict[str, Any]:
    """Return the definition of a kind with the versions v1 and v2, which differ in their names only."""
    spec = {"type": "object", "properties": {"size": {"type": "integer"}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    versions: list[dict[str, Any]] = [
        {"name": each, "served": True, "storage": each == stored, "schema": schema, "subresources": {"status": {}}}
        for each in ("v1", "v2")
    ]
    names = {"kind": kind.kind, "plural": kind.plural}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {"group": kind.group, "scope": "Namespaced", "names": names, "versions": versions},
    }


@pytest.fixture
async def shelf(bare_cluster: clusters.Cluster) -> AsyncGenerator[Shelf]:
    word = stages.fresh("box").replace("-", "")
    kind = kinds.Kind(group="shelf.example.com", version="v1", plural=f"{word}s", kind=word.capitalize())
    async with bare_cluster.connected() as api:
        await definitions.apply(api, [described(kind, "v1")])
        namespace = stages.fresh("shelf")
        await api.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        async with operator_reach.connected(
            bare_cluster.kubeconfig, operator_reach.rights.Rights(table.storage(kind))
        ) as client:
            made = Shelf(api=api, client=client, kind=kind, namespace=namespace)
            await asyncio.gather(*(made.put(f"box-{number:03}", number) for number in range(MANY)))
            yield made
        await api.delete(made.definition)


async def test_every_object_is_written_once_and_nothing_of_it_is_lost(shelf: Shelf) -> None:
    before = await shelf.versions()
    await shelf.store("v2")
    assert await shelf.stored_versions() == ["v1", "v2"]
    done = await storage.rewrite(shelf.client, shelf.kind, size=PAGE)
    assert (done.version, done.counted) == ("v2", {storage.Outcome.WRITTEN: MANY})
    assert await shelf.stored_versions() == ["v2"]
    after = await shelf.versions()
    assert not any(after[name] == version for name, version in before.items())
    items = await shelf.api.items(shelf.kind.path(shelf.namespace))
    assert sorted(each["spec"]["size"] for each in items) == list(range(MANY))


async def test_a_second_run_writes_nothing(shelf: Shelf) -> None:
    await shelf.store("v2")
    await storage.rewrite(shelf.client, shelf.kind)
    before = await shelf.versions()
    await storage.rewrite(shelf.client, shelf.kind)
    assert await shelf.versions() == before


async def test_what_others_write_and_delete_meanwhile_stays_as_they_left_it(shelf: Shelf) -> None:
    await shelf.store("v2")
    ended = asyncio.Event()

    async def interfere() -> None:
        number = 0
        while not ended.is_set():
            await shelf.put(f"box-{number % MANY:03}", 1000 + number % MANY)
            number += 1

    async with asyncio.TaskGroup() as group:
        group.create_task(interfere())
        await shelf.api.delete(shelf.kind.path(shelf.namespace, "box-029"))
        await storage.rewrite(shelf.client, shelf.kind, size=PAGE)
        ended.set()
    items = await shelf.api.items(shelf.kind.path(shelf.namespace))
    sizes = {each["metadata"]["name"]: each["spec"]["size"] for each in items}
    assert all(size % 1000 == int(name.removeprefix("box-")) for name, size in sizes.items())
    assert await shelf.stored_versions() == ["v2"]


async def test_a_version_whose_objects_are_all_written_anew_can_be_taken_away(shelf: Shelf) -> None:
    await shelf.store("v2")
    await storage.rewrite(shelf.client, shelf.kind)
    described_anew = described(shelf.kind, "v2")
    described_anew["spec"]["versions"] = described_anew["spec"]["versions"][1:]
    await shelf.api.apply(shelf.definition, described_anew)
    path = shelf.kind.path(shelf.namespace, "box-003").replace("/v1/", "/v2/")

    async def is_read() -> bool:
        return (await shelf.api.get(path))["spec"]["size"] == 3

    await stages.eventually(is_read)
