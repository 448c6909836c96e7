"""What goes wrong in an application: it is told with its reason, tried again, and an update goes back by itself.

Pods of the size `huge` fit on no node, so they wait until the test says how they end.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support import operator_everything as everything
from support import operator_pods as pods
from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.operator.controller import roles, table
from tenantry.runtime import document
from testbed import tiny

Phase = document.Phase
READY = document.ConditionType.READY
WITHIN = timedelta(seconds=90)


async def fail_job(ordered: stages.Ordered, *, number: int) -> None:
    """Let the pod of a job's n-th try end badly."""

    async def pod() -> dict[str, Any] | None:
        waiting = [
            each
            for (kind, _), each in (await ordered.objects()).items()
            if kind == "Pod" and "tenantry.dev/job" in each["metadata"]["labels"]
            if each["status"].get("phase") == "Pending"
        ]
        return waiting[0] if waiting else None

    found = await stages.eventually(pod, within=WITHIN, about=lambda: tell(ordered, number))
    path = kinds.POD.path(ordered.namespace, found["metadata"]["name"], "status")
    await ordered.api.merge(path, {"status": {"phase": "Failed", "message": f"try {number}"}})


async def tell(ordered: stages.Ordered, number: int) -> object:
    return number, (await ordered.get()).status


async def generations(ordered: stages.Ordered) -> dict[str, int]:
    """Return how often each Deployment was changed."""
    return {
        name: each["metadata"]["generation"]
        for (kind, name), each in (await ordered.objects()).items()
        if kind == "Deployment"
    }


async def are_told(ordered: stages.Ordered, *reasons: str) -> bool:
    """Tell whether there is an Event for each of these reasons, and no other."""
    return sorted(await ordered.events()) == sorted(reasons)


async def notes(ordered: stages.Ordered) -> str:
    """Return what the Events about an installation say."""
    items = await ordered.api.items(kinds.EVENT.path(ordered.namespace))
    return "\n".join(each["note"] for each in items if each["regarding"].get("name") == ordered.name)


async def modes(ordered: stages.Ordered) -> set[str]:
    """Return what the files of the installation say."""
    found = await ordered.objects()
    return {text for (kind, _), each in found.items() if kind == "ConfigMap" for text in each["data"].values()}


async def test_a_migration_that_fails_leaves_serving_what_served(stage: stages.Stage) -> None:
    """Version, size and settings: a former version with the new settings is nothing that anybody ever tried."""
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name, jobs={"migrate": {"command": ["migrate"]}}))
    async with stage.operator():
        ordered = await stage.order(name, namespace=stages.fresh("acme"))
        await ordered.until(Phase.READY)
        before = await generations(ordered)
        await ordered.want(version="1.1", size="huge", settings={"mode": "better"})
        for number in range(3):
            await fail_job(ordered, number=number)
        status = await ordered.until(Phase.FAILED, within=WITHIN)
        [migrated] = [each for each in status.conditions if each.type is document.ConditionType.MIGRATED]
        assert (migrated.reason, status.serving_version) == ("MigrateFailed", "1.0")
        assert "Version 1.0 serves on" in migrated.message
        assert await modes(ordered) == {"mode = well\n"}
        assert await generations(ordered) == before
        told = await ordered.events()
        assert "MigrateFailed" in told
        assert not {"Returned", "Updated"} & set(told)
        await ordered.want(version="1.0", size="small", settings=None)
        await ordered.until(Phase.READY, within=WITHIN)
        assert await generations(ordered) == before


