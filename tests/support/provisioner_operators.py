"""A cluster whose operator a provisioner keeps, and somebody who takes the Lease in the place of pretended pods."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from support import operator_stage, provisioner_stage
from tenantry.kubernetes import kinds, rights
from tenantry.provisioner.adapters.kubernetes import access
from tenantry.provisioner.operators import render
from tenantry.wire import operators as wire
from testbed import accounts
from testbed import cluster as clusters
from testbed.api import Api, ApiError, is_true

ACCOUNT = "tenantry-keeper"
HOME, NAME = render.HOME, render.NAME
DEPLOYMENT = kinds.DEPLOYMENT.path(HOME, NAME)
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_LEASE = kinds.LEASE.path(HOME, "tenantry-operator")


async def kubeconfig(up: clusters.Cluster, api: Api) -> str:
    """Return the kubeconfig of an account that may do what both tables say, and nothing else."""
    group = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": "default"}
    reference = {"apiGroup": group, "kind": "ClusterRole", "name": ACCOUNT}
    rules = [*rights.rules(access.RIGHTS), *rights.rules(access.keeping())]
    given: list[tuple[str, dict[str, Any]]] = [
        ("/api/v1/namespaces/default/serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount"}),
        (f"{_RBAC}/clusterroles", {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "rules": rules}),
        (
            f"{_RBAC}/clusterrolebindings",
            {"apiVersion": f"{group}/v1", "kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": reference},
        ),
    ]
    for path, body in given:
        await api.apply(f"{path}/{ACCOUNT}", body | {"metadata": {"name": ACCOUNT}})
    return (await accounts.write_kubeconfig(up, "default", ACCOUNT)).read_text()


async def forget(api: Api) -> None:
    """Remove all that an operator consists of, with its Lease; its definitions and its namespace stay."""
    for path in (DEPLOYMENT, _LEASE, *_places()):
        with contextlib.suppress(ApiError):
            await api.delete(path, propagation="Foreground" if path == DEPLOYMENT else "Background")

    async def is_gone() -> bool:
        return not await api.has(DEPLOYMENT) and not await api.items(kinds.POD.path(HOME))

    await operator_stage.eventually(is_gone)


def _places() -> Iterator[str]:
    by_kind = {each.kind: each for each in access.INSTALLED}
    for each in render.carried():
        if each["kind"] not in {kinds.NAMESPACE.kind, kinds.DEFINITION.kind}:
            yield by_kind[each["kind"]].path(each["metadata"].get("namespace"), each["metadata"]["name"])


async def versions(api: Api) -> dict[str, str]:
    """Return the resource version of every object that an operator consists of and that is there."""
    found: dict[str, str] = {}
    by_kind = {each.kind: each for each in access.INSTALLED}
    for each in render.carried():
        about = each["metadata"]
        path = by_kind[each["kind"]].path(about.get("namespace"), about["name"])
        if await api.has(path):
            found[path] = (await api.get(path))["metadata"]["resourceVersion"]
    return found


@dataclass(kw_only=True)
class Leader:
    """Takes the Lease for a ready pod of the newest version, as the pod would; not for versions that are broken."""

    api: Api
    broken: set[str] = field(default_factory=set[str])

    async def lead(self) -> None:
        while True:
            with contextlib.suppress(ApiError):
                await self._take()
            await asyncio.sleep(0.1)

    async def _take(self) -> None:
        deployment = await self.api.get(DEPLOYMENT)
        template = deployment["spec"]["template"]
        if template["spec"]["containers"][0]["image"].rpartition(":")[2] in self.broken:
            return
        digest = template["metadata"].get("annotations", {}).get(render.DIGEST)
        for pod in await self.api.items(kinds.POD.path(HOME)):
            if pod["metadata"].get("annotations", {}).get(render.DIGEST) == digest and is_true(pod, "Ready"):
                head = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
                metadata = {"name": "tenantry-operator", "namespace": HOME}
                spec = {"holderIdentity": pod["metadata"]["name"], "leaseDurationSeconds": 20}
                await self.api.apply(_LEASE, {**head, "metadata": metadata, "spec": spec})
                return


@asynccontextmanager
async def leading(api: Api, *broken: str) -> AsyncGenerator[Leader]:
    """Let somebody take the Lease while this is open."""
    leader = Leader(api=api, broken=set(broken))
    task = asyncio.create_task(leader.lead())
    try:
        yield leader
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until(
    stage: provisioner_stage.Stage, cluster: str, *statuses: wire.Status, seconds: float = 30
) -> wire.Operator:
    """Wait until a cluster's operator has one of the statuses, and return it."""

    async def reached() -> wire.Operator | None:
        found = await stage.client.operators.get(cluster)
        return found if found.status in statuses else None

    return await operator_stage.eventually(
        reached, within=timedelta(seconds=seconds), about=lambda: stage.client.operators.get(cluster)
    )
