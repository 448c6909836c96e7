"""Every kind of object that the operator makes, edited by hand and deleted by hand: each is put back, and that is told.

One installation of all kinds on a cluster that has the kinds of others, for each way in: a Gateway and an Ingress.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from support import operator_everything as everything
from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.operator.controller import keys, model, seen, table
from tenantry.runtime import document
from testbed import cache

pytestmark = pytest.mark.asyncio(loop_scope="module")

Phase = document.Phase

EDITS: dict[kinds.Kind, dict[str, Any]] = {
    kinds.NAMESPACE: {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
    kinds.CONFIG_MAP: {"metadata": {"labels": {"app.kubernetes.io/managed-by": "somebody"}}},
    kinds.SECRET: {"metadata": {"labels": {"app.kubernetes.io/managed-by": "somebody"}}},
    kinds.SERVICE: {"spec": {"selector": {"tenantry.dev/workload": "nobody"}}},
    kinds.SERVICE_ACCOUNT: {"automountServiceAccountToken": True},
    kinds.VOLUME_CLAIM: {"metadata": {"labels": {"app.kubernetes.io/managed-by": "somebody"}}},
    kinds.NETWORK_POLICY: {"spec": {"podSelector": {"matchLabels": {"app": "nobody"}}}},
    kinds.RESOURCE_QUOTA: {"spec": {"hard": {"pods": "1"}}},
    kinds.LIMIT_RANGE: {"spec": {"limits": [{"type": "Container", "default": {"memory": "1Gi"}}]}},
    kinds.DEPLOYMENT: {"spec": {"revisionHistoryLimit": 9}},
    kinds.STATEFUL_SET: {"spec": {"revisionHistoryLimit": 9}},
    kinds.AUTOSCALER: {"spec": {"maxReplicas": 99}},
    kinds.DISRUPTION_BUDGET: {"spec": {"maxUnavailable": 5}},
    kinds.CRON_JOB: {"spec": {"schedule": "0 0 1 1 *", "concurrencyPolicy": "Allow"}},
    kinds.HTTP_ROUTE: {"spec": {"hostnames": ["elsewhere.example.org"]}},
    kinds.LISTENER_SET: {"spec": {"parentRef": {"name": "another"}}},
    kinds.CERTIFICATE: {"spec": {"issuerRef": {"name": "another"}}},
    kinds.POD_MONITOR: {"spec": {"podMetricsEndpoints": [{"path": "/elsewhere"}]}},
    kinds.INGRESS: {"spec": {"ingressClassName": "another"}},
}
"""What somebody changes by hand of each kind. What configuration holds cannot be changed, so their labels are."""

UNDELETED = frozenset({kinds.NAMESPACE, kinds.VOLUME_CLAIM})
"""Who deletes these takes everything away, or the data: no operator can put that back."""

BY_INGRESS = (kinds.INGRESS, kinds.CERTIFICATE)
"""What the second way in makes otherwise."""
CASES = [("gateway", kind) for kind in EDITS if kind is not kinds.INGRESS] + [("ingress", kind) for kind in BY_INGRESS]


def cases(*without: kinds.Kind) -> Any:
    """Return the ways in with their kinds."""
    listed = [pytest.param(*each, id=f"{each[0]}-{each[1].kind}") for each in CASES if each[1] not in without]
    return pytest.mark.parametrize(("scene", "kind"), listed, indirect=["scene"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An installation of every kind of object that one way in makes, and its operator."""

    operator: stages.Operator
    ordered: stages.Ordered

    async def path(self, kind: kinds.Kind) -> str:
        """Return where the first object of a kind is."""
        if kind is kinds.NAMESPACE:
            return kind.path(None, self.ordered.namespace)
        selector = f"?labelSelector=tenantry.dev/installation={self.ordered.name}"
        found = await self.ordered.api.items(kind.path(self.ordered.namespace) + selector)
        return kind.path(self.ordered.namespace, min(each["metadata"]["name"] for each in found))

    async def get(self, path: str) -> dict[str, Any] | None:
        """Return an object, None where there is none."""
        return await self.ordered.api.get(path) if await self.ordered.api.has(path) else None

    async def is_told(self, kind: kinds.Kind, name: str, after: int) -> bool:
        """Tell whether one more Event than before says that an object was put back."""
        return await self.repairs(kind, name) > after

    async def repairs(self, kind: kinds.Kind, name: str) -> int:
        """Return how many Events say that an object was put back."""
        events = await self.ordered.api.items(kinds.EVENT.path(self.ordered.namespace))
        notes = [each["note"] for each in events if each["reason"] == "Repaired"]
        return sum(f"{kind.kind} {name}" in note for note in notes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    control_plane: cache.Cache, definitions_there: cache.Cache, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[stages.Stage]:
    del control_plane
    async with everything.furnished(tmp_path_factory.mktemp("cluster"), definitions_there) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    request: pytest.FixtureRequest, stage: stages.Stage, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Scene]:
    facts = everything.GATEWAY if request.param == "gateway" else everything.INGRESS
    name = stages.fresh("full")
    await stage.offer(everything.application(name))
    file = everything.facts_file(tmp_path_factory.mktemp("facts"), facts)
    async with stage.operator(facts_file=file) as operator:
        ordered = await stage.order(name, namespace=stages.fresh("full"), **everything.SPEC)
        await ordered.until(Phase.READY)
        yield Scene(operator=operator, ordered=ordered)
        await ordered.delete()
        await ordered.gone()