async def test_a_migration_that_is_deleted_by_hand_while_it_runs_is_run_once_more(stage: stages.Stage) -> None:
    name, part = stages.fresh("tiny"), stages.Part()
    await stage.offer(stages.application(name, jobs={"migrate": {"command": ["migrate"]}}))
    async with stage.operator(**part.settings()):
        ordered = await stage.order(name, namespace=part.namespace("acme"))
        await ordered.until(Phase.READY)
        async with pods.everywhere_cordoned(stage.api):
            await ordered.want(version="1.1")
            [first] = await stages.eventually(lambda: migrations(ordered), within=WITHIN)
            await stage.api.merge(pods.path(first), {"metadata": {"finalizers": ["example.com/busy"]}})
            await stage.api.delete(kinds.JOB.path(ordered.namespace, first["metadata"]["labels"]["job-name"]))
            told = await ordered.says(document.ConditionType.READY, first["metadata"]["name"], within=WITHIN)
            assert told.reason == "JobStillEnding"
            assert [each["metadata"]["uid"] for each in await migrations(ordered)] == [first["metadata"]["uid"]]
            await stage.api.merge(pods.path(first), {"metadata": {"finalizers": None}})
            await stages.eventually(lambda: is_gone(stage, first))
        await ordered.until(Phase.READY, within=WITHIN, serving_version="1.1")
        [second] = await migrations(ordered)
        assert second["metadata"]["uid"] != first["metadata"]["uid"]


async def migrations(ordered: stages.Ordered) -> list[dict[str, Any]]:
    """Return the pods that fit the data to another version."""
    found = [each for (kind, _), each in (await ordered.objects()).items() if kind == "Pod"]
    return [each for each in found if each["metadata"]["labels"].get("tenantry.dev/job") == "migrate"]


async def is_gone(stage: stages.Stage, pod: dict[str, Any]) -> bool:
    """Tell whether there is no such pod any more."""
    return not await stage.api.has(pods.path(pod))


async def test_an_object_that_the_cluster_refuses_is_told_with_its_reason(stage: stages.Stage) -> None:
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name))
    namespace = stages.fresh("acme")
    await stage.make_namespace(namespace)
    await stage.api.apply(
        f"/api/v1/namespaces/{namespace}/resourcequotas/none",
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "none", "namespace": namespace},
            "spec": {"hard": {"count/services": "0"}},
        },
    )
    async with stage.operator():
        ordered = await stage.order(name, namespace=namespace)

        async def is_told() -> bool:
            status = (await ordered.get()).status
            told = {each.reason for each in status.conditions} if status else set[str]()
            return "QuotaExceeded" in told

        await stages.eventually(is_told, about=ordered.get)
        await stage.api.delete(f"/api/v1/namespaces/{namespace}/resourcequotas/none")
        await ordered.until(Phase.READY, within=WITHIN)


async def test_an_update_that_does_not_start_in_time_goes_back(stage: stages.Stage, tmp_path: Path) -> None:
    """The pods of the new version fit on no node; what served goes on meanwhile, and afterwards."""
    name, part = stages.fresh("tiny"), stages.Part()
    impatient = [{**each, "startup": {"timeout": "15s"}} for each in tiny.MANIFEST["spec"]["workloads"]]
    await stage.offer(stages.application(name, workloads=impatient))
    facts = everything.facts_file(tmp_path, {"pull_seconds": 0})
    async with stage.operator(facts_file=facts, **part.settings()):
        ordered = await stage.order(name, namespace=part.namespace("acme"))
        await ordered.until(Phase.READY)
        await ordered.want(version="1.1", size="huge")
        status = await ordered.until(Phase.FAILED, within=WITHIN, serving_version="1.0")
        told = await ordered.condition(document.ConditionType.WORKLOADS_READY)
        assert told is not None
        assert (told.reason, status.phase) == ("StartTimedOut", Phase.FAILED)
        assert "Not ready within 15 s" in told.message
        assert "Version 1.0 serves again" in told.message
        assert "No node takes the pod" in told.message
        await stages.eventually(lambda: are_told(ordered, "StartTimedOut", "Returned"))
        await ordered.want(version="1.1", size="small")
        await ordered.until(Phase.READY, within=WITHIN, serving_version="1.1")
        await stages.eventually(lambda: are_told(ordered, "StartTimedOut", "Returned", "Updated"))


