"""The operator on a test cluster: a tiny application, its installations, and operators under exactly their role."""

import asyncio
import base64
import zlib
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from tenantry.application import manifest
from tenantry.kernel import clock as clocks
from tenantry.kernel import randomness
from tenantry.kubernetes import configuration, documents, kinds
from tenantry.local import ports
from tenantry.operator import server, settings
from tenantry.operator.controller import controller, world
from tenantry.runtime import document
from testbed import accounts, operators, tiny
from testbed import cluster as clusters
from testbed.api import Api, ApiError

HOME = operators.HOME
LEASE = kinds.LEASE.path(HOME, "tenantry-operator")
JOBS: dict[str, Any] = {
    "initialise": {"command": ["set-up"]},
    "migrate": {"command": ["migrate"]},
    "firstAdministrator": {"command": ["add-admin"]},
    "smokeCheck": {"command": ["try-out"]},
}


def application(name: str, **spec: Any) -> manifest.Application:
    """Return the tiny application under a name of its own; further arguments are parts of its spec."""
    return manifest.Application.model_validate({"metadata": {"name": name}, "spec": {**tiny.MANIFEST["spec"], **spec}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """An operator that runs."""

    made: controller.Controller
    registry: CollectorRegistry

    def calls(self, *verbs: str) -> Counter[str]:
        """Return how many calls it has made, as `verb resource`, but for its Lease."""
        samples = [each for metric in self.registry.collect() for each in metric.samples]
        found = Counter[str]()
        for each in samples:
            if each.name != "tenantry_kubernetes_calls_total" or each.labels["verb"] not in verbs:
                continue
            if each.labels["resource"] != "leases":
                found[f"{each.labels['verb']} {each.labels['resource']}"] += int(each.value)
        return found

    def answers(self, *codes: str) -> int:
        """Return how many calls were answered with one of these codes; 0 is no answer."""
        samples = [each for metric in self.registry.collect() for each in metric.samples]
        counted = [each for each in samples if each.name == "tenantry_kubernetes_calls_total"]
        return sum(int(each.value) for each in counted if each.labels["code"] in codes)

    def writes(self) -> Counter[str]:
        """Return the calls that change something."""
        return self.calls("create", "patch", "update", "delete")

    def reads(self) -> Counter[str]:
        """Return the calls that ask for something, watches left out."""
        return self.calls("get", "list")


class Stage:
    """A cluster with our kinds and the operator's account, and what tests do there."""

    def __init__(self, up: clusters.Cluster, api: Api) -> None:
        """Take the cluster and a connection as its administrator."""
        self.up = up
        self.api = api

    async def prepare(self) -> None:
        """Install the definitions, the role and the account."""
        await operators.prepare(self.api)

    @asynccontextmanager
    async def prepared(self) -> AsyncGenerator[None]:
        """Likewise until the block ends, on a cluster where charts are installed too: Helm takes over nobody's role."""
        await self.prepare()
        try:
            yield
        finally:
            await operators.clear(self.api)

    async def make_namespace(self, name: str) -> None:
        """Make a namespace, if it is not there."""
        await self.api.apply(
            f"/api/v1/namespaces/{name}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        )

    async def offer(self, offered: manifest.Application) -> None:
        """Give an application to the cluster."""
        await self.api.apply(kinds.APPLICATION.path(None, offered.metadata.name), documents.written(offered))

    async def order(self, application: str, name: str = "acme", *, namespace: str, **spec: Any) -> "Ordered":
        """Make an installation with its namespace and its Secret."""
        await self.make_namespace(namespace)
        data = {"adminPassword": base64.b64encode(b"letmein-0123").decode()}
        metadata = {"name": f"{name}-generated", "namespace": namespace, "labels": {world.HANDED_OVER: "true"}}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
        await self.api.apply(f"/api/v1/namespaces/{namespace}/secrets/{name}-generated", secret)
        ordered = Ordered(self.api, namespace, name, application)
        await ordered.want(**spec)
        return ordered

    @asynccontextmanager
    async def operator(
        self, identity: str = "first", *, kubeconfig: Path | None = None, **chosen: Any
    ) -> AsyncGenerator[Operator]:
        """Run an operator under exactly its role; by a token that lasts, where no kubeconfig is given."""
        kubeconfig = kubeconfig or await accounts.write_kubeconfig(self.up, HOME, operators.ACCOUNT)
        known = configuration.from_kubeconfig(kubeconfig, clocks.SystemClock())
        registry = CollectorRegistry()
        given = settings.Settings(identity=identity, namespace=HOME, **chosen)
        async with server.running(given, known, registry, asyncio.Event()) as made:
            yield Operator(made=made, registry=registry)

    @asynccontextmanager
    async def program(self, port: int, **environment: str) -> AsyncGenerator[asyncio.subprocess.Process]:
        """Run an operator as a program of its own, with health and metrics on a port of the loopback address."""
        async with operators.running(self.up, f"127.0.0.1:{port}", environment) as process:
            yield process


class Part:
    """A part of the shared cluster's namespaces for one operator alone: what other tests have left is none of its."""

    _PARTS = 1000

    def __init__(self) -> None:
        """Take one that nobody else has."""
        self._shard = world.Shard(index=zlib.crc32(fresh("part").encode()) % self._PARTS, count=self._PARTS)

    def settings(self) -> dict[str, Any]:
        """Return what its operator is told."""
        return {"shard": self._shard.index, "shards": self._shard.count}

    def namespace(self, prefix: str) -> str:
        """Return the name of a namespace of this part that nobody has used."""
        return next(name for name in iter(lambda: fresh(prefix), "") if self._shard.has(name))


class Ordered:
    """An installation in the cluster."""

    def __init__(self, api: Api, namespace: str, name: str, application: str) -> None:
        """Take where it is."""
        self.api = api
        self.namespace = namespace
        self.name = name
        self.application = application
        self.path = kinds.INSTALLATION.path(namespace, name)
        self._spec: dict[str, Any] = {}

    async def want(self, **parts: Any) -> None:
        """Change what is wanted; None takes a part away."""
        self._spec |= parts
        given = {
            "application": self.application,
            "version": "1.0",
            "size": "small",
            "hosts": [f"{self.name}.example.com"],
            "url": f"https://{self.name}.example.com",
            "generated": {"secretName": f"{self.name}-generated"},
            **self._spec,
        }
        spec = {key: value for key, value in given.items() if value is not None}
        head = {"apiVersion": "tenantry.dev/v1alpha1", "kind": "Installation"}
        await self.api.apply(
            self.path, {**head, "metadata": {"name": self.name, "namespace": self.namespace}, "spec": spec}
        )

    async def get(self) -> document.Installation:
        """Return the document as it is now."""
        return documents.installation(await self.api.get(self.path))

    async def until(
        self, phase: document.Phase | None = None, *, within: timedelta = timedelta(seconds=60), **parts: Any
    ) -> document.InstallationStatus:
        """Wait until the status speaks of what is wanted now, and says this."""

        async def holds() -> document.InstallationStatus | None:
            known = await self.get()
            status = known.status
            if status is None or status.observed_generation != known.metadata.generation:
                return None
            is_phase = phase is None or status.phase is phase
            are_parts = all(getattr(status, key) == value for key, value in parts.items())
            return status if is_phase and are_parts else None

        return await eventually(holds, within=within, about=self.get)

    async def gone(self, *, within: timedelta = timedelta(seconds=60)) -> None:
        """Wait until there is no such installation."""

        async def holds() -> bool:
            return not await self.api.has(self.path)

        await eventually(holds, within=within, about=self.get)

    async def delete(self) -> None:
        """Ask for its removal."""
        await self.api.delete(self.path)

    async def objects(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return everything in its namespace that carries its label."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        selector = f"?labelSelector=tenantry.dev/installation={self.name}"
        for kind in (*MADE, kinds.POD):
            for each in await self.api.items(kind.path(self.namespace) + selector):
                found[kind.kind, each["metadata"]["name"]] = each
        return found

    async def contents(self) -> dict[tuple[str, str], Any]:
        """Return what each of its objects says, but for pods and for what the cluster notes of one."""
        found: dict[tuple[str, str], Any] = {}
        for (kind, name), each in (await self.objects()).items():
            if kind != "Pod":
                said = {key: value for key, value in each.items() if key not in {"metadata", "status"}}
                found[kind, name] = each["metadata"]["uid"], each["metadata"].get("deletionTimestamp"), said
        return found

    async def jobs(self) -> Counter[str]:
        """Return how often each of its jobs was started."""
        found = [each for (kind, _), each in (await self.objects()).items() if kind == "Job"]
        return Counter(each["metadata"]["labels"]["tenantry.dev/job"] for each in found)

    async def condition(self, kind: document.ConditionType) -> document.Condition | None:
        """Return what is reported of one thing; None where nothing is."""
        status = (await self.get()).status
        return next((each for each in status.conditions if each.type is kind), None) if status else None

    async def says(
        self, kind: document.ConditionType, *parts: str, within: timedelta = timedelta(seconds=60)
    ) -> document.Condition:
        """Wait until a condition does not hold and its message has all of these parts; return it."""

        async def holds() -> document.Condition | None:
            found = await self.condition(kind)
            is_told = found is not None and all(part in found.message for part in parts)
            return found if is_told and found and found.status is document.ConditionStatus.FALSE else None

        return await eventually(holds, within=within, about=self.get)

    async def events(self) -> list[str]:
        """Return the reasons of the Events about it."""
        items = await self.api.items(kinds.EVENT.path(self.namespace))
        return [each["reason"] for each in items if each["regarding"].get("name") == self.name]


MADE = tuple(
    kind
    for kind in (
        kinds.CONFIG_MAP,
        kinds.SECRET,
        kinds.SERVICE,
        kinds.SERVICE_ACCOUNT,
        kinds.VOLUME_CLAIM,
        kinds.NETWORK_POLICY,
        kinds.RESOURCE_QUOTA,
        kinds.LIMIT_RANGE,
        kinds.DEPLOYMENT,
        kinds.STATEFUL_SET,
        kinds.DISRUPTION_BUDGET,
        kinds.JOB,
    )
)

PLURALS = {kind.kind: kind.plural for kind in MADE}


async def eventually(
    holds: Callable[[], Awaitable[Any]],
    *,
    within: timedelta = timedelta(seconds=30),
    about: Callable[[], Awaitable[Any]] | None = None,
) -> Any:
    """Wait until something holds that others bring about, and return it; in the end, tell what is so instead."""
    try:
        async with asyncio.timeout(within.total_seconds()):
            while not (found := await holds()):  # noqa: ASYNC110 - others act
                await asyncio.sleep(0.05)
            return found
    except TimeoutError:
        told = None
        if about is not None:
            try:
                told = await about()
            except ApiError as error:
                told = error
        raise AssertionError(f"does not come to hold: {told}") from None


async def described(up: clusters.Cluster, ordered: Ordered, kubectl: Path) -> str:
    """Return what kubectl tells of the installation, with the breaks of its lines taken out."""
    process = await asyncio.create_subprocess_exec(
        *(str(kubectl), f"--kubeconfig={up.kubeconfig}", f"--namespace={ordered.namespace}"),
        *("describe", "installation", ordered.name),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    return " ".join(printed.decode().split())


def with_volume(name: str) -> manifest.Application:
    """Return the tiny application with a volume."""
    web, clock = tiny.MANIFEST["spec"]["workloads"]
    command = [*web["command"], "{{ volumes.data }}"]
    workloads = [{**web, "command": command, "volumes": [{"name": "data"}]}, clock]
    return application(name, workloads=workloads, needs={"volumes": [{"name": "data", "size": "1Gi"}]})


def in_a_minute() -> datetime:
    """Return a time after every look that is due at the start."""
    return clocks.SystemClock().now() + timedelta(minutes=1)


def free_port() -> int:
    """Return a port of the loopback address that nobody uses."""
    return ports.choose(["operator"], {}, randomness.SystemRandomness())["operator"]


def fresh(prefix: str) -> str:
    """Return a name that nobody has used."""
    return f"{prefix}-{randomness.SystemRandomness().token_bytes(4).hex()}"
