"""What a plan says is what the real scheduler does: on pretended nodes, with the pods that the operator would make.

A plan counts less than the scheduler finds room for, and never more: what is kept free for rollouts, and on each node
the remainder that is smaller than the largest pod. That, in installations, is the tolerance.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support import operator_stage
from support import operator_things as things
from tenantry.application import manifest, values
from tenantry.kubernetes import kinds
from tenantry.operator.render import facts as fact
from tenantry.operator.render import installation
from tenantry.provisioner.adapters import kubernetes
from tenantry.provisioner.installations import capacity, demand, forecast, placement
from tenantry.runtime import document
from tenantry.wire.placement import Measure, PlaceKind
from testbed import cluster as clusters
from testbed import nodes
from testbed.api import Api

SPACE = "customers"
WEB, CLOCK = {"cpu": "300m", "memory": "512Mi"}, {"cpu": "100m", "memory": "128Mi"}
NODES = (
    nodes.Pretended(name="small-1", cpu="4", memory="8Gi"),
    nodes.Pretended(name="small-2", cpu="4", memory="8Gi"),
    nodes.Pretended(name="large", cpu="8", memory="16Gi"),
)
OTHERS = {"cpu": "900m", "memory": "1Gi"}
"""What somebody else runs on one of the nodes."""


@pytest.fixture
async def cluster(control_plane: object, folder: Path) -> AsyncGenerator[clusters.Cluster]:
    """A cluster of its own, since others' pods would take room."""
    assert control_plane
    async with clusters.running(folder, nodes=NODES) as up:
        yield up


@pytest.fixture
async def api(cluster: clusters.Cluster) -> AsyncGenerator[Api]:
    async with cluster.connected() as connected:
        await connected.create(kinds.NAMESPACE.path(), {"metadata": {"name": SPACE}})
        container = {"name": "other", "image": "other", "resources": {"requests": OTHERS}}
        pod = {"metadata": {"name": "other"}, "spec": {"nodeName": "large", "containers": [container]}}
        await connected.create(kinds.POD.path("default"), pod)
        yield connected


def application() -> manifest.Application:
    """Two programs, neither of which keeps anything, so that both are exchanged with one more pod each."""
    sizes = [{"name": "small", "workloads": {"web": WEB, "clock": CLOCK}}]
    return operator_stage.application("tiny", sizes=sizes)


class Fleet:
    """Installations as the operator would make them, all in one namespace."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._names: list[str] = []

    async def grow(self, to: int) -> None:
        """Make so many that there are that many."""
        added = [f"ins-{number}" for number in range(len(self._names), to)]
        self._names += added
        await self._apply(added, "1.0")

    async def roll(self, version: str) -> None:
        """Exchange the pods of all of them, all at once."""
        await self._apply(self._names, version)

    async def _apply(self, names: Sequence[str], version: str) -> None:
        async with asyncio.TaskGroup() as group:
            for each in names:
                group.create_task(self._make(each, version))

    async def _make(self, name: str, version: str) -> None:
        made = things.Found(installation.render(_wanted(name, version)))
        for kind in (kinds.SERVICE_ACCOUNT, kinds.DEPLOYMENT):
            for each in made.of(kind.kind):
                await self._api.apply(kind.path(SPACE, each["metadata"]["name"]), each)

    async def whole(self) -> int:
        """Return how many have all their pods on nodes, once the scheduler has decided about every pod."""
        pods: list[dict[str, Any]] = []

        async def are_decided() -> bool:
            pods[:] = await self._api.items(kinds.POD.path(SPACE))
            return len(pods) == 2 * len(self._names) and all(_is_decided(each) for each in pods)

        await operator_stage.eventually(are_decided, within=timedelta(seconds=40), about=self._counts)
        on_nodes = [each["metadata"]["labels"]["tenantry.dev/installation"] for each in pods if _node(each)]
        return sum(1 for name in self._names if on_nodes.count(name) == 2)

    async def is_exchanged(self) -> bool:
        """Tell whether every Deployment runs what it should, and nothing else."""
        found = await self._api.items(kinds.DEPLOYMENT.path(SPACE))
        return all(_is_exchanged(each) for each in found)

    async def _counts(self) -> str:
        pods = await self._api.items(kinds.POD.path(SPACE))
        return f"{len(pods)} pods for {len(self._names)} installations, {sum(map(_is_decided, pods))} decided"


def _wanted(name: str, version: str) -> Any:
    facts = fact.Facts(owns_namespace=False)
    return things.wanted(application(), name=name, namespace=SPACE, facts=facts, uid=None, version=version)


def _node(pod: dict[str, Any]) -> str | None:
    return pod["spec"].get("nodeName")


def _is_decided(pod: dict[str, Any]) -> bool:
    refused = [each for each in pod["status"].get("conditions", []) if each.get("reason") == "Unschedulable"]
    return _node(pod) is not None or bool(refused)


def _is_exchanged(deployment: dict[str, Any]) -> bool:
    status, replicas = deployment.get("status", {}), deployment["spec"]["replicas"]
    is_seen = status.get("observedGeneration") == deployment["metadata"]["generation"]
    counts = [status.get(each, 0) for each in ("replicas", "updatedReplicas", "availableReplicas")]
    return is_seen and counts == [replicas] * 3


async def known(cluster: clusters.Cluster) -> document.ClusterFacts:
    """Return what the provisioner would know of the cluster, once all nodes are ready and the pod of others counts."""
    opened = kubernetes.opened_by(await asyncio.to_thread(cluster.kubeconfig.read_text))

    async def are_whole() -> document.ClusterFacts | None:
        found = await opened.facts()
        return found if (found.cpu_millis, _left(found)) == (16_000, 15_100) else None

    try:
        return await operator_stage.eventually(are_whole, about=opened.facts)
    finally:
        await opened.close()


def _left(facts: document.ClusterFacts) -> int:
    return sum(each.count * each.cpu_millis for each in facts.nodes)


def wanted() -> demand.Demand:
    given = application()
    return demand.of(given, values.size(given, "small"))


def planned(facts: document.ClusterFacts) -> tuple[int, capacity.Offer]:
    """Return how many a plan places on the empty cluster, and what it offers."""
    offer = capacity.of(capacity.Cluster(facts=facts, max_installations=1000), wanted())
    candidate = placement.Candidate(id="k8s", name="k8s", offers=offer.offers, taken={}, kept=offer.kept)
    return forecast.forecast({PlaceKind.CLUSTER: [candidate]}, wanted(), 1000).placed, offer


def tolerance(offer: capacity.Offer) -> int:
    """Return how many more than planned may find room, in installations."""
    takes, largest = wanted().takes[Measure.CPU], wanted().largest[Measure.CPU]
    return math.ceil((offer.kept[Measure.CPU] + len(NODES) * largest) / takes)


async def test_as_many_as_planned_find_room_can_be_exchanged_and_hardly_more(
    cluster: clusters.Cluster, api: Api
) -> None:
    count, offer = planned(await known(cluster))
    fleet = Fleet(api)
    await fleet.grow(count)
    assert await fleet.whole() == count
    await fleet.roll("1.1")
    await operator_stage.eventually(fleet.is_exchanged, within=timedelta(seconds=40))
    await fleet.grow(count + tolerance(offer) + 3)
    assert count < await fleet.whole() <= count + tolerance(offer)