WEB, CLOCK = tiny.MANIFEST["spec"]["workloads"]
ALONE = {"sizes": [{"name": "small", "workloads": {"web": {"cpu": "10m", "memory": "16Mi"}}}]}
IMPATIENT: dict[str, Any] = {"startup": {"timeout": "15s"}}
PODLESS: dict[str, tuple[str, dict[str, Any]]] = {
    "Deployment": ("StartTimedOut", {"workloads": [{**WEB, **IMPATIENT}], **ALONE}),
    "StatefulSet": (
        "StartTimedOut",
        {
            "workloads": [
                {**WEB, **IMPATIENT, "command": ["serve", "{{ volumes.data }}"], "volumes": [{"name": "data"}]}
            ],
            "needs": {"volumes": [{"name": "data", "size": "1Gi"}]},
            **ALONE,
        },
    ),
    "Job": ("InitialiseFailed", {"jobs": {"initialise": {"command": ["set-up"], "timeout": "15s"}}}),
}
"""Who makes the pods, the reason that is told, and the parts of an application that is so."""


@pytest.mark.parametrize("maker", PODLESS)
async def test_a_pod_that_the_cluster_refuses_is_told_with_the_reason(
    stage: stages.Stage, tmp_path: Path, maker: str
) -> None:
    """A quota of the customer's own lets no pod be made: there is none that could say why."""
    name, part, (reason, parts) = stages.fresh("tiny"), stages.Part(), PODLESS[maker]
    await stage.offer(stages.application(name, **parts))
    namespace = part.namespace("acme")
    await stage.make_namespace(namespace)
    head = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "theirs", "namespace": namespace}}
    await stage.api.apply(kinds.RESOURCE_QUOTA.path(namespace, "theirs"), {**head, "spec": {"hard": {"pods": "0"}}})
    facts = everything.facts_file(tmp_path, {"pull_seconds": 0})
    async with stage.operator(facts_file=facts, **part.settings()):
        ordered = await stage.order(name, namespace=namespace)
        told = await ordered.says(READY, "The cluster refuses a pod: exceeded quota: theirs", within=WITHIN)
        assert told.reason == reason

        async def is_noted() -> bool:
            return "exceeded quota: theirs" in await notes(ordered)

        await stages.eventually(is_noted)
        await ordered.delete()
        await ordered.gone()


async def test_a_repair_is_told_when_it_has_succeeded(stage: stages.Stage) -> None:
    name, part = stages.fresh("tiny"), stages.Part()
    await stage.offer(stages.application(name))
    left = [each for each in table.RIGHTS if each.kind is not kinds.NETWORK_POLICY]
    role = kinds.CLUSTER_ROLE.path(None, roles.NAME)
    async with stage.operator(**part.settings()):
        ordered = await stage.order(name, namespace=part.namespace("acme"))
        await ordered.until(Phase.READY)
        await stage.api.apply(role, roles.role("ClusterRole", roles.NAME, left))
        try:
            await stage.api.delete(kinds.NETWORK_POLICY.path(ordered.namespace, "acme"))
            await ordered.says(READY, "networkpolicies", within=WITHIN)
            await stages.eventually(lambda: are_told(ordered, "ClusterForbids"))
        finally:
            await stage.api.apply(role, roles.cluster_role())
        await ordered.until(Phase.READY, within=WITHIN)
        await stages.eventually(lambda: are_told(ordered, "ClusterForbids", "Repaired"))


async def test_a_right_that_was_taken_away_is_named_until_it_is_given_back(stage: stages.Stage) -> None:
    name, part = stages.fresh("tiny"), stages.Part()
    await stage.offer(stages.application(name))
    left = [each for each in table.RIGHTS if each.kind is not kinds.NETWORK_POLICY]
    role = kinds.CLUSTER_ROLE.path(None, roles.NAME)
    async with stage.operator(**part.settings()):
        await (await stage.order(name, namespace=part.namespace("first"))).until(Phase.READY)
        await stage.api.apply(role, roles.role("ClusterRole", roles.NAME, left))
        try:
            ordered = await stage.order(name, namespace=part.namespace("second"))
            told = await ordered.says(document.ConditionType.READY, "networkpolicies", within=WITHIN)
            assert told.reason == "ClusterForbids"
            assert "Apply the role of the operator's version again." in told.message
        finally:
            await stage.api.apply(role, roles.cluster_role())
        await ordered.until(Phase.READY, within=WITHIN)
