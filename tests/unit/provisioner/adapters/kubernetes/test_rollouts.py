"""How far the operator's Deployment is, and why it gets no further."""

from typing import Any

import pytest

from tenantry.provisioner.adapters.kubernetes import rollouts
from tenantry.provisioner.operators import render

COUNTS = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "observedGeneration": 3}


def deployment(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"generation": 3, "annotations": {render.DIGEST: "new"}},
        "spec": {"replicas": 2},
        "status": {**COUNTS, **status},
    }


def pod(name: str, digest: str = "new", **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "annotations": {render.DIGEST: digest}}, "status": status}


def lease(holder: str) -> dict[str, Any]:
    return {"spec": {"holderIdentity": holder}}


def test_it_is_well_when_all_are_exchanged_and_one_of_them_acts() -> None:
    found = rollouts.state(deployment(), [pod("a"), pod("b")], lease("b"))
    assert found == rollouts.State(is_ready=True, is_led=True, obstacle="")


@pytest.mark.parametrize(
    "status", [{"observedGeneration": 2}, {"updatedReplicas": 1}, {"availableReplicas": 1}, {"replicas": 3}]
)
def test_it_is_not_ready_before_all_are_seen_and_the_former_are_gone(status: dict[str, int]) -> None:
    assert not rollouts.state(deployment(**status), [pod("a")], lease("a")).is_ready


@pytest.mark.parametrize("held", [None, lease("old"), lease("stranger"), {"spec": {"holderIdentity": None}}])
def test_it_does_not_act_while_another_has_the_lease(held: Any) -> None:
    found = rollouts.state(deployment(), [pod("a"), pod("old", "former")], held)
    assert (found.is_ready, found.is_led) == (True, False)
    assert found.obstacle == "No pod of this version has the Lease yet."


class TestObstacles:
    def test_pods_that_cannot_be_made(self) -> None:
        failing = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
        found = rollouts.state(deployment(updatedReplicas=0, conditions=[failing]), [], None)
        assert found.obstacle == "FailedCreate: exceeded quota"

    def test_an_image_that_is_not_there(self) -> None:
        waiting = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}}
        found = rollouts.state(deployment(updatedReplicas=1), [pod("a", containerStatuses=[waiting])], None)
        assert found.obstacle == "Pod a: ImagePullBackOff: not found"

    def test_a_program_that_ends(self) -> None:
        ended = {"ready": False, "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "facts"}}}
        found = rollouts.state(deployment(updatedReplicas=1), [pod("a", containerStatuses=[ended])], None)
        assert found.obstacle == "Pod a ended with 1: Error: facts"

    def test_a_pod_that_finds_no_node(self) -> None:
        homeless = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
        found = rollouts.state(deployment(updatedReplicas=1), [pod("a", conditions=[homeless])], None)
        assert found.obstacle == "Pod a: Unschedulable: 0/3 nodes"

    def test_otherwise_it_is_counted(self) -> None:
        starting = {"state": {"waiting": {"reason": "ContainerCreating"}}}
        found = rollouts.state(deployment(updatedReplicas=1), [pod("a", containerStatuses=[starting])], None)
        assert found.obstacle == "1 of 2 pods are of this version; 2 are available."