async def test_every_kind_that_is_made_is_among_them() -> None:
    elsewhere = {kinds.JOB, kinds.DATABASE}  # a Job is no standing object; Databases have tests of their own
    assert set(EDITS) | elsewhere == {kinds.NAMESPACE, *table.MADE, *table.OPTIONAL}


@cases()
async def test_one_that_is_edited_by_hand_is_put_back_and_told(scene: Scene, kind: kinds.Kind) -> None:
    path = await scene.path(kind)
    before = content(await scene.ordered.api.get(path))
    told = await scene.repairs(kind, path.rpartition("/")[2])
    edited = await scene.ordered.api.merge(path, EDITS[kind])
    assert content(edited) != before

    async def is_back() -> bool:
        return content(await scene.ordered.api.get(path)) == before

    await stages.eventually(is_back, about=lambda: scene.get(path))
    await stages.eventually(lambda: scene.is_told(kind, path.rpartition("/")[2], told))
    await scene.ordered.until(Phase.READY)


@cases(*UNDELETED)
async def test_one_that_is_deleted_by_hand_is_made_anew_and_told(scene: Scene, kind: kinds.Kind) -> None:
    path = await scene.path(kind)
    before = await scene.ordered.api.get(path)
    told = await scene.repairs(kind, path.rpartition("/")[2])
    await scene.ordered.api.delete(path)

    async def is_new() -> bool:
        found = await scene.get(path)
        is_another = found is not None and found["metadata"]["uid"] != before["metadata"]["uid"]
        return found is not None and is_another and content(found) == content(before)

    await stages.eventually(is_new, about=lambda: scene.get(path))
    await stages.eventually(lambda: scene.is_told(kind, path.rpartition("/")[2], told))
    await scene.ordered.until(Phase.READY)


@pytest.mark.parametrize("scene", ["gateway"], indirect=True)
async def test_a_job_on_a_schedule_rests_while_the_installation_sleeps(scene: Scene) -> None:
    path = await scene.path(kinds.CRON_JOB)
    await scene.ordered.want(runPolicy="Asleep")
    await scene.ordered.until(Phase.ASLEEP)
    assert (await scene.ordered.api.get(path))["spec"]["suspend"] is True
    await scene.ordered.want(runPolicy="Running")
    await scene.ordered.until(Phase.READY)
    assert (await scene.ordered.api.get(path))["spec"]["suspend"] is False


@pytest.mark.parametrize("scene", ["gateway"], indirect=True)
async def test_what_a_schedule_starts_is_no_repair_and_goes_with_its_installation(
    scene: Scene, stage: stages.Stage
) -> None:
    name = stages.fresh("minute")
    job = {"name": "tidy", "schedule": "* * * * *", "command": ["tidy"]}
    await stage.offer(stages.application(name, jobs={"scheduled": [job]}))
    ordered = await stage.order(name, namespace=stages.fresh("minute"))
    await ordered.until(Phase.READY)
    jobs = kinds.JOB.path(ordered.namespace)

    async def has_run() -> bool:
        return any(each["status"].get("succeeded") for each in await stage.api.items(jobs))

    await stages.eventually(has_run, within=timedelta(seconds=100))
    await stages.eventually(lambda: is_idle(scene.operator))
    assert "Repaired" not in await ordered.events()
    await ordered.delete()
    await ordered.gone()
    assert await stage.api.items(jobs) == []


@pytest.mark.parametrize("scene", ["gateway"], indirect=True)
async def test_a_pod_that_an_autoscaler_adds_and_that_finds_no_room_is_no_trouble(
    scene: Scene, stage: stages.Stage
) -> None:
    path, key = await scene.path(kinds.DEPLOYMENT), keys.Key(scene.ordered.namespace, scene.ordered.name)
    nodes = [f"/api/v1/nodes/{each['metadata']['name']}" for each in await stage.api.items("/api/v1/nodes")]

    async def is_added() -> bool:
        known = scene.operator.made.world.objects_of(key)[model.Name("Deployment", path.rpartition("/")[2])]
        is_so = isinstance(known.about, seen.Rollout) and (known.about.total, known.about.ready) == (3, 2)
        return is_so and scene.operator.made.is_idle()

    for node in nodes:
        await stage.api.merge(node, {"spec": {"unschedulable": True}})
    try:
        await stage.api.merge(path, {"spec": {"replicas": 3}})
        await stages.eventually(is_added, about=lambda: scene.get(path))
        await scene.ordered.until(Phase.READY, within=timedelta(seconds=1))
    finally:
        for node in nodes:
            await stage.api.merge(node, {"spec": {"unschedulable": None}})
    await stage.api.merge(path, {"spec": {"replicas": 2}})


async def is_idle(operator: stages.Operator) -> bool:
    """Tell whether nothing is due."""
    return operator.made.is_idle()


def content(item: dict[str, Any]) -> dict[str, Any]:
    """Return what an object says, without what the cluster decides of it."""
    own = {key: value for key, value in item.items() if key not in {"metadata", "status", "secrets"}}
    said: dict[str, Any] = own.get("spec") or {}
    spec = {key: value for key, value in said.items() if key not in DECIDED}
    labels = {
        key: value for key, value in item["metadata"].get("labels", {}).items() if "kubernetes.io/metadata" not in key
    }
    return {**own, "spec": spec, "labels": labels}


DECIDED = frozenset({"clusterIP", "clusterIPs", "volumeName", "replicas", "finalizers"})
