"""A stage for the Kubernetes adapter: a real node, our operator under its role, and a real front door before it.

The provisioner's side is the adapter alone, under exactly the provisioner's rights. What takes long on a node, bringing
installations up, is done ahead for as many as will be asked for, and several at the same time.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from demo import browser
from support import node_front_door, operator_stage, provisioner_accounts, runtime_stage, tiny
from tenantry.kubernetes import kinds
from tenantry.operator.controller import table
from tenantry.operator.render import objects as labels
from tenantry.provisioner.adapters import kubernetes
from tenantry.provisioner.adapters.kubernetes import objects
from tenantry.runtime import document
from testbed import cluster as clusters
from testbed import inside, node, room
from testbed.api import Api

CLASS = "contract"
_VOLUMES = 32
"""Each installation takes one, and none is given back; others find theirs untouched."""
_VOLUMES_PATH = "/api/v1/persistentvolumes"
_AT_ONCE = 4
"""Installations that change at the same time; more of them would be slower than a start may take."""
_START = timedelta(seconds=6)
_PULL_SECONDS = 6
"""Beside the time for a start, until one is said to have failed."""
_SHARE = {"cpu": "10m", "memory": "64Mi"}


@dataclass(kw_only=True)
class Stage:
    """The cluster, what is ordered there, and a visitor.

    Attributes:
        ahead: how many ready installations will be asked for.
        patience: as the contract suite has it.
    """

    up: clusters.Cluster
    api: Api
    runtime: kubernetes.KubernetesRuntime
    visitor: browser.Browser
    ahead: int
    patience: timedelta = timedelta(seconds=90)
    _made: list[asyncio.Task[str]] = field(init=False, default_factory=list[asyncio.Task[str]])

    def address(self, name: str) -> Mapping[str, Any]:
        host = f"{name}.{node_front_door.DOMAIN}"
        return {"hosts": [host], "url": f"https://{host}"}

    async def answer(self, name: str, path: str = "/") -> str | None:
        try:
            return (await self.visitor.open(f"{self.address(name)['url']}{path}")).text
        except (browser.PageUnexpectedError, aiohttp.ClientError):
            return None

    async def running(self, name: str) -> Mapping[str, str]:
        pods = await self.api.items(f"{kinds.POD.path(name)}?labelSelector={labels.WORKLOAD}")
        return {
            pod["metadata"]["labels"][labels.WORKLOAD]: container["containerID"]
            for pod in pods
            for container in pod["status"].get("containerStatuses", [])
            if "running" in container["state"]
        }

    async def end(self, name: str, workload: str) -> None:
        container = (await self.running(name))[workload].rpartition("/")[2]
        command = ["ctr", f"--address={node.SOCKET}", "--namespace=k8s.io", "tasks", "kill", "--signal=SIGKILL"]
        await inside.run(self.up.real_node, [*command, container])

    async def remains(self, name: str) -> set[str]:
        selector = f"?labelSelector={labels.INSTALLATION}={name}"
        kinds_made = (*table.MADE, kinds.POD)
        found = await asyncio.gather(*(self.api.items(kind.path(name) + selector) for kind in kinds_made))
        listed = zip(kinds_made, found, strict=True)
        return {f"{kind.kind} {each['metadata']['name']}" for kind, items in listed for each in items}

    async def take_ready(self) -> str:
        if self.ahead and not self._made:
            self._made = [asyncio.create_task(self._make()) for _ in range(self.ahead)]
            self.ahead = 0
        return await self._made.pop(0) if self._made else await self._make()

    async def close(self) -> None:
        """Leave the cluster without installations and their namespaces."""
        for each in self._made:
            each.cancel()
        await asyncio.gather(*self._made, return_exceptions=True)
        left = await self.api.items(f"{kinds.NAMESPACE.path()}?labelSelector={objects.SELECTOR}")
        await asyncio.gather(*(self._clear(each["metadata"]["name"]) for each in left))

    async def _make(self) -> str:
        name = runtime_stage.fresh()
        await runtime_stage.order(self, name)
        await runtime_stage.comes_to(self, name, document.Phase.READY)
        return name

    async def _clear(self, name: str) -> None:
        await runtime_stage.unmake(self, name)
        await self.runtime.delete(name)  # once more, which takes what is left around it

        async def is_gone() -> bool:
            return not await self.api.has(kinds.NAMESPACE.path(None, name))

        await operator_stage.eventually(is_gone, within=self.patience)


@asynccontextmanager
async def opened(up: clusters.Cluster, image: str, folder: Path, *, ahead: int) -> AsyncGenerator[Stage]:
    """Have a stage until the block ends, and leave the cluster as it was.

    Args:
        up: a cluster with a real node.
        image: on the node, with a Python.
        folder: for what programs are told and say.
        ahead: how many ready installations will be asked for.
    """
    async with contextlib.AsyncExitStack() as open_:
        api = await open_.enter_async_context(up.connected())
        door = await open_.enter_async_context(node_front_door.opened(up, api, folder))
        visitor = await open_.enter_async_context(door.visitor())
        await open_.enter_async_context(_volumes(api, up.real_node))
        operating = operator_stage.Stage(up, api)
        await open_.enter_async_context(operating.prepared())
        runtime = await open_.enter_async_context(_runtime(up, api))
        await open_.enter_async_context(operating.operator(facts_file=_facts(folder), changing=_AT_ONCE))
        await runtime.apply_application(application(image))
        stage = Stage(up=up, api=api, runtime=runtime, visitor=visitor, ahead=ahead)
        open_.push_async_callback(operating.api.delete, kinds.APPLICATION.path(None, "tiny"))
        open_.push_async_callback(stage.close)
        yield stage


def application(image: str) -> Any:
    """Return the tiny application as it is sold for containers."""
    versions = [{**each, "image": image} for each in tiny.SPEC["versions"]]
    workloads = [{**each, "startup": {"timeout": f"{_START.total_seconds():g}s"}} for each in (tiny.WEB, tiny.CLOCK)]
    sizes = [{"name": name, "workloads": {"web": _SHARE, "clock": _SHARE}} for name in ("small", "large")]
    return tiny.application(versions=versions, workloads=workloads, sizes=sizes)


def _facts(folder: Path) -> Path:
    door = {"class_name": node_front_door.CLASS}
    told = {"front_door": door, "domains": [node_front_door.DOMAIN], "storage_class": CLASS}
    file = folder / "facts.yaml"
    file.write_text(yaml.safe_dump({**told, "pull_seconds": _PULL_SECONDS}))
    return file


@asynccontextmanager
async def _runtime(up: clusters.Cluster, api: Api) -> AsyncGenerator[kubernetes.KubernetesRuntime]:
    account = provisioner_accounts.Account(up, api, operator_stage.fresh("provisioner"))
    await account.make()
    opened = kubernetes.opened_by((await account.kubeconfig()).get_secret_value())
    try:
        yield opened
    finally:
        await opened.close()
        await account.remove()


@asynccontextmanager
async def _volumes(api: Api, place: room.Room) -> AsyncGenerator[None]:
    """Give the node volumes of a class of their own."""
    storage_class = kinds.STORAGE_CLASS.path(None, CLASS)
    await api.apply(storage_class, {**node.storage_class(), "metadata": {"name": CLASS}})
    made = [_volume(number, place.folder / CLASS / str(number)) for number in range(_VOLUMES)]
    await asyncio.gather(*map(partial(api.create, _VOLUMES_PATH), made))
    try:
        yield
    finally:
        await asyncio.gather(*(api.delete(f"{_VOLUMES_PATH}/{each['metadata']['name']}") for each in made))
        await api.delete(storage_class)


def _volume(number: int, folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    made = node.volume(number, folder)
    made["metadata"]["name"] = f"{CLASS}-{number}"
    made["spec"]["storageClassName"] = CLASS
    return made
