"""From an order at the provisioner's API to what the operator makes of it in a cluster, and all the way back.

The control plane is real, and so are provisioner, operator and PostgreSQL; the node is pretended, so pods have no
processes behind them.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator
from datetime import timedelta

import psycopg
import pytest
from pydantic import SecretStr

from support import operator_pods, operator_stage, provisioner_stage
from tenantry.application import manifest
from tenantry.cli import explaining
from tenantry.kubernetes import kinds
from tenantry.wire import infrastructure, installations
from testbed import tiny
from testbed.api import Api

Status = installations.Status
WITHIN = 90.0


@pytest.fixture
async def provisioner(
    place: provisioner_stage.Place, stage: operator_stage.Stage
) -> AsyncGenerator[provisioner_stage.Stage]:
    """A provisioner that has the cluster for its only one, and sells the tiny application there."""
    async with provisioner_stage.opened(place) as opened:
        kubeconfig = SecretStr(await asyncio.to_thread(stage.up.kubeconfig.read_text))
        request = infrastructure.RegisterCluster(name="k8s", kind="kubernetes", kubeconfig=kubeconfig)
        await opened.client.clusters.register(request)
        application = operator_stage.application("tiny", defaultVersion="1.0")
        await opened.client.applications.apply(application)
        await opened.until_available()
        yield opened


async def replicas(api: Api, name: str) -> dict[str, int]:
    """Return how many pods of each workload are wanted."""
    found = await api.items(kinds.DEPLOYMENT.path(name))
    return {each["metadata"]["labels"]["tenantry.dev/workload"]: each["spec"]["replicas"] for each in found}


async def test_an_installation_lives_in_a_cluster(
    provisioner: provisioner_stage.Stage, stage: operator_stage.Stage
) -> None:
    made = await provisioner.create("acme")
    seen = await provisioner.until(made.id, Status.STABLE, seconds=WITHIN)
    assert (seen.cluster, seen.serving_version) == ("k8s", "1.0")
    assert await replicas(stage.api, made.id) == {"web": 1, "clock": 1}

    await provisioner.client.installations.update("acme", installations.UpdateInstallation(version="1.1"))
    seen = await provisioner.until("acme", Status.STABLE, seconds=WITHIN)
    assert seen.serving_version == "1.1"

    await provisioner.client.installations.hibernate("acme")
    await provisioner.until("acme", Status.HIBERNATED, seconds=WITHIN)
    assert await replicas(stage.api, made.id) == {"web": 0, "clock": 0}
    await provisioner.client.installations.wake("acme")
    await provisioner.until("acme", Status.STABLE, seconds=WITHIN)

    await provisioner.client.installations.delete("acme", grace_seconds=0)
    await provisioner.until(made.id, Status.DELETED, seconds=WITHIN)

    async def is_gone() -> bool:
        return not await stage.api.has(kinds.NAMESPACE.path(name=made.id))

    await operator_stage.eventually(is_gone, within=timedelta(seconds=WITHIN))


async def test_credentials_are_rotated_and_its_pods_run_with_the_new_ones(
    provisioner: provisioner_stage.Stage, stage: operator_stage.Stage
) -> None:
    place = provisioner.place
    server = infrastructure.RegisterDatabaseServer(
        name="pg",
        host=place.host,
        port=place.port,
        user=place.user,
        password=SecretStr(place.password),
        ssl_mode="disable",
    )
    await provisioner.client.database_servers.register(server)
    needy = _with_database()
    await provisioner.client.applications.apply(needy)
    await provisioner.until_available()
    wanted = installations.CreateInstallation(name="vault", application=needy.metadata.name)
    made = await provisioner.client.installations.create(wanted)
    await provisioner.until(made.id, Status.STABLE, seconds=WITHIN)
    old, before = await _url(stage.api, made.id), await _pods(stage.api, made.id)
    assert await _connects(old)
    await provisioner.client.installations.rotate("vault")
    await provisioner.until(made.id, Status.STABLE, seconds=WITHIN)
    new, after = await _url(stage.api, made.id), await _pods(stage.api, made.id)
    assert await _connects(new)
    assert not await _connects(old)
    assert not set(before) & set(after)
    assert set(after.values()) == {new}
    await provisioner.client.installations.delete("vault", grace_seconds=0)
    await provisioner.until(made.id, Status.DELETED, seconds=WITHIN)


def _with_database() -> manifest.Application:
    """The tiny application, told where its database is; under a name that no other provisioner gives this cluster."""
    workloads = [
        each | {"environment": [*each.get("environment", []), {"name": "DATABASE", "value": "{{ database.url }}"}]}
        for each in tiny.MANIFEST["spec"]["workloads"]
    ]
    return operator_stage.application("needy", defaultVersion="1.0", workloads=workloads, needs={"database": {}})


async def _url(api: Api, name: str) -> str:
    """Return the address of the database as the provisioner has handed it over."""
    return _text((await api.get(kinds.SECRET.path(name, f"{name}-database")))["data"]["url"])


async def _pods(api: Api, name: str) -> dict[str, str]:
    """Return each pod with the address of the database that its variables have."""
    found: dict[str, str] = {}
    for pod in await api.items(kinds.POD.path(name)):
        if pod["metadata"].get("deletionTimestamp") is None:
            [variable] = [each for each in pod["spec"]["containers"][0]["env"] if each["name"] == "DATABASE"]
            source = variable["valueFrom"]["secretKeyRef"]
            secret = await api.get(kinds.SECRET.path(name, source["name"]))
            found[pod["metadata"]["uid"]] = _text(secret["data"][source["key"]])
    return found


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


async def _connects(url: str) -> bool:
    try:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=5):
            return True
    except psycopg.OperationalError as error:
        assert "password authentication failed" in str(error)  # noqa: PT017 - any other refusal is none
        return False


async def test_why_a_pod_is_not_well_is_explained(
    provisioner: provisioner_stage.Stage, stage: operator_stage.Stage
) -> None:
    made = await provisioner.create("acme")
    await provisioner.until(made.id, Status.STABLE, seconds=WITHIN)
    pod = await operator_pods.newest(stage.api, made.id, "clock")
    await operator_pods.fail(stage.api, pod, containers=operator_pods.OUT_OF_MEMORY)

    async def is_explained() -> bool:
        seen = await provisioner.client.installations.get("acme")
        told = " ".join(explaining.explain(seen))
        return seen.status is Status.UNHEALTHY and "CrashLoopBackOff: OOMKilled, exit status 137." in told

    await operator_stage.eventually(is_explained, about=lambda: provisioner.client.installations.get("acme"))
    await stage.api.delete(operator_pods.path(pod))
    await provisioner.until(made.id, Status.STABLE, seconds=WITHIN)
    await provisioner.client.installations.delete("acme", grace_seconds=0)
    await provisioner.until(made.id, Status.DELETED, seconds=WITHIN)


async def test_facts_of_the_cluster_are_known(provisioner: provisioner_stage.Stage) -> None:
    found = await provisioner.client.clusters.get("k8s")
    assert found.status is infrastructure.Status.AVAILABLE
    assert found.facts is not None
    assert found.facts.kind == "kubernetes"
    assert found.facts.cpu_millis > 0
