"""A former vendor's operator and its workspaces, as they may be found in a cluster that tenantry comes to.

It makes what it finds missing and takes back what it finds changed, whoever else is at it, unless it is told to leave a
workspace alone. Its objects have names, labels, selectors and ports that are not ours.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tenantry.kubernetes import kinds
from tenantry.operator.migration import mapping as mappings
from testbed import api as apis

MAPPING = mappings.read(Path(__file__).with_name("workspaces.yaml"))
KIND = MAPPING.kind
_LOOK_EVERY = 1.0
_ANY = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_SCHEMA = {"type": "object", "properties": {"spec": _ANY, "status": _ANY}}
DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{KIND.plural}.{KIND.group}"},
    "spec": {
        "group": KIND.group,
        "scope": "Namespaced",
        "names": {"kind": KIND.kind, "plural": KIND.plural},
        "versions": [
            {
                "name": KIND.version,
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": _SCHEMA},
                "subresources": {"status": {}},
            }
        ],
    },
}


def workspace(namespace: str, name: str, application: str, **spec: Any) -> dict[str, Any]:
    """Return a workspace; further arguments are parts of its spec."""
    given = {
        "application": application,
        "release": "1.0",
        "customer": name,
        "hosts": [f"{name}.example.com"],
        "deployment": name,
        "storage": "1Gi",
        "paused": False,
        **spec,
    }
    head = {"apiVersion": KIND.api_version, "kind": KIND.kind}
    return {**head, "metadata": {"namespace": namespace, "name": name}, "spec": given}


class FormerOperator:
    """Cares for the workspaces of a namespace, again and again."""

    def __init__(self, api: apis.Api, namespace: str) -> None:
        """Take a connection, and where its workspaces are."""
        self._api = api
        self.namespace = namespace
        self.fights: list[str] = []
        """What it did to objects that somebody else controls."""

    async def run(self) -> None:
        """Care until cancelled."""
        while True:
            await self.care()
            await asyncio.sleep(_LOOK_EVERY)

    async def care(self) -> None:
        """Look at every workspace once."""
        known = {
            (kind.kind, each["metadata"]["name"]): each
            for kind in (kinds.DEPLOYMENT, kinds.SERVICE, kinds.VOLUME_CLAIM, kinds.SECRET)
            for each in await self._api.items(kind.path(self.namespace))
        }
        workspaces = await self._api.items(KIND.path(self.namespace))
        room = asyncio.Semaphore(8)

        async def one(item: dict[str, Any]) -> None:
            async with room:
                await self._one(item, known)

        async with asyncio.TaskGroup() as group:
            for each in workspaces:
                group.create_task(one(each))

    async def _one(self, item: dict[str, Any], known: dict[tuple[str, str], dict[str, Any]]) -> None:
        is_paused = item["spec"]["paused"]
        if item.get("status", {}).get("paused") is not is_paused:
            path = KIND.path(self.namespace, item["metadata"]["name"], "status")
            await self._api.merge(path, {"status": {"paused": is_paused}})
        if is_paused or item["metadata"].get("deletionTimestamp"):
            return
        for kind, each in objects(item):
            there = known.get((kind.kind, each["metadata"]["name"]))
            if there is not None and _stands(there, each):
                continue
            if there is not None and not _is_owned(there, item):
                self.fights.append(f"{kind.kind} {each['metadata']['name']}")
            await self._api.apply(kind.path(self.namespace, each["metadata"]["name"]), each)


def objects(item: dict[str, Any]) -> list[tuple[kinds.Kind, dict[str, Any]]]:
    """Return what a workspace consists of."""
    name, spec = item["metadata"]["name"], item["spec"]
    labels = {"app": name}
    container = {"name": "server", "image": "registry.example.com/former:7", "ports": [{"containerPort": 8065}]}
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": f"{name}-data"}}
    pod = {
        "metadata": {"labels": labels},
        "spec": {"containers": [container], "volumes": [volume]},
    }
    deployment = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": spec["storage"]}}}
    service = {"selector": labels, "ports": [{"name": "web", "port": 80, "targetPort": 8065, "protocol": "TCP"}]}
    password = base64.b64encode(b"letmein-0123").decode()
    return [
        _object(item, kinds.SECRET, f"{name}-secrets", {"data": {"adminPassword": password}}),
        _object(item, kinds.VOLUME_CLAIM, f"{name}-data", {"spec": claim}),
        _object(item, kinds.SERVICE, name, {"spec": service}),
        _object(item, kinds.DEPLOYMENT, spec["deployment"], {"spec": deployment}),
    ]


def _object(
    item: dict[str, Any], kind: kinds.Kind, name: str, body: dict[str, Any]
) -> tuple[kinds.Kind, dict[str, Any]]:
    about = item["metadata"]
    owner = {"apiVersion": item["apiVersion"], "kind": item["kind"], "name": about["name"], "uid": about["uid"]}
    owner |= {"controller": True, "blockOwnerDeletion": True}
    metadata = {"namespace": about["namespace"], "name": name, "labels": {"app": about["name"]}}
    return kind, {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {**metadata, "ownerReferences": [owner]},
        **body,
    }


def _stands(there: dict[str, Any], wanted: dict[str, Any]) -> bool:
    spec = wanted.get("spec", {})
    return there["metadata"].get("ownerReferences") == wanted["metadata"]["ownerReferences"] and all(
        there["spec"].get(key) == spec[key] for key in ("replicas", "ports", "selector") if key in spec
    )


def _is_owned(there: dict[str, Any], item: dict[str, Any]) -> bool:
    return item["metadata"]["uid"] in [each["uid"] for each in there["metadata"].get("ownerReferences", [])]


@asynccontextmanager
async def running(api: apis.Api, namespace: str) -> AsyncGenerator[FormerOperator]:
    """Let the former operator care for a namespace; leaving ends it."""
    made = FormerOperator(api, namespace)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.result()
