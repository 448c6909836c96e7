"""An operator that starts anew, with installations of every kind of object at rest: it looks at all and writes nothing.

Each life is a process of its own, in which sets have an order of their own, and everything that is written counts but
for the Lease.
"""

from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from support import operator_everything as everything
from support import operator_lives as lives
from support import operator_stage as stages
from tenantry.runtime import document
from testbed import cache

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANY = 3


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    control_plane: cache.Cache, definitions_there: cache.Cache, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[stages.Stage]:
    del control_plane
    async with everything.furnished(tmp_path_factory.mktemp("cluster"), definitions_there) as made:
        yield made


@pytest.mark.parametrize("facts", [everything.GATEWAY, everything.INGRESS], ids=["gateway", "ingress"])
async def test_a_restart_with_nothing_changed_writes_nothing(
    stage: stages.Stage, tmp_path: Path, facts: dict[str, Any]
) -> None:
    file = everything.facts_file(tmp_path, facts)
    name = stages.fresh("full")
    await stage.offer(everything.application(name))
    async with stage.operator(facts_file=file) as operator:
        ordered = [await stage.order(name, namespace=stages.fresh("full"), **everything.SPEC) for _ in range(MANY)]
        for each in ordered:
            await each.until(document.Phase.READY)
        await stages.eventually(lambda: is_idle(operator))
    for seed in ("1", "2"):
        port = stages.free_port()
        async with stage.program(port, PYTHONHASHSEED=seed, TENANTRY_OPERATOR_FACTS_FILE=str(file)) as process:
            life = lives.Life(port)
            await stages.eventually(lambda life=life: life.has_looked_at(MANY))
            assert await life.writes() == Counter()
            process.terminate()
            await process.wait()
    for each in ordered:
        await each.delete()
    async with stage.operator(facts_file=file):
        for each in ordered:
            await each.gone()


async def is_idle(operator: stages.Operator) -> bool:
    """Tell whether nothing is due."""
    return operator.made.is_idle()
