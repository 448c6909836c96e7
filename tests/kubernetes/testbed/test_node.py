"""A real node runs real pods: they serve, are limited, write to their volumes, and leave nothing."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from support.node_python import PYTHON, SERVING, pod
from tenantry.kernel import randomness
from testbed import cluster, contents, passage, reach
from testbed.api import Api, Object, is_true

pytestmark = pytest.mark.timeout(300)


async def until(condition: Callable[[], Awaitable[bool]], *, within: float = 60) -> None:
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - the cluster acts in other processes
            await asyncio.sleep(0.1)


@pytest.fixture
async def node_api(node_cluster: cluster.Cluster) -> AsyncGenerator[Api]:
    async with node_cluster.connected() as connected:
        yield connected


@pytest.fixture
async def path(node_api: Api) -> AsyncGenerator[str]:
    """The path of a namespace of the test's own that takes restricted pods only."""
    name = f"test-{randomness.SystemRandomness().token_bytes(4).hex()}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    await node_api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    await until(lambda: node_api.has(account))
    yield f"/api/v1/namespaces/{name}"
    await node_api.delete(f"/api/v1/namespaces/{name}")


async def ended(api: Api, path: str) -> Object:
    """Return how the only container of the pod ended."""
    found: list[Object] = []

    async def has_ended() -> bool:
        statuses = (await api.get(f"{path}/pods/main"))["status"].get("containerStatuses", [])
        found[:] = [each["state"]["terminated"] for each in statuses if "terminated" in each["state"]]
        return bool(found)

    await until(has_ended)
    return found[0]


REACHED = """
socket.create_connection(("kubernetes.default", 443), timeout=5)
print("reached")
"""


class TestPods:
    async def test_a_pod_serves_through_a_service_and_its_log_is_read(
        self, node_cluster: cluster.Cluster, node_api: Api, path: str, python_image: str
    ) -> None:
        probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
        await node_api.create(f"{path}/pods", pod(python_image, SERVING, "8080", readinessProbe=probe))
        port = {"port": 80, "targetPort": 8080}
        body = {"metadata": {"name": "main"}, "spec": {"selector": {"app": "main"}, "ports": [port]}}
        service = await node_api.create(f"{path}/services", body)
        address = f"http://{service['spec']['clusterIP']}/"

        async def answers() -> bool:
            connector = reach.connector(node_cluster.real_node)
            try:
                async with aiohttp.ClientSession(connector=connector) as session, session.get(address) as answer:
                    return await answer.text() == "hello"
            except (aiohttp.ClientError, OSError):
                return False

        await until(answers)
        assert "GET / HTTP/1.1" in await node_api.text(f"{path}/pods/main/log")

    async def test_one_finds_services_by_name_and_the_api_server_among_them(
        self, node_api: Api, path: str, python_image: str
    ) -> None:
        code = "import socket; print(socket.gethostbyname('kubernetes.default'))\n" + REACHED
        await node_api.create(f"{path}/pods", pod(python_image, code))
        await ended(node_api, path)
        assert await node_api.text(f"{path}/pods/main/log") == "10.96.0.1\nreached\n"

    async def test_a_command_is_run_in_one(
        self, node_cluster: cluster.Cluster, node_api: Api, path: str, python_image: str, kubectl: Path
    ) -> None:
        await node_api.create(f"{path}/pods", pod(python_image, SERVING, "8080"))

        async def is_ready() -> bool:
            return is_true(await node_api.get(f"{path}/pods/main"), "Ready")

        await until(is_ready)
        process = await asyncio.create_subprocess_exec(
            kubectl, f"--kubeconfig={node_cluster.kubeconfig}", f"--namespace={path.rpartition('/')[2]}",
            "exec", "main", "--", PYTHON, "-c", "import os; print(os.getuid())", stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert output == f"{contents.USER}\n".encode()

    async def test_one_that_takes_more_memory_than_it_may_is_killed(
        self, node_api: Api, path: str, python_image: str
    ) -> None:
        limits = {"limits": {"memory": "32Mi"}}
        await node_api.create(f"{path}/pods", pod(python_image, "bytearray(256 << 20)", resources=limits))
        assert (await ended(node_api, path))["reason"] == "OOMKilled"

    async def test_one_writes_to_its_volume_and_nowhere_else(self, node_api: Api, path: str, python_image: str) -> None:
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        await node_api.create(f"{path}/persistentvolumeclaims", {"metadata": {"name": "data"}, "spec": spec})
        code = "open('/data/a', 'w').write('kept')\ntry: open('/tmp/a', 'w')\nexcept OSError: print('refused')"
        made = pod(python_image, code, volumeMounts=[{"name": "data", "mountPath": "/data"}])
        made["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
        await node_api.create(f"{path}/pods", made)
        assert (await ended(node_api, path))["exitCode"] == 0
        assert await node_api.text(f"{path}/pods/main/log") == "refused\n"


class TestPassage:
    async def test_a_pod_reaches_what_listens_on_this_machine(
        self, node_cluster: cluster.Cluster, node_api: Api, path: str, python_image: str
    ) -> None:
        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"outside")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        place = node_cluster.real_node
        inside = passage.there(5432, place.address)
        async with server, asyncio.TaskGroup() as group:
            outside = passage.here(server.sockets[0].getsockname()[1])
            serving = group.create_task(passage.Passage(place.pid).serve([(inside, outside)]))
            code = f"import socket; print(socket.create_connection(('{place.address}', 5432)).recv(99).decode())"
            await node_api.create(f"{path}/pods", pod(python_image, code))
            assert (await ended(node_api, path))["exitCode"] == 0
            assert await node_api.text(f"{path}/pods/main/log") == "outside\n"
            serving.cancel()
