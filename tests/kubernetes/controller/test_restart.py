"""An operator that starts anew, with installations of every kind of object at rest: it looks at all and writes nothing.

Each life is a process of its own, in which sets have an order of their own, and everything that is written counts but
for the Lease.
"""

from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from prometheus_client import parser

from support import operator_everything as everything
from support import operator_stage as stages
from tenantry.runtime import document
from testbed import cache

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANY = 3
WRITES = frozenset({"create", "patch", "update", "delete"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    control_plane: cache.Cache, definitions_there: cache.Cache, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[stages.Stage]:
    del control_plane
    async with everything.furnished(tmp_path_factory.mktemp("cluster"), definitions_there) as made:
        yield made


class Life:
    """An operator that runs as a program of its own, as its metrics tell of it."""

    def __init__(self, port: int) -> None:
        """Take where it tells them."""
        self._address = f"http://127.0.0.1:{port}/metrics"

    async def samples(self) -> list[Any]:
        """Return its samples; none while it does not answer."""
        try:
            async with aiohttp.ClientSession() as session, session.get(self._address) as answer:
                text = await answer.text()
        except aiohttp.ClientError:
            return []
        return [each for family in parser.text_string_to_metric_families(text) for each in family.samples]

    async def has_looked_at(self, count: int) -> bool:
        """Tell whether it has looked at so many installations and has nothing more to do at once."""
        said = {each.name: each.value for each in await self.samples()}
        is_busy = said.get("tenantry_operator_queue_ready", 1) or said.get("tenantry_operator_queue_working", 1)
        return said.get("tenantry_operator_looks_total", 0) >= count and not is_busy

    async def writes(self) -> Counter[str]:
        """Return what it wrote, but for its Lease."""
        found = Counter[str]()
        for each in await self.samples():
            if each.name == "tenantry_kubernetes_calls_total" and each.labels["verb"] in WRITES:
                found[f"{each.labels['verb']} {each.labels['resource']}"] += int(each.value)
        return Counter({what: count for what, count in found.items() if not what.endswith(" leases")})


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
            life = Life(port)
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
