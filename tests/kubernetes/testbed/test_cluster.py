"""The shared cluster does what a Kubernetes does: it runs deployments, jobs and claims, and keeps roles apart."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from testbed import accounts, cache, definitions, parts
from testbed.api import Api, ApiError, Object, is_true
from testbed.cluster import Cluster

GOOD = "registry.test/good:1"


async def until(condition: Callable[[], Awaitable[bool]], *, within: float = 30) -> None:
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - the cluster acts in other processes
            await asyncio.sleep(0.05)


def pod(image: str, **more: object) -> Object:
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": image}], **more},
    }


def deployment(image: str, replicas: int = 3) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": pod(image)},
    }


def job(image: str) -> Object:
    spec = {"backoffLimit": 0, "template": pod(image, restartPolicy="Never")}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": spec}


class TestPretendedNodes:
    async def test_a_deployment_becomes_ready(self, api: Api, namespace: str) -> None:
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        await api.create(path, deployment(GOOD))

        async def is_ready() -> bool:
            return (await api.get(f"{path}/web"))["status"].get("readyReplicas") == 3

        await until(is_ready)
        placed = {each["spec"]["nodeName"] for each in await api.items(f"/api/v1/namespaces/{namespace}/pods")}
        assert placed <= {each["metadata"]["name"] for each in await api.items("/api/v1/nodes")}

    @pytest.mark.parametrize(
        ("image", "phase", "reason"),
        [
            ("registry.test/never-ready:2", "Running", None),
            ("registry.test/crashing:2", "Running", "CrashLoopBackOff"),
            ("registry.test/missing-image:2", "Pending", "ImagePullBackOff"),
        ],
    )
    async def test_an_image_decides_what_becomes_of_its_pod(
        self, api: Api, namespace: str, image: str, phase: str, reason: str | None
    ) -> None:
        await api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment(image, replicas=1))
        path = f"/api/v1/namespaces/{namespace}/pods"

        async def has_met_its_fate() -> bool:
            return any("containerStatuses" in each["status"] for each in await api.items(path))

        await until(has_met_its_fate)
        [met] = await api.items(path)
        waiting = met["status"]["containerStatuses"][0]["state"].get("waiting", {})
        assert (met["status"]["phase"], waiting.get("reason"), is_true(met, "Ready")) == (phase, reason, False)

    @pytest.mark.parametrize(("image", "end"), [(GOOD, "Complete"), ("registry.test/failing:2", "Failed")])
    async def test_a_job_ends_as_its_image_says(self, api: Api, namespace: str, image: str, end: str) -> None:
        path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        await api.create(path, job(image))

        async def has_ended() -> bool:
            return is_true(await api.get(f"{path}/once"), end)

        await until(has_ended)

    async def test_a_claim_gets_a_volume(self, api: Api, namespace: str) -> None:
        path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}
        await api.create(path, claim)

        async def is_bound() -> bool:
            return (await api.get(f"{path}/data"))["status"]["phase"] == "Bound"

        await until(is_bound)


@pytest.fixture
async def reader(api: Api, namespace: str) -> str:
    """An account in the namespace that may list the configuration there."""
    core, roles = f"/api/v1/namespaces/{namespace}", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    await api.create(f"{core}/serviceaccounts", {"metadata": {"name": "reader"}})
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
    await api.create(f"{roles}/roles", {"metadata": {"name": "reader"}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    await api.create(f"{roles}/rolebindings", {"metadata": {"name": "reader"}, "roleRef": role, "subjects": [subject]})
    return "reader"


class TestRoles:
    async def test_a_token_may_do_what_its_role_says_and_nothing_else(
        self, api: Api, cluster: Cluster, namespace: str, reader: str
    ) -> None:
        core = f"/api/v1/namespaces/{namespace}"
        async with cluster.connected(await accounts.token(api, namespace, reader)) as limited:
            await limited.items(f"{core}/configmaps")
            with pytest.raises(ApiError) as refused:
                await limited.items(f"{core}/secrets")
        assert refused.value.answer == 403

    async def test_a_program_runs_as_the_account_of_its_kubeconfig(
        self, cluster: Cluster, namespace: str, reader: str, kubectl: Path
    ) -> None:
        file = await accounts.write_kubeconfig(cluster, namespace, reader)
        process = await asyncio.create_subprocess_exec(
            kubectl, f"--kubeconfig={file}", "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert output.decode() == f"system:serviceaccount:{namespace}:reader"


class TestDefinitions:
    @pytest.mark.parametrize("part", parts.DEFINITIONS, ids=lambda part: part.name)
    async def test_the_kinds_of_others_are_served(
        self, bare_cluster: Cluster, definitions_there: cache.Cache, part: parts.Files
    ) -> None:
        wanted = definitions.read(definitions_there.place(part))
        assert wanted
        async with bare_cluster.connected() as api:
            await definitions.apply(api, wanted)
