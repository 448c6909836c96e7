"""Pretended pods say what a kubelet would: what is said of them is written into their status."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tenantry.kubernetes import kinds
from testbed import api as apis
from testbed import nodes

Pod = dict[str, Any]
OUT_OF_MEMORY: Mapping[str, Any] = {
    "ready": False,
    "restartCount": 1,
    "state": {"running": None, "waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-30T12:00:00Z"}},
}
"""What is said of a container that took more memory than it may."""
_ENDED = ("Failed", "Succeeded")


async def newest(api: apis.Api, namespace: str, workload: str) -> Pod:
    """Return the newest pod of a workload that has not ended and is not being deleted."""
    found = await api.items(f"{kinds.POD.path(namespace)}?labelSelector=tenantry.dev/workload={workload}")
    alive = [each for each in found if each["status"]["phase"] not in _ENDED and not _is_leaving(each)]
    return max(alive, key=lambda each: each["metadata"]["creationTimestamp"])


def _is_leaving(pod: Pod) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def path(pod: Pod, *subresource: str) -> str:
    """Return where a pod is."""
    return kinds.POD.path(pod["metadata"]["namespace"], pod["metadata"]["name"], *subresource)


async def fail(api: apis.Api, pod: Pod, *, containers: Mapping[str, Any] = {}, **status: Any) -> None:
    """Let a pod say that it is not ready.

    Args:
        api: a connection as the administrator.
        pod: which one.
        containers: what is said of each of its containers.
        status: what is said of the pod itself.
    """
    conditions = [
        {**each, "status": "False"} if each["type"] in ("Ready", "ContainersReady") else each
        for each in pod["status"]["conditions"]
    ]
    said = [{**each, **containers} for each in pod["status"]["containerStatuses"]]
    changed = {"conditions": conditions, "containerStatuses": said, **status}
    await api.merge(path(pod, "status"), {"status": changed})


@asynccontextmanager
async def everywhere_cordoned(api: apis.Api) -> AsyncGenerator[None]:
    """Let no node take a new pod."""
    names = [each["metadata"]["name"] for each in await api.items(nodes.PATH)]
    try:
        await asyncio.gather(*(cordon(api, name, is_so=True) for name in names))
        yield
    finally:
        await asyncio.gather(*(cordon(api, name, is_so=False) for name in names))


async def cordon(api: apis.Api, node: str, *, is_so: bool) -> None:
    """Let a node take new pods, or not."""
    await api.merge(f"{nodes.PATH}/{node}", {"spec": {"unschedulable": is_so or None}})
