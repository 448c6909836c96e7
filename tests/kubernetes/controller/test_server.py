"""The operator as a program of its own: it serves health and metrics, does its work, and ends when it is asked to."""

import asyncio
import signal

import aiohttp

from support import operator_stage as stages
from tenantry.runtime import document


async def test_it_serves_works_and_ends(stage: stages.Stage) -> None:
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name))
    port = stages.free_port()
    async with stage.program(port) as process, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:

        async def is_ready() -> bool:
            try:
                async with session.get("/readyz") as answer:
                    return answer.status == 200
            except aiohttp.ClientConnectionError:
                return False

        await stages.eventually(is_ready)
        ordered = await stage.order(name, namespace=stages.fresh("acme"))
        await ordered.until(document.Phase.READY)
        async with session.get("/metrics") as answer:
            told = await answer.text()
        assert 'tenantry_kubernetes_calls_total{code="200",resource="installations/status",verb="patch"}' in told
        assert "tenantry_operator_leads 1.0" in told
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await process.wait() == 0
    assert not (await stage.api.get(stages.LEASE))["spec"].get("holderIdentity")
