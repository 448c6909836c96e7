"""What a cluster is and has, from its version, its nodes and the pods on them that are of no installation. Pure.

Nodes that leave as much as each other are told together, so that a thousand alike are one line.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenantry.application import quantities
from tenantry.kubernetes import kinds
from tenantry.runtime import document

OTHERS = "app.kubernetes.io/managed-by!=tenantry-operator"
"""Selects the pods that are of no installation."""

_LIMITS = ["memory", "cpu", "user"]
_ZONE = "topology.kubernetes.io/zone"
_NOT_FOR_PODS = 3
"""Of a node's range of addresses: its own name, the broadcast, and the node itself."""
_ENDED = {"Succeeded", "Failed"}
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amounts:
    """Processor time in thousandths, bytes and pods."""

    cpu: int
    memory: int
    pods: int

    def without(self, taken: "_Amounts") -> "_Amounts":
        return _Amounts(
            cpu=max(0, self.cpu - taken.cpu),
            memory=max(0, self.memory - taken.memory),
            pods=max(0, self.pods - taken.pods),
        )

    def plus(self, more: "_Amounts") -> "_Amounts":
        return _Amounts(cpu=self.cpu + more.cpu, memory=self.memory + more.memory, pods=self.pods + more.pods)


_NOTHING = _Amounts(cpu=0, memory=0, pods=0)


def collect(version: str, nodes: Iterable[kinds.Object], others: Iterable[kinds.Object] = ()) -> document.ClusterFacts:
    """Add up what the nodes give that take pods.

    Args:
        version: of Kubernetes.
        nodes: all of them.
        others: pods that are of no installation; what they ask for is not left to installations.
    """
    giving = [node for node in nodes if _takes_pods(node)]
    asked = _asked(others)
    left = Counter(_given(node).without(asked.get(node["metadata"]["name"], _NOTHING)) for node in giving)
    whole = [_given(node) for node in giving]
    return document.ClusterFacts(
        kind="kubernetes",
        version=version,
        cpu_millis=sum(each.cpu for each in whole),
        memory_bytes=sum(each.memory for each in whole),
        pods=sum(each.pods for each in whole),
        addresses=_sum([_addresses(node) for node in giving]),
        nodes=[_group(each, count) for each, count in left.most_common()],
        zones=sorted({zone for node in giving if (zone := _labels(node).get(_ZONE))}),
        limits=_LIMITS,
    )


def storage_class(given: kinds.Object) -> document.StorageClass:
    """Return what a StorageClass says of itself."""
    annotations: dict[str, str] = given["metadata"].get("annotations") or {}
    return document.StorageClass(
        name=given["metadata"]["name"],
        provisioner=str(given.get("provisioner") or ""),
        is_default=annotations.get(_DEFAULT_CLASS) == "true",
    )


def _takes_pods(node: kinds.Object) -> bool:
    conditions: list[dict[str, Any]] = node.get("status", {}).get("conditions") or []
    is_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return is_ready and not node.get("spec", {}).get("unschedulable", False) and not _is_kept_away(node)


def _is_kept_away(node: kinds.Object) -> bool:
    """Tell whether a node takes only pods that bear something of it, as that of a control plane does; ours do not."""
    taints: list[dict[str, str]] = node.get("spec", {}).get("taints") or []
    return any(each["effect"] in {"NoSchedule", "NoExecute"} for each in taints)


def _given(node: kinds.Object) -> _Amounts:
    given: dict[str, str] = node["status"].get("allocatable") or {}
    pods, addresses = quantities.whole(given.get("pods", "0")), _addresses(node)
    return _Amounts(
        cpu=quantities.thousandths(given.get("cpu", "0")),
        memory=quantities.whole(given.get("memory", "0")),
        pods=pods if addresses is None else min(pods, addresses),
    )


def _addresses(node: kinds.Object) -> int | None:
    """Return how many addresses a node has for pods; None where others give them out."""
    ranges: list[str] = node.get("spec", {}).get("podCIDRs") or []
    sizes = [ipaddress.ip_network(each, strict=False).num_addresses - _NOT_FOR_PODS for each in ranges]
    return max(0, min(sizes)) if sizes else None


def _sum(amounts: Sequence[int | None]) -> int | None:
    known = [each for each in amounts if each is not None]
    return sum(known) if known and len(known) == len(amounts) else None


def _asked(pods: Iterable[kinds.Object]) -> Mapping[str, _Amounts]:
    """Return what pods ask of each node."""
    asked: dict[str, _Amounts] = {}
    for pod in pods:
        node = pod.get("spec", {}).get("nodeName")
        if node is not None and pod.get("status", {}).get("phase") not in _ENDED:
            asked[node] = asked.get(node, _NOTHING).plus(_requests(pod["spec"]))
    return asked


def _requests(spec: Mapping[str, Any]) -> _Amounts:
    """Return what a pod asks for: its containers together, or one that prepares them where that asks for more."""
    running, preparing = list(_each(spec.get("containers"))), list(_each(spec.get("initContainers")))
    overhead: dict[str, str] = spec.get("overhead") or {}
    return _Amounts(
        cpu=max(sum(cpu for cpu, _ in running), *(cpu for cpu, _ in preparing), 0)
        + quantities.thousandths(overhead.get("cpu", "0")),
        memory=max(sum(memory for _, memory in running), *(memory for _, memory in preparing), 0)
        + quantities.whole(overhead.get("memory", "0")),
        pods=1,
    )


def _each(containers: Sequence[Mapping[str, Any]] | None) -> Iterator[tuple[int, int]]:
    for container in containers or ():
        asked: dict[str, str] = container.get("resources", {}).get("requests") or {}
        yield quantities.thousandths(asked.get("cpu", "0")), quantities.whole(asked.get("memory", "0"))


def _group(left: _Amounts, count: int) -> document.NodeGroup:
    return document.NodeGroup(count=count, cpu_millis=left.cpu, memory_bytes=left.memory, pods=left.pods)


def _labels(node: kinds.Object) -> Mapping[str, str]:
    return node["metadata"].get("labels") or {}
