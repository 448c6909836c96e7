"""Two customers, a front door and a stranger on a real node, and everything that one of them could try to reach.

The operator makes what the customers have; what it lays around them are the network policies under test. Each target is
really there: whoever is under no policy reaches all of them.
"""

import asyncio
import base64
import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from support import node_python
from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.operator.controller import world
from tenantry.runtime import document
from testbed import cluster as clusters
from testbed import inside, node, passage, room
from testbed import layout as layouts
from testbed.api import is_true

DATABASE, ELSES_DATABASE, BUCKET = 5432, 5433, 9000
_PORT = 8080
KUBELET = 10250
_SECRETS_OF_THE_MACHINE = ("169.254.169.254", 80)
"""Where machines of clouds tell who they are, with keys."""
_WORLD = "203.0.113.25"
_MAIL, _PAGES = 587, 443
_INNER = (node.PODS, layouts.SERVICES, "10.77.0.0/24")

NAMES = "the cluster's names"
MACHINE = {"the API server", "the API server's node", "the kubelet", "the secrets of the machine"}
NEEDED = {"the database", "the bucket", "mail"}
WEB = "a web server"
"""What the manifests of the one customer and of the other need."""
ALL_OTHERS = {NAMES, *MACHINE, *NEEDED, WEB, "somebody else's database", "a stranger"}


def page(who: str) -> set[str]:
    """Return how visitors come to somebody."""
    return {f"{who}'s page", f"{who}'s page by its Service"}


def own(who: str) -> set[str]:
    """Return all of somebody's own."""
    return {*page(who), f"{who}'s inner port"}


def applications(image: str, needy: str, curious: str) -> list[Any]:
    """Return two applications alike: one needs a database, a bucket and mail, and one the web."""
    command = [node_python.PYTHON, "-u", "-c", node_python.SERVING, "{{ ports.http }}", "{{ ports.inner }}"]
    ports = [{"name": "http"}, {"name": "inner"}]
    web = {"name": "web", "command": command, "ports": ports, "readiness": {"http": {"port": "http"}}}
    alike: dict[str, Any] = {
        "versions": [{"version": "1.0", "image": image}], "files": [], "settings": {}, "workloads": [web],
        "sizes": [{"name": "small", "workloads": {"web": {"cpu": "10m", "memory": "128Mi"}}}],
    }  # fmt: skip
    return [
        stages.application(needy, **alike, needs={"database": {}, "bucket": {}, "mail": {}}),
        stages.application(curious, **alike, needs={"web": {}}),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """Who lives there.

    Attributes:
        pods: namespace and name of the pod of each.
        targets: what there is to reach.
    """

    up: clusters.Cluster
    kubectl: Path
    pods: Mapping[str, tuple[str, str]]
    targets: node_python.Targets

    async def reached(self) -> dict[str, set[str]]:
        """Return what each of them reaches."""
        asked = [node_python.reached(self.up, self.kubectl, pod, self.targets) for pod in self.pods.values()]
        return dict(zip(self.pods, await asyncio.gather(*asked), strict=True))

    async def comes_to(self, wanted: Mapping[str, set[str]]) -> None:
        """Wait until everybody reaches exactly that."""
        found: dict[str, set[str]] = {}

        async def holds() -> bool:
            found.update(await self.reached())
            return found == dict(wanted)

        async def differing() -> dict[str, dict[str, set[str]]]:
            return {
                who: {"too much": found[who] - wanted[who], "too little": wanted[who] - found[who]} for who in found
            }

        await stages.eventually(holds, within=timedelta(seconds=60), about=differing)


@contextlib.asynccontextmanager
async def backed(up: clusters.Cluster) -> AsyncGenerator[None]:
    """Have everything beside the cluster that pods may reach or not, at addresses of the node."""
    place = up.real_node
    ends = [
        *((place.address, port) for port in (DATABASE, ELSES_DATABASE)),
        *((_WORLD, port) for port in (_MAIL, _PAGES)),
        _SECRETS_OF_THE_MACHINE,
    ]
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    target = passage.here(server.sockets[0].getsockname()[1])
    pairs = [(passage.there(port, host), target) for host, port in ends]
    async with _addressed(place), server, asyncio.TaskGroup() as group:
        serving = group.create_task(passage.Passage(place.pid).serve(pairs))
        yield
        serving.cancel()


@contextlib.asynccontextmanager
async def _addressed(place: room.Room) -> AsyncGenerator[None]:
    """Let the node have addresses of the world and of its cloud."""
    foreign = [f"{each}/32" for each in (_WORLD, _SECRETS_OF_THE_MACHINE[0])]
    try:
        for each in foreign:
            await inside.run(place, ["ip", "addr", "replace", each, "dev", "eth0"])
        yield
    finally:
        for each in foreign:
            await inside.run(place, ["ip", "addr", "del", each, "dev", "eth0"])


def facts(folder: Path, door: str) -> Path:
    """Write what the operator is told of the cluster."""
    told = {"front_door": {"class_name": "door", "peer": {"namespace": door}}, "inner_networks": list(_INNER)}
    file = folder / "facts.yaml"
    file.write_text(yaml.safe_dump(told))
    return file


async def hand_over(stage: stages.Stage, namespace: str, name: str, store: str) -> dict[str, Any]:
    """Make the Secrets of what somebody needs, and return where the installation finds them."""
    login = {"user": name, "password": "secret"}
    address = stage.up.real_node.address
    given = {
        "database": {"host": address, "port": str(DATABASE), "name": name, "url": "postgresql://", **login},
        "bucket": {"endpoint": f"http://store.{store}.svc.cluster.local:{BUCKET}", "name": name, "region": "eu-1"},
        "mail": {"host": "mail.example.com", "port": str(_MAIL), "sender": "a@example.com", **login},
    }
    await stage.make_namespace(namespace)
    for role, content in given.items():
        secret = f"{name}-{role}"
        data = {key: base64.b64encode(value.encode()).decode() for key, value in content.items()}
        metadata = {"name": secret, "namespace": namespace, "labels": {world.HANDED_OVER: "true"}}
        item = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
        await stage.api.apply(kinds.SECRET.path(namespace, secret), item)
    return {role: {"secretName": f"{name}-{role}"} for role in given}


@contextlib.asynccontextmanager
async def standing(stage: stages.Stage, image: str, name: str) -> AsyncGenerator[tuple[str, str]]:
    """Have a pod under no policy in a namespace of its own, and give both; a Service `store` leads to it."""
    namespace = stages.fresh(name)
    await stage.make_namespace(namespace)
    try:
        await _stand(stage, image, namespace, name)
        yield namespace, name
    finally:
        await stage.api.delete(kinds.NAMESPACE.path(None, namespace))


async def _stand(stage: stages.Stage, image: str, namespace: str, name: str) -> None:
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    await stages.eventually(lambda: stage.api.has(account))
    probe = {"httpGet": {"path": "/", "port": _PORT}, "periodSeconds": 1}
    more = {"readinessProbe": probe, "ports": [{"containerPort": _PORT}]}
    made = node_python.pod(image, node_python.SERVING, str(_PORT), name=name, **more)
    await stage.api.create(kinds.POD.path(namespace), made)
    service = {"selector": {"app": name}, "ports": [{"port": BUCKET, "targetPort": _PORT}]}
    head = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "store", "namespace": namespace}}
    await stage.api.create(kinds.SERVICE.path(namespace), {**head, "spec": service})

    async def is_ready() -> bool:
        return is_true(await stage.api.get(kinds.POD.path(namespace, name)), "Ready")

    await stages.eventually(is_ready)


