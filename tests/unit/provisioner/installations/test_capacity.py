"""What a cluster offers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.provisioner.installations import capacity, demand
from tenantry.runtime import document
from tenantry.wire.placement import Measure

GIB = 1 << 30
POD = {Measure.CPU: 500, Measure.MEMORY: GIB, Measure.PODS: 1}
WANTED = demand.Demand(takes=POD | {Measure.ADDRESSES: 1}, surge=POD | {Measure.ADDRESSES: 1}, largest=POD)
EFFORTLESS = demand.Demand(takes=POD, surge={}, largest=POD)


def group(count: int, cpu: int, memory: int, pods: int = 110) -> document.NodeGroup:
    return document.NodeGroup(count=count, cpu_millis=cpu, memory_bytes=memory, pods=pods)


def facts(*nodes: document.NodeGroup, **more: Any) -> document.ClusterFacts:
    given: dict[str, Any] = {
        "kind": "kubernetes",
        "version": "v1",
        "cpu_millis": sum(each.count * each.cpu_millis for each in nodes),
        "memory_bytes": sum(each.count * each.memory_bytes for each in nodes),
        "pods": sum(each.count * each.pods for each in nodes),
        "nodes": list(nodes),
        **more,
    }
    return document.ClusterFacts(**given)


def cluster(found: document.ClusterFacts | None, **more: Any) -> capacity.Cluster:
    given: dict[str, Any] = {"facts": found, "max_installations": 1000, **more}
    return capacity.Cluster(**given)


def offered(known: capacity.Cluster, wanted: demand.Demand = EFFORTLESS) -> dict[Measure, int]:
    return dict(capacity.of(known, wanted).offers)


class TestKubernetes:
    def test_offers_what_its_nodes_have_and_what_it_promises_at_all(self) -> None:
        assert offered(cluster(facts(group(3, 4000, 16 * GIB)))) == {
            Measure.CPU: 12_000,
            Measure.MEMORY: 48 * GIB,
            Measure.PODS: 330,
            Measure.SERVICES: 10_000,
            Measure.NAMESPACES: 10_000,
            Measure.INSTALLATIONS: 1000,
        }

    def test_does_not_offer_what_is_left_over_on_a_node_and_too_small_for_a_pod(self) -> None:
        found = offered(cluster(facts(group(3, 4300, 16 * GIB + 5), group(1, 700, GIB // 2))))
        assert (found[Measure.CPU], found[Measure.MEMORY]) == (12_000 + 500, 48 * GIB)

    def test_offers_addresses_where_they_are_known(self) -> None:
        assert offered(cluster(facts(group(1, 4000, GIB), addresses=253)))[Measure.ADDRESSES] == 253

    def test_that_has_not_told_of_its_nodes_yet_offers_what_it_told(self) -> None:
        found = offered(cluster(facts(cpu_millis=4000, memory_bytes=GIB, pods=None)))
        assert (found[Measure.CPU], found[Measure.MEMORY], Measure.PODS in found) == (4000, GIB, False)

    def test_without_nodes_offers_nothing(self) -> None:
        assert offered(cluster(facts()))[Measure.CPU] == 0

    def test_offers_what_is_stated_instead_of_what_it_told(self) -> None:
        stated = {Measure.CPU: 96_000, Measure.SERVICES: 5}
        found = offered(cluster(facts(group(3, 4000, 16 * GIB)), stated=stated))
        assert (found[Measure.CPU], found[Measure.SERVICES], found[Measure.MEMORY]) == (96_000, 5, 48 * GIB)

    def test_has_no_place_for_a_pod_that_is_larger_than_any_node(self) -> None:
        large = demand.Demand(takes=POD, largest={Measure.CPU: 2000, Measure.MEMORY: 8 * GIB, Measure.PODS: 1})
        nodes = (group(9, 1000, 64 * GIB), group(9, 16_000, 4 * GIB))
        assert "fits on none of the nodes" in capacity.of(cluster(facts(*nodes)), large).unfit
        assert not capacity.of(cluster(facts(*nodes, group(1, 2000, 8 * GIB))), large).unfit
        assert not capacity.of(cluster(facts(*nodes), stated={Measure.CPU: 64_000}), large).unfit


KEEPING = demand.Demand(takes=POD | {Measure.STORAGE: 5 * GIB}, largest=POD)
FAST, SLOW = document.StorageClass(name="fast", is_default=True), document.StorageClass(name="slow")


class TestStorage:
    def test_is_a_limit_only_where_it_is_stated_and_nothing_of_it_is_kept_free(self) -> None:
        found = facts(group(1, 4000, 16 * GIB), storage_classes=[FAST])
        assert Measure.STORAGE not in offered(cluster(found), KEEPING)
        room = capacity.of(cluster(found, stated={Measure.STORAGE: 90 * GIB}), KEEPING)
        assert (room.offers[Measure.STORAGE], Measure.STORAGE in room.kept) == (90 * GIB, False)

    @pytest.mark.parametrize(
        ("classes", "asked", "unfit"),
        [
            ([SLOW, FAST], None, ""),
            ([SLOW], None, "no default storage class for volumes"),
            ([], None, "no default storage class for volumes"),
            ([SLOW], "slow", ""),
            ([FAST], "slow", "no storage class “slow” for volumes"),
        ],
        ids=["default", "no default", "none", "the one that is asked for", "another"],
    )
    def test_is_of_the_class_that_the_operator_asks_for(
        self, classes: list[document.StorageClass], asked: str | None, unfit: str
    ) -> None:
        found = facts(group(1, 4000, 16 * GIB), storage_classes=classes)
        assert capacity.of(cluster(found, storage_class=asked), KEEPING).unfit == unfit
        assert not capacity.of(cluster(found, storage_class=asked), EFFORTLESS).unfit

    @pytest.mark.parametrize(
        ("more", "stated"),
        [({"unread": ["storageclasses"]}, {}), ({}, {Measure.STORAGE: GIB}), ({"kind": "local"}, {})],
        ids=["that nobody may read", "that somebody vouches for", "of one machine"],
    )
    def test_of_classes_that_are_not_known_is_not_doubted(
        self, more: dict[str, Any], stated: dict[Measure, int]
    ) -> None:
        found = facts(group(1, 4000, 16 * GIB), **more)
        assert not capacity.of(cluster(found, stated=stated), KEEPING).unfit


class TestRoomForRollouts:
    @pytest.mark.parametrize(
        ("nodes", "kept"),
        [(1, 1), (3, 3), (100, 80), (10_000, capacity.EXCHANGED_AT_ONCE)],
        ids=["one at least", "a tenth", "a tenth of many", "as many as are changed at once"],
    )
    def test_is_kept(self, nodes: int, kept: int) -> None:
        found = facts(group(nodes, 4000, 8 * GIB, 8))
        room = capacity.of(cluster(found), WANTED)
        whole = nodes * 8
        tenth = whole // 10
        assert room.kept[Measure.PODS] == max(1, min(capacity.EXCHANGED_AT_ONCE, tenth))
        assert room.offers[Measure.PODS] == whole - room.kept[Measure.PODS]
        assert room.kept[Measure.PODS] <= max(kept, tenth)

    def test_is_that_of_the_largest_that_is_there(self) -> None:
        found = facts(group(1, 8000, 64 * GIB))
        room = capacity.of(cluster(found, surge={Measure.CPU: 4000}), WANTED)
        assert room.kept[Measure.CPU] == 4000

    def test_is_never_more_than_there_is(self) -> None:
        room = capacity.of(cluster(facts(group(1, 500, GIB))), WANTED)
        assert (room.offers[Measure.CPU], room.kept[Measure.CPU]) == (0, 500)


class TestOneMachine:
    def test_offers_memory_several_times_and_no_processor_time(self) -> None:
        machine = document.ClusterFacts(kind="local", version="1", cpu_millis=2000, memory_bytes=4 * GIB)
        known = cluster(machine, max_installations=200)
        assert offered(known, WANTED) == {
            Measure.MEMORY: 4 * GIB * capacity.MEMORY_LENT,
            Measure.INSTALLATIONS: 200,
        }


def test_before_it_was_reached_only_the_count_is_known() -> None:
    assert offered(cluster(None)) == {Measure.INSTALLATIONS: 1000}


@given(
    nodes=st.lists(
        st.tuples(st.integers(1, 5), st.integers(0, 9000), st.integers(0, 9), st.integers(0, 9)), max_size=4
    ),
    cpu=st.integers(1, 3000),
    memory=st.integers(1, 4),
)
def test_pods_of_one_kind_are_never_offered_more_than_nodes_alike_can_hold(
    nodes: list[tuple[int, int, int, int]], cpu: int, memory: int
) -> None:
    pod = {Measure.CPU: cpu, Measure.MEMORY: memory, Measure.PODS: 1}
    for count, *amounts in nodes:
        found = capacity.of(cluster(facts(group(count, *amounts))), demand.Demand(takes=pod, largest=pod))
        offered_pods = min(found.offers[measure] // pod[measure] for measure in pod)
        held = count * min(amount // each for amount, each in zip(amounts, pod.values(), strict=True))
        assert offered_pods == held
