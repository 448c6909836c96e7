"""What the operator is spared: echoes of its own changes, digests that it knows, renderings of what is at rest.

Each saving has a bound that does not hold without it, for each of some installations that are made together.
"""

import asyncio
from collections import Counter
from datetime import timedelta

from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.runtime import document

MANY = 10
QUIET = (kinds.CONFIG_MAP, kinds.LIMIT_RANGE, kinds.NETWORK_POLICY, kinds.SERVICE_ACCOUNT)
"""Kinds that only the operator writes: whatever is told of them is an echo of its own changes."""


LOOKS = 6
"""One for the wish, and one for each Deployment and for what its pods change; without merging and skipping, dozens."""


def figure(operator: stages.Operator, name: str) -> float:
    return operator.registry.get_sample_value(f"tenantry_operator_{name}") or 0.0


async def test_making_one_takes_few_looks_and_comparisons_and_rest_takes_none(stage: stages.Stage) -> None:
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name))
    part = stages.Part()
    async with stage.operator(**part.settings()) as operator:
        await stages.eventually(lambda: is_settled(operator))
        recalls = operator.made.world.recalls
        asked = Counter({kind: each.asked for kind, each in recalls.items()})
        compared = Counter({kind: each.worked_out for kind, each in recalls.items()})
        looks, renderings = figure(operator, "looks_total"), figure(operator, "renderings_total")
        ordered = await asyncio.gather(
            *(stage.order(name, namespace=part.namespace("spared")) for _ in range(MANY)),
        )
        for each in ordered:
            await each.until(document.Phase.READY, within=timedelta(seconds=100))
        await stages.eventually(lambda: is_idle(operator))
        made = Counter(kind for kind, _ in await ordered[0].objects())
        told = {kind: each.asked - asked[kind] for kind, each in recalls.items()}
        worked_out = {kind: each.worked_out - compared[kind] for kind, each in recalls.items()}
        # Without the skipping of echoes each object would be read twice: from the answer, and from the watch.
        for kind in QUIET:
            assert told[kind.kind] <= 1.5 * MANY * made[kind.kind], kind.kind
        # A Deployment is told of again and again while its pods come; nothing of that is ours.
        assert told["Deployment"] >= 2 * MANY * made["Deployment"]
        assert worked_out["Deployment"] <= 1.2 * MANY * made["Deployment"]
        assert figure(operator, "renderings_total") - renderings <= 1.2 * MANY
        assert figure(operator, "looks_total") - looks <= LOOKS * MANY


async def is_settled(operator: stages.Operator) -> bool:
    """Tell whether an operator acts, and has nothing to do."""
    return figure(operator, "leads") == 1 and operator.made.is_ready() and operator.made.is_idle()


async def is_idle(operator: stages.Operator) -> bool:
    """Tell whether nothing is due."""
    return operator.made.is_idle()