async def pod_of(ordered: stages.Ordered) -> dict[str, Any]:
    """Return the pod of an installation that is ready."""
    await ordered.until(document.Phase.READY)
    selector = f"?labelSelector=tenantry.dev/installation={ordered.name}"
    [found] = [each for each in await ordered.api.items(kinds.POD.path(ordered.namespace) + selector)
               if is_true(each, "Ready")]  # fmt: skip
    return found


async def targets(
    stage: stages.Stage, homes: Mapping[str, stages.Ordered], stores: Mapping[str, str]
) -> node_python.Targets:
    """Return everything that can be tried, with its address.

    Args:
        stage: the cluster.
        homes: the customers' installations.
        stores: namespaces of `the bucket` and of `a stranger`.
    """
    address = stage.up.real_node.address
    bucket = await stage.api.get(kinds.SERVICE.path(stores["the bucket"], "store"))
    [stranger] = await stage.api.items(kinds.POD.path(stores["a stranger"]))
    found = {
        NAMES: ("kubernetes.default.svc.cluster.local", node_python.LOOKED_UP),
        "the API server": (layouts.API_SERVICE, 443),
        "the API server's node": (address, layouts.NODE_API_PORT),
        "the kubelet": (address, KUBELET),
        "the secrets of the machine": _SECRETS_OF_THE_MACHINE,
        "the database": (address, DATABASE),
        "the bucket": (bucket["spec"]["clusterIP"], BUCKET),
        "mail": (_WORLD, _MAIL),
        "somebody else's database": (address, ELSES_DATABASE),
        WEB: (_WORLD, _PAGES),
        "a stranger": (stranger["status"]["podIP"], _PORT),
    }
    for who, ordered in homes.items():
        pod = await pod_of(ordered)
        ports = {each["name"]: each["containerPort"] for each in pod["spec"]["containers"][0]["ports"]}
        [service] = await stage.api.items(kinds.SERVICE.path(ordered.namespace))
        by_name = f"{service['metadata']['name']}.{ordered.namespace}.svc.cluster.local"
        found[f"{who}'s page"] = (pod["status"]["podIP"], ports["http"])
        found[f"{who}'s inner port"] = (pod["status"]["podIP"], ports["inner"])
        found[f"{who}'s page by its Service"] = (by_name, ports["http"])
    return found
