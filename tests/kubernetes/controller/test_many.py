"""Many installations at once: few calls for each, no more on their way than may be, and repairs of many at once."""

import asyncio
from datetime import timedelta
from typing import Any

from support import operator_pods as pods
from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.runtime import document

MANY = 20
WORKLOADS = 2
CROWD: dict[str, Any] = {"crowd": 0, "crowd_patience": timedelta(minutes=10)}
"""Settings with which one alone is a crowd."""
WITHIN = timedelta(seconds=100)
Phase = document.Phase


async def order_many(stage: stages.Stage, application: str, part: stages.Part | None = None) -> list[stages.Ordered]:
    named = stages.fresh if part is None else part.namespace
    return list(await asyncio.gather(*(stage.order(application, namespace=named("many")) for _ in range(MANY))))


async def until_ready(ordered: list[stages.Ordered]) -> None:
    for each in ordered:
        await each.until(Phase.READY, within=WITHIN)


async def test_each_costs_a_finaliser_its_objects_and_two_reports(stage: stages.Stage) -> None:
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name))
    async with stage.operator() as operator:
        await stages.eventually(lambda: has_synced(operator))
        before, reads = operator.writes(), operator.reads()
        ordered = await order_many(stage, name)
        await until_ready(ordered)
        made = [kind for kind, _ in await ordered[0].objects() if kind != "Pod"]
        namespace, finaliser, reports = 1, 1, 2
        assert (operator.writes() - before).total() <= MANY * (len(made) + namespace + finaliser + reports)
        assert operator.reads() == reads


async def test_those_that_wait_for_a_turn_get_one(stage: stages.Stage) -> None:
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name))
    async with stage.operator(changing=2) as operator:
        ordered = await order_many(stage, name)
        await until_ready(ordered)
        assert operator.registry.get_sample_value("tenantry_operator_changing_waiting") == 0


async def test_of_a_crowd_the_end_alone_is_told(stage: stages.Stage) -> None:
    name, part = stages.fresh("tiny"), stages.Part()
    await stage.offer(stages.application(name))
    async with stage.operator(**part.settings(), **CROWD) as operator:
        await stages.eventually(lambda: has_synced(operator))
        await until_ready(await order_many(stage, name, part))
        assert operator.writes()["patch installations/status"] == MANY


async def test_what_one_life_did_not_tell_the_next_finds_out(stage: stages.Stage) -> None:
    name, part = stages.fresh("tiny"), stages.Part()
    await stage.offer(stages.application(name))
    async with pods.everywhere_cordoned(stage.api), stage.operator(**part.settings(), **CROWD):
        ordered = await stage.order(name, namespace=part.namespace("acme"))

        async def is_deployed() -> bool:
            return [kind for kind, _ in await ordered.objects()].count("Deployment") == WORKLOADS

        await stages.eventually(is_deployed)
    assert (await ordered.get()).status is None
    async with stage.operator("second", **part.settings()):
        status = await ordered.until(Phase.READY)
    assert status.serving_version == "1.0"


async def test_many_services_that_are_deleted_at_once_come_back(stage: stages.Stage) -> None:
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name))
    async with stage.operator():
        ordered = await order_many(stage, name)
        await until_ready(ordered)
        paths = [kinds.SERVICE.path(each.namespace, "acme-web") for each in ordered]
        before = [(await stage.api.get(path))["metadata"]["uid"] for path in paths]
        await asyncio.gather(*(stage.api.delete(path) for path in paths))

        async def are_back() -> bool:
            found = [await stage.api.get(path) for path in paths if await stage.api.has(path)]
            return len(found) == MANY and all(each["metadata"]["uid"] not in before for each in found)

        await stages.eventually(are_back, within=WITHIN)


async def has_synced(operator: stages.Operator) -> bool:
    """Tell whether an operator acts, knows everything, and has reported what applications there are."""
    is_leading = operator.registry.get_sample_value("tenantry_operator_leads") == 1
    return is_leading and operator.made.is_ready() and operator.made.is_idle()
