"""A cluster for one measurement, with our kinds and nodes enough, the operator as a program, and what it uses."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client import CollectorRegistry, parser

from bench import footprint
from bench.kubernetes import fleet
from tenantry.kernel import clock as clocks
from tenantry.kernel import randomness
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import configuration, connection, documents, kinds, limits, measures, rights
from tenantry.local import ports
from testbed import cluster as clusters
from testbed import nodes as pretended
from testbed import operators

_PODS_A_NODE = 250
_WATCHED = (kinds.INSTALLATION, kinds.DEPLOYMENT, kinds.SERVICE)
_READ = frozenset({rights.Verb.GET, rights.Verb.LIST, rights.Verb.WATCH})
_WRITES = frozenset({"create", "patch", "update", "delete"})
_LONGEST_WATCH = 1800
_CHANGING = {"TENANTRY_OPERATOR_CHANGING": "1000000"}
"""All at once, as the baseline does it: what the bound is for is not what is measured."""
_KIBIBYTE = 1024

Holds = Callable[[kinds.Object], bool]


@dataclass(frozen=True, kw_only=True)
class Site:
    """A prepared cluster and a way to look at it."""

    up: clusters.Cluster
    client: clients.Client

    def processor(self) -> dict[str, float]:
        """Return the seconds of the processor that each program of the cluster has used."""
        pids = {each: self.up.programs.pid(each) for each in self.up.programs.names}
        return {name: footprint.seconds(pid) for name, pid in pids.items() if pid is not None}

    @asynccontextmanager
    async def reached(self, kind: kinds.Kind, count: int, holds: Holds) -> AsyncGenerator[asyncio.Task[None]]:
        """Give a task that ends once so many objects of a kind are as wanted; it watches from before the block on."""
        there: set[tuple[str, str]] = set()

        async def listed() -> str:
            there.clear()
            version = ""
            async for page in self.client.pages(kind):
                version = page.resource_version
                there.update(_key(each) for each in page.items if holds(each))
            return version

        async def watch(version: str) -> None:
            while len(there) < count:
                async for told in self.client.watch(kind, resource_version=version, longest=_LONGEST_WATCH):
                    if told.change is clients.Change.BOOKMARK:
                        continue
                    is_there = holds(told.item) and told.change is not clients.Change.DELETED
                    (there.add if is_there else there.discard)(_key(told.item))
                    if len(there) >= count:
                        return
                # An API server with much to do ends the watch of whoever does not keep up.
                version = await listed()

        task = asyncio.create_task(watch(await listed()))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})


@asynccontextmanager
async def opened(count: int) -> AsyncGenerator[Site]:
    """Bring a cluster up that has room for so many installations, with our kinds and the application."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-bench-", dir="/tmp"))
    wanted = pretended.alike(count * fleet.WORKLOADS * 2 // _PODS_A_NODE + 1)
    try:
        async with clusters.running(folder, nodes=wanted) as up:
            async with up.connected() as asked:
                await operators.prepare(asked)
                application = fleet.APPLICATION
                path = kinds.APPLICATION.path(None, application.metadata.name)
                await asked.apply(path, documents.written(application))
            known = configuration.from_kubeconfig(up.kubeconfig, clocks.SystemClock())
            async with connection.Connection(known) as link:
                yield Site(up=up, client=_client(link))
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)


def _client(link: connection.Connection) -> clients.Client:
    allowed = rights.Rights([rights.Right(kind=each, verbs=_READ) for each in _WATCHED])
    gate, counted = limits.Gate(limits.Limits()), measures.Measures(CollectorRegistry())
    return clients.Client(link, allowed=allowed, gate=gate, counted=counted)


def _key(item: kinds.Object) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def is_ready(item: kinds.Object) -> bool:
    """Tell whether an Installation is ready, as wanted now."""
    status: dict[str, Any] = item.get("status") or {}
    is_current = status.get("observedGeneration") == item["metadata"]["generation"]
    return is_current and status.get("phase") == "Ready"


def is_rolled_out(item: kinds.Object) -> bool:
    """Tell whether all pods of a Deployment are there, as wanted now."""
    status: dict[str, Any] = item.get("status") or {}
    wanted = item["spec"]["replicas"]
    is_current = status.get("observedGeneration") == item["metadata"]["generation"]
    counts = (status.get("updatedReplicas", 0), status.get("availableReplicas", 0), status.get("replicas", 0))
    return is_current and counts == (wanted, wanted, wanted)


@dataclass(frozen=True, kw_only=True)
class Running:
    """An operator that runs as a program."""

    pid: int
    address: str

    def processor(self) -> float:
        """Return the seconds of the processor that it has used."""
        return footprint.seconds(self.pid)

    def memory(self) -> float:
        """Return its resident memory in MiB."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(each.split()[1]) for each in lines if each.startswith("VmRSS")) / _KIBIBYTE

    async def calls(self) -> "Calls":
        """Return how many calls it has made."""
        async with aiohttp.ClientSession() as session, session.get(f"http://{self.address}/metrics") as answer:
            text = await answer.text()
        samples = [each for family in parser.text_string_to_metric_families(text) for each in family.samples]
        made = [
            (each.labels["verb"], int(each.value))
            for each in samples
            if each.name == "tenantry_kubernetes_calls_total" and each.labels["resource"] != "leases"
        ]
        return Calls(
            total=sum(count for _, count in made), writes=sum(count for verb, count in made if verb in _WRITES)
        )

    async def until_it_acts(self) -> None:
        """Wait until it leads and knows everything.

        Raises:
            TimeoutError: it does not within a minute.
        """
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while not await self._acts(session):  # noqa: ASYNC110 - another process acts
                await asyncio.sleep(0.02)

    async def _acts(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"http://{self.address}/metrics") as answer:
                return "tenantry_operator_leads 1.0" in await answer.text()
        except aiohttp.ClientError:
            return False


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Calls of the API server, those for the Lease left out."""

    total: int
    writes: int


@asynccontextmanager
async def operator(site: Site) -> AsyncGenerator[Running]:
    """Run an operator until the block ends; it is told to stop, so that it gives its Lease back."""
    chosen = ports.choose(["operator"], {}, randomness.SystemRandomness())["operator"]
    address = f"127.0.0.1:{chosen}"
    async with operators.running(site.up, address, _CHANGING) as process:
        yield Running(pid=process.pid, address=address)
        process.terminate()
        await process.wait()
