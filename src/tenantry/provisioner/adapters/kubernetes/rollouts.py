"""How far a Deployment's pods are, and what stands in their way, in one sentence. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenantry.kubernetes import kinds, parts
from tenantry.provisioner.operators import render

_FAILING = ("ReplicaFailure", "True"), ("Progressing", "False")
_PATIENT = {"ContainerCreating", "PodInitializing"}
"""Why a container waits while all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How far they are.

    Attributes:
        is_ready: all of them are as wanted and ready, and none of before is left.
        is_led: one of them has the Lease.
        obstacle: what stands in the way, if anything does.
    """

    is_ready: bool
    is_led: bool
    obstacle: str


def state(deployment: kinds.Object, pods: Sequence[kinds.Object], lease: kinds.Object | None) -> State:
    """Return how far the operator's Deployment is.

    Args:
        deployment: of the operator.
        pods: those of all its versions.
        lease: of whoever acts.
    """
    digest = parts.mapping(deployment, "metadata", "annotations").get(render.DIGEST)
    newest = [each for each in pods if parts.mapping(each, "metadata", "annotations").get(render.DIGEST) == digest]
    names = {each["metadata"]["name"] for each in newest}
    is_ready = _is_exchanged(deployment)
    is_led = parts.mapping(lease or {}, "spec").get("holderIdentity") in names
    if is_ready and is_led:
        return State(is_ready=True, is_led=True, obstacle="")
    obstacle = next(_obstacles(deployment, newest), "")
    if not obstacle:
        obstacle = "No pod of this version has the Lease yet." if is_ready else _counted(deployment)
    return State(is_ready=is_ready, is_led=is_led, obstacle=obstacle)


def _is_exchanged(deployment: kinds.Object) -> bool:
    status, wanted = parts.mapping(deployment, "status"), _wanted(deployment)
    is_seen = int(status.get("observedGeneration") or 0) >= int(deployment["metadata"]["generation"])
    counts = [int(status.get(each) or 0) for each in ("replicas", "updatedReplicas", "availableReplicas")]
    return is_seen and counts == [wanted] * 3


def _wanted(deployment: kinds.Object) -> int:
    return int(parts.mapping(deployment, "spec").get("replicas", 1))


def _counted(deployment: kinds.Object) -> str:
    updated = int(parts.mapping(deployment, "status").get("updatedReplicas") or 0)
    ready = int(parts.mapping(deployment, "status").get("availableReplicas") or 0)
    return f"{updated} of {_wanted(deployment)} pods are of this version; {ready} are available."


def _obstacles(deployment: kinds.Object, pods: Iterable[kinds.Object]) -> Iterator[str]:
    conditions = parts.listed(deployment, "status", "conditions")
    for kind, status in _FAILING[:1]:
        yield from (_said(each) for each in conditions if (each["type"], each["status"]) == (kind, status))
    for pod in pods:
        yield from _of_pod(pod)
    for kind, status in _FAILING[1:]:
        yield from (_said(each) for each in conditions if (each["type"], each["status"]) == (kind, status))


def _of_pod(pod: kinds.Object) -> Iterator[str]:
    name = pod["metadata"]["name"]
    for each in parts.listed(pod, "status", "containerStatuses"):
        waiting = parts.mapping(each, "state", "waiting")
        if waiting and waiting.get("reason") not in _PATIENT:
            yield f"Pod {name}: {_said(waiting)}"
        ended = parts.mapping(each, "lastState", "terminated")
        if ended and not each.get("ready"):
            yield f"Pod {name} ended with {ended.get('exitCode')}: {_said(ended)}"
    for each in parts.listed(pod, "status", "conditions"):
        if each["type"] == "PodScheduled" and each["status"] == "False":
            yield f"Pod {name}: {_said(each)}"


def _said(given: Mapping[str, Any]) -> str:
    return ": ".join(str(given[each]) for each in ("reason", "message") if given.get(each))
