"""Customers on one node do not reach each other, nor the cluster, nor what their application does not need.

Everybody tries everything, from inside, over connections that are really made; then the policies are taken away, and
the same connections come about. So whatever is not reached before is kept away by the policies alone.
"""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support import isolation
from support import operator_stage as stages
from tenantry.kubernetes import kinds
from testbed import cluster as clusters

pytestmark = pytest.mark.timeout(300)

CUSTOMERS = {*isolation.own("ada"), *isolation.own("bob")}
PAGES = {*isolation.page("ada"), *isolation.page("bob")}
EVERYTHING = {*CUSTOMERS, *isolation.ALL_OTHERS}
IN_FORCE: Mapping[str, set[str]] = {
    "ada": {*isolation.own("ada"), isolation.NAMES, *isolation.NEEDED},
    "bob": {*isolation.own("bob"), isolation.NAMES, isolation.WEB},
    "door": {*PAGES, *isolation.ALL_OTHERS},
    "stranger": isolation.ALL_OTHERS,
}
"""What each reaches: Ada's application needs a database, a bucket and mail, and Bob's the web."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The street, and an operator that can be sent away and called back."""

    stage: stages.Stage
    street: isolation.Street
    homes: Mapping[str, stages.Ordered]
    told: Mapping[str, Any]
    operator: AsyncExitStack

    async def take_policies_away(self) -> None:
        """Leave the customers without any."""
        for each in self.homes.values():
            for policy in await self.stage.api.items(kinds.NETWORK_POLICY.path(each.namespace)):
                await self.stage.api.delete(kinds.NETWORK_POLICY.path(each.namespace, policy["metadata"]["name"]))


@pytest.fixture
async def scene(
    node_cluster: clusters.Cluster, python_image: str, kubectl: Path, tmp_path: Path
) -> AsyncGenerator[Scene]:
    async with node_cluster.connected() as api, isolation.backed(node_cluster):
        stage = stages.Stage(node_cluster, api)
        async with stage.prepared(), lived_in(stage, python_image, kubectl, tmp_path) as made:
            yield made


@asynccontextmanager
async def lived_in(stage: stages.Stage, image: str, kubectl: Path, folder: Path) -> AsyncGenerator[Scene]:
    """Have both customers and their neighbours, and leave the node without them."""
    part = stages.Part()
    needy, curious = (stages.fresh(each) for each in ("needy", "curious"))
    for each in isolation.applications(image, needy, curious):
        await stage.offer(each)
    async with AsyncExitStack() as neighbours, AsyncExitStack() as operator:
        others = {
            who: await neighbours.enter_async_context(isolation.standing(stage, image, who))
            for who in ("door", "stranger", "store")
        }
        told: dict[str, Any] = {**part.settings(), "facts_file": isolation.facts(folder, others["door"][0])}
        await operator.enter_async_context(stage.operator(**told))
        homes: dict[str, stages.Ordered] = {}
        try:
            at = part.namespace("ada")
            given = await isolation.hand_over(stage, at, "ada", others["store"][0])
            homes["ada"] = await stage.order(needy, "ada", namespace=at, **given)
            homes["bob"] = await stage.order(curious, "bob", namespace=part.namespace("bob"))
            where = {"the bucket": others["store"][0], "a stranger": others["stranger"][0]}
            targets = await isolation.targets(stage, homes, where)
            pods = {who: await named(each) for who, each in homes.items()}
            pods |= {who: others[who] for who in ("door", "stranger")}
            street = isolation.Street(up=stage.up, kubectl=kubectl, pods=pods, targets=targets)
            yield Scene(stage=stage, street=street, homes=homes, told=told, operator=operator)
        finally:
            await operator.aclose()
            async with stage.operator(**told):
                await moved_out(homes.values())


async def moved_out(homes: Collection[stages.Ordered]) -> None:
    """Take the installations and their namespaces away."""
    for ordered in homes:
        await ordered.delete()
    for ordered in homes:
        await ordered.gone()
        await ordered.api.delete(kinds.NAMESPACE.path(None, ordered.namespace))


async def named(ordered: stages.Ordered) -> tuple[str, str]:
    return ordered.namespace, (await isolation.pod_of(ordered))["metadata"]["name"]


async def test_everybody_reaches_what_they_need_and_nothing_else(scene: Scene) -> None:
    street = scene.street
    assert set(street.targets) == EVERYTHING
    await street.comes_to(IN_FORCE)
    await scene.operator.aclose()
    await scene.take_policies_away()
    await street.comes_to(dict.fromkeys(IN_FORCE, EVERYTHING))
    await scene.operator.enter_async_context(scene.stage.operator(**scene.told))
    await street.comes_to(IN_FORCE)
