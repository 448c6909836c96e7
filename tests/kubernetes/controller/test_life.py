"""The life of an installation on a real API server with controllers and pretended nodes, under the operator's role."""

import base64
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest

from support import operator_pods as pods
from support import operator_stage as stages
from tenantry.kubernetes import kinds, parts
from tenantry.runtime import document
from testbed import tiny

Phase = document.Phase
Condition = document.ConditionType


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A stage with an operator, and an application of the test's own."""

    stage: stages.Stage
    operator: stages.Operator
    application: str

    async def order(self, **spec: Any) -> stages.Ordered:
        """Order an installation in a namespace of its own."""
        return await self.stage.order(self.application, namespace=stages.fresh("acme"), **spec)

    async def ready(self, **spec: Any) -> stages.Ordered:
        """Order an installation and wait until it is ready."""
        ordered = await self.order(**spec)
        await ordered.until(Phase.READY)
        return ordered


@pytest.fixture
async def scene(stage: stages.Stage) -> AsyncGenerator[Scene]:
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name))
    async with stage.operator() as operator:
        yield Scene(stage=stage, operator=operator, application=name)


async def path_of(ordered: stages.Ordered, kind: kinds.Kind) -> str:
    """Return where the first object of a kind is."""
    name = next(name for found, name in sorted(await ordered.objects()) if found == kind.kind)
    return kind.path(ordered.namespace, name)


class TestStart:
    async def test_a_new_installation_becomes_ready(self, scene: Scene) -> None:
        ordered = await scene.ready()
        status = await ordered.until(Phase.READY)
        assert status.serving_version == "1.0"
        assert all(each.status is document.ConditionStatus.TRUE for each in status.conditions)
        assert {("Deployment", "acme-web"), ("Deployment", "acme-clock"), ("Service", "acme-web")} <= set(
            await ordered.objects()
        )

    async def test_it_costs_a_finaliser_two_reports_and_one_call_for_each_object(self, scene: Scene) -> None:
        await stages.eventually(lambda: has_looked_at_all(scene.operator))
        before, reads = scene.operator.writes(), scene.operator.reads()
        ordered = await scene.ready()
        made = Counter(f"patch {stages.PLURALS[kind]}" for kind, _ in await ordered.objects() if kind != "Pod")
        reports = {"patch namespaces": 1, "patch installations": 1, "patch installations/status": 2}
        assert scene.operator.writes() - before == made + Counter(reports)
        assert scene.operator.reads() == reads

    async def test_jobs_run_in_their_order(self, scene: Scene, stage: stages.Stage) -> None:
        await stage.offer(stages.application(scene.application, jobs=stages.JOBS))
        ordered = await scene.ready()
        jobs = [each for (kind, _), each in (await ordered.objects()).items() if kind == "Job"]
        started = sorted(jobs, key=lambda each: (each["metadata"]["creationTimestamp"], each["metadata"]["name"]))
        names = [each["metadata"]["labels"]["tenantry.dev/job"] for each in started]
        assert names.index("initialise") == 0
        assert set(names) == {"initialise", "first-administrator", "smoke-check"}

    async def test_what_is_missing_is_named_and_waited_for(self, scene: Scene) -> None:
        ordered = await scene.order(mail={"secretName": "acme-mail"})
        status = await ordered.until(Phase.PENDING)
        assert {each.reason for each in status.conditions if each.type is Condition.PREPARED} == {"SecretMissing"}
        await ordered.want(mail=None)
        await ordered.until(Phase.READY)

    async def test_what_is_no_text_in_a_secret_stands_in_nobodys_way(self, scene: Scene) -> None:
        ordered = await scene.order()
        path = kinds.SECRET.path(ordered.namespace, "acme-generated")
        await ordered.api.merge(path, {"data": {"keystore": base64.b64encode(b"\xfe\xed").decode()}})
        await ordered.until(Phase.READY)
        await ordered.delete()
        await ordered.gone()


