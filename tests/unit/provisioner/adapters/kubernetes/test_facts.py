"""Facts of a cluster, from its nodes and what others run on them."""

from typing import Any

from tenantry.provisioner.adapters.kubernetes import facts
from tenantry.runtime import document

GIB = 1 << 30


def node(name: str, **more: Any) -> dict[str, Any]:
    spec: dict[str, Any] = more.pop("spec", {})
    ready = more.pop("ready", "True")
    given = {"cpu": "4", "memory": "16Gi", "pods": "110", **more}
    labels = {"topology.kubernetes.io/zone": "eu-1a"}
    status = {"allocatable": given, "conditions": [{"type": "Ready", "status": ready}]}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": status}


def pod(on: str | None, *requests: dict[str, str], phase: str = "Running", **spec: Any) -> dict[str, Any]:
    containers = [{"name": "a", "resources": {"requests": each}} for each in requests]
    return {"spec": {"nodeName": on, "containers": containers, **spec}, "status": {"phase": phase}}


def groups(found: document.ClusterFacts) -> list[tuple[int, int, int, int]]:
    return [(each.count, each.cpu_millis, each.memory_bytes, each.pods) for each in found.nodes]


def test_nodes_that_are_alike_are_told_together() -> None:
    found = facts.collect("v1.37.2", [node("a"), node("b"), node("c", cpu="8")])
    assert (found.cpu_millis, found.memory_bytes, found.pods) == (16_000, 48 * GIB, 330)
    assert groups(found) == [(2, 4000, 16 * GIB, 110), (1, 8000, 16 * GIB, 110)]
    assert (found.zones, found.addresses) == (["eu-1a"], None)


def test_nodes_that_take_no_pods_of_ours_do_not_count() -> None:
    tainted = {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]}
    preferring = {"taints": [{"key": "spot", "effect": "PreferNoSchedule"}]}
    nodes = [
        node("away", ready="Unknown"),
        node("cordoned", spec={"unschedulable": True}),
        node("control", spec=tainted),
        node("spot", spec=preferring),
    ]
    assert groups(facts.collect("v1", nodes)) == [(1, 4000, 16 * GIB, 110)]


def test_what_others_ask_for_is_not_left_to_installations() -> None:
    others = [
        pod("a", {"cpu": "100m", "memory": "1Gi"}, {"cpu": "150m"}),
        pod("a", {}, initContainers=[{"name": "i", "resources": {"requests": {"cpu": "1"}}}]),
        pod("a", {"cpu": "2"}, phase="Succeeded"),
        pod(None, {"cpu": "2"}, phase="Pending"),
        pod("b", {"cpu": "32"}),
    ]
    found = facts.collect("v1", [node("a"), node("b")], others)
    assert groups(found) == [(1, 2750, 15 * GIB, 108), (1, 0, 16 * GIB, 109)]
    assert found.cpu_millis == 8000


def test_addresses_of_a_node_bound_its_pods() -> None:
    small, wide = {"podCIDRs": ["10.0.0.0/26", "fd00::/64"]}, {"podCIDRs": ["10.0.1.0/24"]}
    found = facts.collect("v1", [node("a", spec=small), node("b", spec=wide)])
    assert (found.addresses, found.pods) == (61 + 253, 61 + 110)
    assert facts.collect("v1", [node("a", spec=small), node("c")]).addresses is None


def test_a_cluster_without_nodes() -> None:
    found = facts.collect("v1", [])
    assert (found.cpu_millis, found.pods, found.nodes, found.addresses) == (0, 0, [], None)
