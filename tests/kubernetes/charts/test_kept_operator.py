"""The operator that a provisioner keeps, with our image on a real node: its pods run, and one of them has the Lease."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from pydantic import SecretStr

import tenantry
from support import charts_site as sites
from support import provisioner_operators as keeping
from support import provisioner_stage
from tenantry.kubernetes import kinds
from tenantry.wire import infrastructure, operators
from tenantry.wire.operators import Keeper, Status

pytestmark = pytest.mark.timeout(600)

LEASE = kinds.LEASE.path(keeping.HOME, "tenantry-operator")
PATIENCE = timedelta(seconds=45)


@pytest.fixture
async def stage(place: provisioner_stage.Place, site: sites.Site) -> AsyncGenerator[provisioner_stage.Stage]:
    async with provisioner_stage.opened(place, operator_patience=PATIENCE, operator_image=sites.IMAGE) as opened:
        kubeconfig = SecretStr(await keeping.kubeconfig(site.up, site.api))
        request = infrastructure.RegisterCluster(name="k8s", kind="kubernetes", kubeconfig=kubeconfig)
        await opened.client.clusters.register(request)
        yield opened
    await keeping.forget(site.api)


async def test_it_runs_and_stays_where_a_version_has_no_image(stage: provisioner_stage.Stage, site: sites.Site) -> None:
    await stage.client.operators.update("k8s", operators.UpdateOperator(kept_by=Keeper.TENANTRY))
    made = await keeping.until(stage, "k8s", Status.CURRENT, Status.FAILED, seconds=180)
    assert (made.status, made.serving_version) == (Status.CURRENT, tenantry.__version__), made.message
    pods = {each["metadata"]["name"] for each in await site.api.items(kinds.POD.path(keeping.HOME))}
    assert (await site.api.get(LEASE))["spec"]["holderIdentity"] in pods

    await stage.client.operators.update("k8s", operators.UpdateOperator(version="0.0.0-none"))
    back = await keeping.until(stage, "k8s", Status.RETURNED, seconds=240)
    assert "0.0.0-none" in back.message
    assert "Image" in back.message
    assert back.serving_version == tenantry.__version__
    assert (await site.api.get(LEASE))["spec"]["holderIdentity"] in pods