class TestAnew:
    async def test_one_that_is_made_again_under_its_name_owns_what_is_made_for_it(self, scene: Scene) -> None:
        async with pods.everywhere_cordoned(scene.stage.api):
            ordered = await scene.order()
            await ordered.until(Phase.PROGRESSING)
            await ordered.delete()
            await ordered.gone()
        await ordered.want()
        await ordered.until(Phase.READY)
        uid = (await ordered.api.get(ordered.path))["metadata"]["uid"]
        made = [each for (kind, _), each in (await ordered.objects()).items() if kind not in ("Pod", "Job")]
        assert {owner["uid"] for each in made for owner in each["metadata"]["ownerReferences"]} == {uid}

    async def test_another_way_to_run_it_is_tried_out_once_more(self, scene: Scene) -> None:
        """The document is the same, so that generation and version do not tell one trial from the next."""
        await scene.stage.offer(stages.application(scene.application, jobs=stages.JOBS))
        ordered = await scene.ready()
        workloads = [{**each, "command": [*each["command"], "--quick"]} for each in tiny.MANIFEST["spec"]["workloads"]]
        await scene.stage.offer(stages.application(scene.application, jobs=stages.JOBS, workloads=workloads))

        async def is_tried_out() -> bool:
            found = [
                each["metadata"]["labels"] for (kind, _), each in (await ordered.objects()).items() if kind == "Job"
            ]
            return [each["tenantry.dev/job"] for each in found].count("smoke-check") == 2

        await stages.eventually(is_tried_out, about=ordered.get)
        await ordered.until(Phase.READY)

    async def test_a_version_more_changes_nothing_for_those_of_another(self, scene: Scene) -> None:
        await scene.stage.offer(stages.application(scene.application, jobs=stages.JOBS))
        ordered = await scene.ready()
        await stages.eventually(lambda: has_looked_at_all(scene.operator))
        before = scene.operator.writes()
        more = [*tiny.MANIFEST["spec"]["versions"], {**tiny.MANIFEST["spec"]["versions"][0], "version": "2.0"}]
        await scene.stage.offer(stages.application(scene.application, jobs=stages.JOBS, versions=more))
        await stages.eventually(lambda: has_reported(scene, "2.0"))
        await stages.eventually(lambda: has_looked_at_all(scene.operator))
        assert scene.operator.writes() - before == Counter({"patch applications/status": 1})
        await ordered.until(Phase.READY)


class TestRest:
    async def test_at_rest_nothing_is_called(self, scene: Scene) -> None:
        ordered = await scene.ready()
        await stages.eventually(lambda: is_idle(scene.operator))
        before = scene.operator.writes() + scene.operator.reads()
        await ordered.get()
        assert scene.operator.writes() + scene.operator.reads() == before

    async def test_a_restart_with_nothing_changed_writes_nothing(self, stage: stages.Stage) -> None:
        name = stages.fresh("tiny")
        await stage.offer(stages.application(name))
        async with stage.operator() as operator:
            ordered = await stage.order(name, namespace=stages.fresh("acme"))
            await ordered.until(Phase.READY)
            await stages.eventually(lambda: is_idle(operator))
        async with stage.operator() as again:
            await stages.eventually(lambda: has_looked_at_all(again))
            assert not again.writes()


