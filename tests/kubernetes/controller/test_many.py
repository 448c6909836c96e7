"""Many installations at once: few calls for each, no more on their way than may be, and repairs of many at once."""

import asyncio
from datetime import timedelta

from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.runtime import document

MANY = 20
WITHIN = timedelta(seconds=100)
Phase = document.Phase


async def order_many(stage: stages.Stage, application: str) -> list[stages.Ordered]:
    return list(
        await asyncio.gather(
            *(stage.order(application, namespace=stages.fresh("many")) for _ in range(MANY)),
        )
    )


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
