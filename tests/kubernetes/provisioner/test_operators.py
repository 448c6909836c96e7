"""The provisioner keeps a cluster's operator: on a real control plane, with exactly the rights that its roles give.

Pods are pretended, so the test takes the Lease in their place.
"""

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

import charts
import tenantry
from support import charts_helm, operator_stage, provisioner_stage
from support import provisioner_operators as keeping
from tenantry.kubernetes import kinds
from tenantry.provisioner import tables
from tenantry.wire import infrastructure, operators
from tenantry.wire.operators import ChangeKind, Keeper, Status
from testbed import building, cache, parts
from testbed import cluster as clusters
from testbed.api import Api

OWN = tenantry.__version__
PATIENCE = timedelta(seconds=3)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kept_cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[clusters.Cluster]:
    """A cluster of its own, since others install operators of theirs under the same names."""
    try:
        building.require(parts.NEEDED[parts.Level.CONTROLLERS], cache.Cache(cache.default_folder()))
    except building.PartsMissingError as error:
        pytest.skip(f"{error.message} {error.advice}")
    async with clusters.running(tmp_path_factory.mktemp("cluster"), nodes=1) as up:
        yield up


@pytest.fixture
async def api(kept_cluster: clusters.Cluster) -> AsyncGenerator[Api]:
    async with kept_cluster.connected() as connected:
        yield connected
        await keeping.forget(connected)


@pytest.fixture
def helm(kept_cluster: clusters.Cluster, tmp_path: Path) -> charts_helm.Helm:
    try:
        return charts_helm.Helm(charts_helm.find(), tmp_path, kept_cluster.kubeconfig)
    except building.PartsMissingError as error:
        pytest.skip(f"{error.message} {error.advice}")


@pytest.fixture
async def leader(api: Api) -> AsyncGenerator[keeping.Leader]:
    async with keeping.leading(api) as leads:
        yield leads


@pytest.fixture
async def stage(
    place: provisioner_stage.Place, kept_cluster: clusters.Cluster, api: Api
) -> AsyncGenerator[provisioner_stage.Stage]:
    async with provisioner_stage.opened(place, operator_patience=PATIENCE) as opened:
        await register(opened, kept_cluster, api)
        yield opened


async def register(stage: provisioner_stage.Stage, up: clusters.Cluster, api: Api) -> None:
    kubeconfig = SecretStr(await keeping.kubeconfig(up, api))
    request = infrastructure.RegisterCluster(name="k8s", kind="kubernetes", kubeconfig=kubeconfig)
    await stage.client.clusters.register(request)


async def keep(stage: provisioner_stage.Stage, **wish: Any) -> None:
    await stage.client.operators.update("k8s", operators.UpdateOperator(kept_by=Keeper.TENANTRY, **wish))


async def image(api: Api) -> str:
    return (await api.get(keeping.DEPLOYMENT))["spec"]["template"]["spec"]["containers"][0]["image"]


async def told(stage: provisioner_stage.Stage) -> list[str]:
    """Return what events tell of the operator, in order."""
    async with stage.program.services.base.read() as reader:
        query = tables.EVENTS.select().where(tables.EVENTS.c.type == "cluster.operator-changed")
        rows = (await reader.execute(query.order_by(tables.EVENTS.c.sequence))).mappings()
        return [row["data"]["operator"]["status"] for row in rows if row["data"]]


@pytest.mark.usefixtures("leader")
async def test_it_is_made_from_nothing_and_upgraded_as_previewed(stage: provisioner_stage.Stage, api: Api) -> None:
    wish = operators.UpdateOperator(kept_by=Keeper.TENANTRY, facts={"issuer": "letsencrypt"})
    before = await stage.client.operators.preview("k8s", wish)
    assert not await api.has(kinds.NAMESPACE.path(name=keeping.HOME))
    assert {(each.kind, each.change) for each in before.changes} >= {
        ("Deployment", ChangeKind.MADE),
        ("CustomResourceDefinition", ChangeKind.MADE),
    }

    await stage.client.operators.update("k8s", wish)
    made = await keeping.until(stage, "k8s", Status.CURRENT)
    assert (made.serving_version, made.follows, await image(api)) == (OWN, True, f"tenantry:{OWN}")
    facts = await api.get(kinds.CONFIG_MAP.path(keeping.HOME, "tenantry-operator-facts"))
    assert facts["data"]["facts.yaml"] == '{"issuer": "letsencrypt"}'

    there = await keeping.versions(api)
    preview = await stage.client.operators.preview("k8s", operators.UpdateOperator(version="9.1.0"))
    changed = {each.kind: {field.path for field in each.fields} for each in preview.changes}
    assert "spec.template.spec.containers.operator.image" in changed["Deployment"]
    assert "metadata.labels.app.kubernetes.io/version" in changed["ServiceAccount"]
    assert "CustomResourceDefinition" not in changed
    await stage.client.operators.upgrade("k8s")
    await keeping.until(stage, "k8s", Status.CURRENT)
    assert (await stage.client.operators.preview("k8s", operators.UpdateOperator())).changes == []
    assert await keeping.versions(api) == there

    await keep(stage, version="9.1.0")
    await keeping.until(stage, "k8s", Status.UPGRADING)
    upgraded = await keeping.until(stage, "k8s", Status.CURRENT)
    assert (upgraded.serving_version, await image(api)) == ("9.1.0", "tenantry:9.1.0")
    assert [each for each in await told(stage) if each != "pending"] == [
        *("upgrading", "current"),
        *("current", "upgrading", "current"),
    ]
    found = await stage.program.services.world.runtime(await _id(stage))
    [ours] = [each for each in (await found.facts()).add_ons if each.name == "tenantry-operator"]
    assert (ours.version, ours.manager) == ("9.1.0", "tenantry")