class TestRepair:
    @pytest.mark.parametrize("kind", [kinds.DEPLOYMENT, kinds.SERVICE, kinds.NETWORK_POLICY, kinds.CONFIG_MAP])
    async def test_a_deleted_object_is_made_again(self, scene: Scene, kind: kinds.Kind) -> None:
        ordered = await scene.ready()
        path = await path_of(ordered, kind)
        uid = (await ordered.api.get(path))["metadata"]["uid"]
        await ordered.api.delete(path)

        async def is_new() -> bool:
            return await ordered.api.has(path) and (await ordered.api.get(path))["metadata"]["uid"] != uid

        await stages.eventually(is_new)
        await ordered.until(Phase.READY)
        await stages.eventually(lambda: told(ordered, "Repaired"))

    async def test_an_edited_object_is_made_as_it_was(self, scene: Scene) -> None:
        ordered = await scene.ready()
        path = await path_of(ordered, kinds.SERVICE)
        before = (await ordered.api.get(path))["spec"]["selector"]
        await ordered.api.merge(path, {"spec": {"selector": {"tenantry.dev/workload": "nobody"}}})

        async def is_back() -> bool:
            return (await ordered.api.get(path))["spec"]["selector"] == before

        await stages.eventually(is_back)

    async def test_what_others_add_is_left_alone(self, scene: Scene) -> None:
        ordered = await scene.ready()
        path = await path_of(ordered, kinds.DEPLOYMENT)
        before = scene.operator.writes()
        await ordered.api.merge(path, {"metadata": {"annotations": {"theirs": "kept"}}})
        await stages.eventually(lambda: is_idle(scene.operator))
        assert (await ordered.api.get(path))["metadata"]["annotations"]["theirs"] == "kept"
        assert scene.operator.writes() == before

    async def test_pods_that_are_not_ready_any_more_are_told(self, scene: Scene) -> None:
        ordered = await scene.ready()
        [(pod, before)] = [
            (name, each)
            for (kind, name), each in (await ordered.objects()).items()
            if kind == "Pod" and each["metadata"]["labels"]["tenantry.dev/workload"] == "clock"
        ]
        path = kinds.POD.path(ordered.namespace, pod, "status")
        conditions = before["status"]["conditions"]
        for status, phase in (("False", Phase.DEGRADED), ("True", Phase.READY)):
            changed = [{**each, "status": status} if each["type"] == "Ready" else each for each in conditions]
            await ordered.api.merge(path, {"status": {"conditions": changed}})
            await ordered.until(phase)


class TestChange:
    async def test_a_new_version_serves_after_its_data_were_migrated(self, scene: Scene, stage: stages.Stage) -> None:
        await stage.offer(stages.application(scene.application, jobs=stages.JOBS))
        ordered = await scene.ready()
        await ordered.want(version="1.1")
        status = await ordered.until(Phase.READY)
        assert (status.serving_version, status.memory and status.memory.data_version) == ("1.1", "1.1")
        jobs = {
            each["metadata"]["labels"]["tenantry.dev/job"]
            for (kind, _), each in (await ordered.objects()).items()
            if kind == "Job"
        }
        assert "migrate" in jobs
        await stages.eventually(lambda: told(ordered, "Updated"))
        assert await ordered.events() == ["Updated"]

    async def test_a_setting_restarts_only_the_workloads_that_read_it(self, scene: Scene) -> None:
        ordered = await scene.ready()
        before = await generations(ordered)
        await ordered.want(settings={"mode": "better"})
        await ordered.until(Phase.READY)
        after = await generations(ordered)
        assert after["acme-web"] > before["acme-web"]
        assert after["acme-clock"] == before["acme-clock"]

    async def test_a_secret_that_is_replaced_restarts_what_reads_it(self, scene: Scene) -> None:
        ordered = await scene.ready()
        before = await generations(ordered)
        path = kinds.SECRET.path(ordered.namespace, "acme-generated")
        await ordered.api.merge(path, {"stringData": {"adminPassword": "another-0123"}})

        async def is_restarted() -> bool:
            after = await generations(ordered)
            return after["acme-web"] > before["acme-web"] and after["acme-clock"] == before["acme-clock"]

        await stages.eventually(is_restarted)
        await ordered.until(Phase.READY)

    async def test_a_changed_application_reaches_its_installations(self, scene: Scene) -> None:
        ordered = await scene.ready()
        before = await generations(ordered)
        web, clock = tiny.MANIFEST["spec"]["workloads"]
        changed = [web, {**clock, "command": ["tick", "faster"]}]
        await scene.stage.offer(stages.application(scene.application, workloads=changed))

        async def is_changed() -> bool:
            after = await generations(ordered)
            return after["acme-clock"] > before["acme-clock"] and after["acme-web"] == before["acme-web"]

        await stages.eventually(is_changed)
        await ordered.until(Phase.READY)

    async def test_an_application_says_which_versions_can_be_started(self, scene: Scene) -> None:
        async def are_told() -> bool:
            application = await scene.stage.api.get(kinds.APPLICATION.path(None, scene.application))
            return [each["phase"] for each in application.get("status", {}).get("versions", [])] == ["Prepared"] * 2

        await stages.eventually(are_told)

    async def test_it_sleeps_and_wakes(self, scene: Scene) -> None:
        ordered = await scene.ready()
        await ordered.want(runPolicy="Asleep")
        status = await ordered.until(Phase.ASLEEP)
        assert status.serving_version is None
        assert not any(kind == "Pod" for kind, _ in await ordered.objects())
        await ordered.want(runPolicy="Running")
        assert (await ordered.until(Phase.READY)).serving_version == "1.0"


