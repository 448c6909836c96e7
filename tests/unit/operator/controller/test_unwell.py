"""Why pods are not well, in words, from statuses as Kubernetes writes them."""

from typing import Any

import pytest

from tenantry.operator.controller import unwell

NOON = "2026-11-30T12:00:00Z"
LATER = "2026-11-30T12:00:09Z"


def pod(*containers: dict[str, Any], created: str = NOON, **status: Any) -> dict[str, Any]:
    """Return a pod that is not ready."""
    conditions = [{"type": "Ready", "status": "False"}, *status.pop("conditions", [])]
    return {
        "metadata": {"name": "acme-web-1", "creationTimestamp": created},
        "spec": {"nodeName": "node-1"},
        "status": {"containerStatuses": list(containers), "conditions": conditions, **status},
    }


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"name": "web", "ready": False, "state": {"waiting": {"reason": reason, "message": message}}, **more}


def ended(code: int, reason: str = "Error") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": NOON}}


RUNS = {"name": "web", "ready": False, "state": {"running": {"startedAt": NOON}}}
EVICTED = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory. "}
GOING = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "Eviction API: x"}
UNPLACED = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available: 3 Insufficient cpu."}
WELL = {"type": "ContainersReady", "status": "True"}


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (pod(waiting("ContainerCreating")), ""),
        (pod(waiting("ImagePullBackOff", "not found")), "The pod says ImagePullBackOff: not found."),
        (
            pod(waiting("CrashLoopBackOff", "back-off 40s restarting …", lastState=ended(137, "OOMKilled"))),
            "The pod says CrashLoopBackOff: OOMKilled, exit status 137.",
        ),
        (pod({"name": "web", "ready": False, "state": ended(1)}), "A program ended: exit status 1."),
        (pod({**RUNS, "lastState": ended(137, "OOMKilled")}), "A program ended: OOMKilled, exit status 137."),
        (pod(RUNS), "It runs, but its readiness check has not succeeded."),
        (pod(**EVICTED), "A pod was stopped (Evicted): The node was low on resource: memory."),
        (
            pod({**RUNS, "ready": True}, conditions=[GOING, WELL]),
            "A pod has to go (EvictionByEvictionAPI): Eviction API: x.",
        ),
        (pod(conditions=[UNPLACED]), "No node takes the pod: 0/3 nodes are available: 3 Insufficient cpu."),
        (pod({**RUNS, "ready": True}, conditions=[WELL]), "The node “node-1” does not answer."),
        (pod(initContainerStatuses=[waiting("ErrImagePull")]), "The pod says ErrImagePull."),
    ],
)
def test_each_trouble_has_its_words(seen: dict[str, Any], told: str) -> None:
    assert unwell.told([seen]) == told


def test_a_pod_that_is_ready_has_none() -> None:
    well = pod({**RUNS, "ready": True})
    well["status"]["conditions"][0]["status"] = "True"
    assert unwell.pods([well]) == []


def test_the_newest_comes_first_and_what_is_the_same_is_told_once() -> None:
    later = pod(conditions=[UNPLACED], created="2026-11-30T12:01:00Z")
    told = unwell.told(unwell.pods([pod(**EVICTED), pod(**EVICTED), later]))
    assert told == f"{unwell.why(later)} {unwell.why(pod(**EVICTED))}"


def test_no_more_than_two_are_told() -> None:
    seen = [pod(**EVICTED), pod(RUNS), pod(waiting("ErrImagePull"))]
    assert "ErrImagePull" not in unwell.told(seen)


def test_a_program_that_begins_anew_is_known_by_the_end_of_the_one_before() -> None:
    assert unwell.has_begun_anew(pod({**RUNS, "lastState": ended(1)}))
    assert not unwell.has_begun_anew(pod(RUNS))
    assert not unwell.has_begun_anew(pod(waiting("CrashLoopBackOff", lastState=ended(1))))


def test_a_pod_whose_program_never_began_has_no_log() -> None:
    assert not unwell.has_log(pod(waiting("ImagePullBackOff")))
    assert not unwell.has_log(pod())
    assert unwell.has_log(pod(waiting("CrashLoopBackOff", restartCount=1)))


def test_nobody_is_asked_for_a_log_on_a_node_that_does_not_answer() -> None:
    assert not unwell.has_log(pod({**RUNS, "ready": True}, conditions=[WELL]))


@pytest.mark.parametrize("line", ["OSError: [Errno 28] No space left on device", "write: Disk quota exceeded"])
def test_a_full_volume_is_found_in_the_log(line: str) -> None:
    assert unwell.in_log(("starts", line, "ends")) == f"A volume is full; the log says: {line}"


QUOTA = "exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (f'pods "acme-web-5d8f-x2k4p" is forbidden: {QUOTA}', QUOTA),
        (f'Error creating: pods "acme-migrate-" is forbidden: {QUOTA}', QUOTA),
        (f'create Pod acme-web-0 in StatefulSet acme-web failed error: pods "acme-web-0" is forbidden: {QUOTA}', QUOTA),
        ('Error creating: Pod "a-1" is invalid: spec.hostname: too long', "spec.hostname: too long"),
        ('admission webhook "x" denied the request: no', 'admission webhook "x" denied the request: no'),
        (None, ""),
    ],
)
def test_a_refusal_is_told_without_the_name_of_the_pod(told: str | None, why: str) -> None:
    assert unwell.refusal(told) == why


def test_each_refusal_is_told_once_and_no_more_than_two() -> None:
    assert unwell.refused(["", QUOTA, QUOTA]) == f"The cluster refuses a pod: {QUOTA}."
    assert unwell.refused(["a", "b", "c"]) == "The cluster refuses a pod: a. The cluster refuses a pod: b."


def test_the_newest_event_is_the_one_that_counts() -> None:
    events = [event("FailedCreate", "now", deprecatedLastTimestamp=LATER), event("FailedCreate", "x", eventTime=NOON)]
    assert (unwell.noted(events), unwell.noted([])) == ("now", "")


def test_a_log_of_something_else_says_nothing_of_volumes() -> None:
    assert not unwell.in_log(("starts", "ValueError: 3"))


def event(reason: str, note: str, **times: Any) -> dict[str, Any]:
    return {"reason": reason, "note": note, **times}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], ""),
        (
            [
                event("FailedMount", "volume “data”: path does not exist", deprecatedLastTimestamp=LATER),
                event("FailedScheduling", "no node", eventTime=NOON, deprecatedLastTimestamp=None),
            ],
            "The pod waits (FailedMount): volume “data”: path does not exist.",
        ),
        (
            [event("FailedCreatePodSandBox", f"sandbox {'0a1b' * 16}: no address", eventTime=NOON)],
            "The pod waits (FailedCreatePodSandBox): sandbox …: no address.",
        ),
    ],
)  # fmt: skip
def test_what_a_status_does_not_tell_is_in_the_newest_warning(events: list[dict[str, Any]], told: str) -> None:
    assert unwell.warned(events) == told
