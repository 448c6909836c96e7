"""Operators that run as programs of their own, as their metrics tell of them, and a way for them that can be cut."""

import functools
import os
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from prometheus_client import parser

from tenantry.kernel import randomness
from tenantry.local import ports, readiness
from testbed import accounts, cluster, layout, operators, passage, process

_WRITES = frozenset({"create", "patch", "update", "delete"})


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

    async def leads(self) -> bool:
        """Tell whether it acts."""
        return any(each.value == 1 for each in await self.samples() if each.name == "tenantry_operator_leads")

    async def looks(self) -> int:
        """Return how many looks at installations it has taken."""
        return sum(int(each.value) for each in await self.samples() if each.name == "tenantry_operator_looks_total")

    async def has_looked_at(self, count: int) -> bool:
        """Tell whether it has looked at so many installations and has nothing more to do at once."""
        said = {each.name: each.value for each in await self.samples()}
        is_busy = said.get("tenantry_operator_queue_ready", 1) or said.get("tenantry_operator_queue_working", 1)
        return said.get("tenantry_operator_looks_total", 0) >= count and not is_busy

    async def writes(self) -> Counter[str]:
        """Return what it wrote, but for its Lease."""
        found = Counter[str]()
        for each in await self.samples():
            if each.name == "tenantry_kubernetes_calls_total" and each.labels["verb"] in _WRITES:
                found[f"{each.labels['verb']} {each.labels['resource']}"] += int(each.value)
        return Counter({what: count for what, count in found.items() if not what.endswith(" leases")})


@asynccontextmanager
async def detour(up: cluster.Cluster, folder: Path) -> AsyncGenerator[tuple[process.Process, Path]]:
    """Give a kubeconfig that leads to the API server through a program; whoever freezes that has cut the way.

    As with a cable that is pulled, nobody is told: connections stay open, and nothing comes through.

    Args:
        up: a prepared cluster.
        folder: for the kubeconfig and a log.
    """
    port = ports.choose(["detour"], {}, randomness.SystemRandomness())["detour"]
    ends = (passage.here(port), passage.here(urlsplit(up.endpoint).port or 0))
    command = (sys.executable, "-I", passage.__file__, str(os.getpid()), *map(str, ends))
    listens = functools.partial(readiness.listens, layout.HOST, port)
    way = process.Process("detour", command, log=folder / "detour.log", ready=listens)
    known = await accounts.write_kubeconfig(up, operators.HOME, operators.ACCOUNT)
    file = folder / "detour.kubeconfig"
    file.write_text(known.read_text().replace(up.endpoint, f"https://{layout.HOST}:{port}"))
    await way.start()
    try:
        yield way, file
    finally:
        await way.stop()
