"""Charts on a real API server with controllers: installed, upgraded, taken back and uninstalled, under *restricted*.

Pods are pretended: they are checked and placed, and no program runs in them.
"""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

import charts
from support import charts_helm
from support import operator_stage as stages
from tenantry.kubernetes import documents, kinds
from testbed import building, cache, definitions, parts
from testbed import cluster as clusters
from testbed.api import Api, ApiError

pytestmark = pytest.mark.timeout(300)

OPERATOR, TENANTRY = charts.OPERATOR, charts.TENANTRY
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WAIT = ("--wait", "--timeout", "120s")


@pytest.fixture
async def api(empty_cluster: clusters.Cluster) -> AsyncGenerator[Api]:
    async with empty_cluster.connected() as connected:
        yield connected


@pytest.fixture
def helm(helm_program: Path, helm_home: Path, empty_cluster: clusters.Cluster) -> charts_helm.Helm:
    return charts_helm.Helm(helm_program, helm_home, empty_cluster.kubeconfig)


@pytest.fixture
async def space(api: Api) -> str:
    """A namespace that takes no pod that could do more than it must."""
    name = stages.fresh("charts")
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": name, "labels": labels}
    await api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    return name


async def ready(api: Api, space: str) -> dict[str, int]:
    """Return how many pods of each Deployment are ready."""
    found = await api.items(kinds.DEPLOYMENT.path(space))
    return {each["metadata"]["name"]: each["status"].get("readyReplicas", 0) for each in found}


async def others(api: Api) -> None:
    """Give the cluster the kinds of others."""
    kept = cache.Cache(cache.default_folder())
    try:
        building.require(parts.DEFINITIONS, kept)
    except building.PartsMissingError as error:
        pytest.skip(f"{error.message} {error.advice}")
    for part in parts.DEFINITIONS:
        await definitions.apply(api, definitions.read(kept.place(part)))


class TestOperator:
    async def test_its_life(self, helm: charts_helm.Helm, api: Api, space: str) -> None:
        here = ("--namespace", space)
        await helm.act("install", "charts", str(OPERATOR), *here, *WAIT)
        assert await ready(api, space) == {"charts-tenantry-operator": 2}
        await self._shards(helm, api, space)
        await helm.act("rollback", "charts", "1", *here, *WAIT)
        assert await ready(api, space) == {"charts-tenantry-operator": 2}
        await self._uninstall_and_return(helm, api, space)

    async def _shards(self, helm: charts_helm.Helm, api: Api, space: str) -> None:
        options = ("--set", "shards=2", "--set", "replicas=1")
        await helm.act("upgrade", "charts", str(OPERATOR), "--namespace", space, *options, *WAIT)
        names = ["charts-tenantry-operator-0-of-2", "charts-tenantry-operator-1-of-2"]
        assert await ready(api, space) == dict.fromkeys(names, 1)

    async def _uninstall_and_return(self, helm: charts_helm.Helm, api: Api, space: str) -> None:
        """What customers have outlives the release, which can come back to it."""
        tiny = kinds.APPLICATION.path(None, "tiny")
        await api.apply(tiny, documents.written(stages.application("tiny")))
        await helm.act("uninstall", "charts", "--namespace", space, "--wait")
        assert await ready(api, space) == {}
        assert await api.has(tiny)
        await helm.act("install", "charts", str(OPERATOR), "--namespace", space, *WAIT)
        definition = await api.get(f"{CRDS}/installations.tenantry.dev")
        assert definition["metadata"]["annotations"]["meta.helm.sh/release-name"] == "charts"
        await helm.act("uninstall", "charts", "--namespace", space, "--wait")

    async def test_an_upgrade_brings_definitions_forward(self, helm: charts_helm.Helm, api: Api, space: str) -> None:
        here = ("--namespace", space, "--take-ownership")
        await helm.act("upgrade", "--install", "charts", str(OPERATOR), *here, *WAIT)
        before = await api.get(f"{CRDS}/applications.tenantry.dev")
        older = dict(before["spec"]["versions"][0], additionalPrinterColumns=[])
        await api.merge(f"{CRDS}/applications.tenantry.dev", {"spec": {"versions": [older]}})
        await helm.act("upgrade", "charts", str(OPERATOR), *here, "--force-conflicts", *WAIT)
        after = await api.get(f"{CRDS}/applications.tenantry.dev")
        assert after["spec"]["versions"] == before["spec"]["versions"]
        await helm.act("uninstall", "charts", "--namespace", space, "--wait")

    async def test_everything_that_can_be_switched_on_is_accepted(
        self, helm: charts_helm.Helm, api: Api, space: str
    ) -> None:
        await others(api)
        [case] = [each for each in charts_helm.CASES if each.name == "tenantry-operator-large"]
        options = ("--values", str(case.values), "--set", "priorityClassName=", "--take-ownership", "--force-conflicts")
        await helm.act("install", "charts", str(OPERATOR), "--namespace", space, *options, *WAIT)
        assert set((await ready(api, space)).values()) == {2}
        await helm.act("uninstall", "charts", "--namespace", space, "--wait")


class TestTenantry:
    async def test_its_life(self, helm: charts_helm.Helm, api: Api, space: str) -> None:
        await others(api)
        [plain, large] = [each for each in sorted(charts_helm.CASES, key=lambda one: one.name == "tenantry-large")
                          if each.chart == TENANTRY]  # fmt: skip
        await helm.act("install", "charts", str(TENANTRY), "--namespace", space, "--values", str(plain.values), *WAIT)
        first = await ready(api, space)
        assert sorted(first) == [
            *("charts-tenantry-api", "charts-tenantry-portal"),
            *("charts-tenantry-supervisor-infrastructure", "charts-tenantry-supervisor-installations"),
        ]
        assert set(first.values()) == {2}
        await helm.act("upgrade", "charts", str(TENANTRY), "--namespace", space, "--values", str(large.values), *WAIT)
        second = await ready(api, space)
        assert (second["charts-tenantry-portal"], second["charts-tenantry-supervisor-installations"]) == (3, 4)
        assert await api.items(kinds.JOB.path(space)) == []
        await helm.act("uninstall", "charts", "--namespace", space, "--wait")
        assert await ready(api, space) == {}

    async def test_nothing_is_replaced_where_a_migration_fails(
        self, helm: charts_helm.Helm, api: Api, space: str
    ) -> None:
        here = (str(TENANTRY), "--namespace", space)
        await helm.act("install", "charts", *here, *WAIT)
        before = await api.get(kinds.DEPLOYMENT.path(space, "charts-tenantry-portal"))
        bad = ("--set", "image.repository=failing", "--set", "migrations.deadlineSeconds=60")
        with pytest.raises(charts_helm.HelmFailedError, match="pre-upgrade"):
            await helm.act("upgrade", "charts", *here, *bad, *WAIT)
        after = await api.get(kinds.DEPLOYMENT.path(space, "charts-tenantry-portal"))
        assert after["metadata"]["generation"] == before["metadata"]["generation"]
        assert [each["metadata"]["name"] for each in await api.items(kinds.JOB.path(space))] == [
            "charts-tenantry-migrate-provisioner"
        ]
        await helm.act("upgrade", "charts", *here, *WAIT)
        await helm.act("uninstall", "charts", "--namespace", space, "--wait")


async def test_restricted_would_refuse_a_pod_that_asks_for_more(api: Api, space: str) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "greedy"},
        "spec": {"containers": [{"name": "x", "image": "x"}]},
    }
    with pytest.raises(ApiError, match="restricted"):
        await api.create(kinds.POD.path(space), pod)