class TestRemoval:
    async def test_nothing_is_left(self, scene: Scene) -> None:
        ordered = await scene.ready()
        await ordered.delete()
        await ordered.gone()

        async def is_empty() -> bool:
            return not await ordered.objects()

        await stages.eventually(is_empty)

    @pytest.mark.parametrize(("policy", "is_kept"), [("Retain", True), ("Delete", False)])
    async def test_volumes_stay_or_go_as_the_policy_says(
        self, scene: Scene, stage: stages.Stage, policy: str, is_kept: bool
    ) -> None:
        await stage.offer(stages.with_volume(scene.application))
        ordered = await scene.ready(deletionPolicy=policy)
        await ordered.delete()
        await ordered.gone()

        async def holds() -> bool:
            left = {kind for kind, _ in await ordered.objects()}
            return left == ({"PersistentVolumeClaim"} if is_kept else set())

        await stages.eventually(holds)

    async def test_volumes_stay_though_the_application_is_gone(self, scene: Scene, stage: stages.Stage) -> None:
        await stage.offer(stages.with_volume(scene.application))
        ordered = await scene.ready(deletionPolicy="Delete")
        await stage.api.delete(kinds.APPLICATION.path(None, scene.application))
        await ordered.want(deletionPolicy="Retain")
        await ordered.delete()
        await ordered.gone()

        async def is_alone() -> bool:
            return {kind for kind, _ in await ordered.objects()} == {"PersistentVolumeClaim"}

        await stages.eventually(is_alone)
        [claim] = (await ordered.objects()).values()
        assert "ownerReferences" not in claim["metadata"]


async def has_reported(scene: Scene, version: str) -> bool:
    """Tell whether the operator has said of a version of the application whether it can be started."""
    found = await scene.stage.api.get(kinds.APPLICATION.path(None, scene.application))
    return version in {each["version"] for each in parts.listed(found, "status", "versions")}


async def generations(ordered: stages.Ordered) -> dict[str, int]:
    """Return how often each Deployment was changed."""
    return {
        name: each["metadata"]["generation"]
        for (kind, name), each in (await ordered.objects()).items()
        if kind == "Deployment"
    }


async def is_idle(operator: stages.Operator) -> bool:
    """Tell whether nothing is due."""
    return operator.made.is_idle()


async def has_looked_at_all(operator: stages.Operator) -> bool:
    """Tell whether every installation was looked at, and rests until its next routine look."""
    queue, known = operator.made.queue, len(operator.made.world.installations.cache)
    soon = stages.in_a_minute()
    due = queue.next_due()
    is_idle = operator.made.is_ready() and operator.made.is_idle()
    return is_idle and queue.waiting == known and (due is None or due > soon)


async def told(ordered: stages.Ordered, reason: str) -> bool:
    """Tell whether there is an Event with this reason."""
    return reason in await ordered.events()
