"""The example applications as real pods: images of their packages, and the objects that the operator renders."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from support import node_backing
from support import operator_things as things
from tenantry.application import generated, manifest
from tenantry.kernel import randomness
from tenantry.kubernetes import kinds
from tenantry.local import executable
from tenantry.local.packages import cache as packages
from tenantry.local.packages import installer, interpreters
from tenantry.operator.render import facts
from testbed import api, cluster, images, reach

pytestmark = pytest.mark.timeout(600)

KINDS = {each.kind: each for each in vars(kinds).values() if isinstance(each, kinds.Kind)}


@pytest.fixture
def scratch() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tenantry-images-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def postgres() -> Iterator[node_backing.Postgres]:
    with node_backing.postgres() as running:
        yield running


@pytest.fixture
async def node_api(node_cluster: cluster.Cluster) -> AsyncGenerator[api.Api]:
    async with node_cluster.connected() as connected:
        yield connected


async def imaged(up: cluster.Cluster, name: str, scratch: Path) -> manifest.Application:
    """Return an example whose newest version has an image that the node has."""
    application = things.application(name)
    newest = application.spec.versions[-1]
    assert newest.package is not None
    prepared = packages.PackageCache(
        scratch / "packages",
        install=installer.Installer(uv=executable.find("uv")),
        programs=interpreters.candidates(),
        is_shared=True,
    )
    environment = await prepared.prepare(newest.package, lambda _: None)
    written = await images.application(f"registry.test/{name}:{newest.version}", environment, scratch)
    await images.load(up.real_node, [written])
    return things.changed(application, versions=[newest.model_copy(update={"image": written.reference})])


async def apply(asked: api.Api, namespace: str, item: api.Object) -> None:
    kind, name = KINDS[item["kind"]], item["metadata"]["name"]
    await asked.apply(kind.path(namespace if kind.is_namespaced else None, name), item)


@asynccontextmanager
async def installed(
    asked: api.Api, application: manifest.Application, given: Mapping[str, Mapping[str, str]]
) -> AsyncGenerator[str]:
    """Apply everything that an installation consists of, give its namespace, and leave the node without it."""
    namespace = application.metadata.name
    made = generated.complete(application.spec.secrets, {}, randomness.SystemRandomness())
    handed = {**things.handed_over(application), "acme-generated": made, **given}
    wanted = things.wanted(application, namespace=namespace, facts=facts.Facts(), uid=None, secrets=handed)
    await apply(asked, namespace, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    for name, content in handed.items():
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": dict(content)}
        await apply(asked, namespace, secret)
    for each in things.render(wanted).objects:
        await apply(asked, namespace, each)
    try:
        yield namespace
    finally:
        await asked.delete(kinds.NAMESPACE.path(None, namespace))


async def ready_address(asked: api.Api, namespace: str) -> str:
    """Return host and port of a pod that is ready."""
    async with asyncio.timeout(120):
        while True:
            for each in await asked.items(kinds.POD.path(namespace)):
                if api.is_true(each, "Ready"):
                    [service] = await asked.items(kinds.SERVICE.path(namespace))
                    return f"{each['status']['podIP']}:{service['spec']['ports'][0]['targetPort']}"
            await asyncio.sleep(0.2)


async def fetched(up: cluster.Cluster, url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession(connector=reach.connector(up.real_node)) as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def test_i_hate_money_runs_as_a_pod(
    node_cluster: cluster.Cluster, node_api: api.Api, postgres: node_backing.Postgres, scratch: Path
) -> None:
    application = await imaged(node_cluster, "ihatemoney", scratch)
    assert application.spec.needs.database is not None
    postgres.create("budget", application.spec.needs.database)
    place = node_cluster.real_node
    async with node_backing.reachable(place, {node_backing.DATABASE_PORT: postgres.port}):
        given = {"acme-database": node_backing.database(place, "budget")}
        async with installed(node_api, application, given) as namespace:
            address = await ready_address(node_api, namespace)
            status, page = await fetched(node_cluster, f"http://{address}/")
    assert status == 200
    assert "ihatemoney" in page.lower()


async def test_synapse_runs_as_a_pod(
    node_cluster: cluster.Cluster, node_api: api.Api, postgres: node_backing.Postgres, scratch: Path
) -> None:
    application = await imaged(node_cluster, "synapse", scratch)
    assert application.spec.needs.database is not None
    postgres.create("chat", application.spec.needs.database)
    place = node_cluster.real_node
    async with node_backing.object_store() as store:
        ports = {node_backing.DATABASE_PORT: postgres.port, node_backing.STORE_PORT: store}
        async with node_backing.reachable(place, ports):
            given = {"acme-database": node_backing.database(place, "chat"), "acme-bucket": node_backing.bucket(place)}
            async with installed(node_api, application, given) as namespace:
                address = await ready_address(node_api, namespace)
                status, text = await fetched(node_cluster, f"http://{address}/_matrix/client/versions")
    assert status == 200
    assert "v1.11" in text