async def _id(stage: provisioner_stage.Stage) -> Any:
    return (await stage.client.clusters.get("k8s")).id


@pytest.mark.usefixtures("leader")
async def test_a_version_that_does_not_become_ready_is_taken_back_with_its_reason(
    stage: provisioner_stage.Stage, api: Api
) -> None:
    await keep(stage, version="9.1.0")
    await keeping.until(stage, "k8s", Status.CURRENT)
    pods = len(await api.items(kinds.POD.path(keeping.HOME)))
    full = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full"}, "spec": {"hard": {"pods": pods}}}
    quota = kinds.RESOURCE_QUOTA.path(keeping.HOME, "full")
    await api.apply(quota, full | {"spec": {"hard": {"pods": str(pods)}}})

    async def counts() -> bool:
        return bool((await api.get(quota)).get("status", {}).get("used"))

    await operator_stage.eventually(counts)
    await keep(stage, version="9.2.0")
    back = await keeping.until(stage, "k8s", Status.RETURNED)
    assert back.reason == "NotReadyInTime"
    assert "9.2.0" in back.message
    assert "exceeded quota" in back.message
    assert (back.version, back.serving_version, await image(api)) == ("9.2.0", "9.1.0", "tenantry:9.1.0")
    await api.delete(quota)


@pytest.mark.usefixtures("leader")
async def test_what_helm_keeps_is_left_alone_and_reported_and_taken_over_once_where_that_is_said(
    stage: provisioner_stage.Stage, api: Api, helm: charts_helm.Helm
) -> None:
    await _helm(helm, "install")
    there = await keeping.versions(api)
    await stage.client.operators.upgrade("k8s")

    async def is_told() -> operators.Operator | None:
        found = await stage.client.operators.get("k8s")
        return found if found.message else None

    found = await operator_stage.eventually(is_told)
    assert (found.status, found.reason) == (Status.EXTERNAL, "")
    assert found.message == f"Helm keeps the operator {keeping.HOME}/{keeping.NAME} at version {OWN}."

    await keep(stage, version="9.3.0")
    blocked = await keeping.until(stage, "k8s", Status.BLOCKED)
    assert blocked.reason == "KeptByOthers"
    preview = await stage.client.operators.preview("k8s", operators.UpdateOperator())
    assert preview.message == blocked.message
    assert await keeping.versions(api) == there

    await keep(stage, takes_over=True)
    taken = await keeping.until(stage, "k8s", Status.CURRENT)
    assert (await image(api), taken.takes_over) == ("tenantry:9.3.0", False)

    await _helm(helm, "upgrade")
    await stage.client.operators.upgrade("k8s")
    await keeping.until(stage, "k8s", Status.BLOCKED)
    assert await image(api) == f"tenantry:{OWN}"
    await helm.act("uninstall", keeping.NAME, "--namespace", keeping.HOME)


async def _helm(helm: charts_helm.Helm, verb: str) -> None:
    """Have the chart's release under the very names that we would use."""
    here = ("--namespace", keeping.HOME, "--take-ownership", "--force-conflicts")
    more = ("--create-namespace",) if verb == "install" else ()
    await helm.act(verb, keeping.NAME, str(charts.OPERATOR), *here, *more, "--set", "crds.install=false")


async def test_another_provisioner_goes_on_where_one_was_killed(
    place: provisioner_stage.Place, kept_cluster: clusters.Cluster, api: Api
) -> None:
    async with keeping.leading(api, "9.4.0") as leader:
        async with provisioner_stage.opened(place, supervised=[]) as asked:
            await register(asked, kept_cluster, api)
            await keep(asked, version="9.4.0")
            async with provisioner_stage.program(place, "operators"):
                await keeping.until(asked, "k8s", Status.UPGRADING, seconds=60)

                async def is_applied() -> bool:
                    return await api.has(keeping.DEPLOYMENT)

                await operator_stage.eventually(is_applied)
            assert (await asked.client.operators.get("k8s")).status is Status.UPGRADING
        leader.broken.clear()
        async with provisioner_stage.opened(place) as other:
            after = await keeping.until(other, "k8s", Status.CURRENT)
            assert (after.serving_version, await image(api)) == ("9.4.0", "tenantry:9.4.0")
            assert [each for each in await told(other) if each != "pending"] == ["upgrading", "current"]
