"""Nodes that are only pretended: kwok says that they are well, and that pods on them run; nothing runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from testbed.api import Object

ANNOTATION = "kwok.x-k8s.io/node"
PATH = "/api/v1/nodes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretended:
    """A node that is only pretended.

    Attributes:
        name: of the node.
        cpu, memory: what it has, in Kubernetes' quantities.
        pods: how many it takes.
        labels: beside those that every node has.
    """

    name: str
    cpu: str = "32"
    memory: str = "128Gi"
    pods: int = 250
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


def alike(count: int) -> Sequence[Pretended]:
    """Return this many nodes that differ in name only."""
    return [Pretended(name=f"pretended-{number}") for number in range(1, count + 1)]


def rendered(node: Pretended) -> Object:
    """Return the node's object; kwok fills in the rest of its status."""
    room = {"cpu": node.cpu, "memory": node.memory, "pods": str(node.pods)}
    always = {"kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "annotations": {ANNOTATION: "fake"}, "labels": {**always, **node.labels}},
        "status": {"allocatable": room, "capacity": room},
    }
