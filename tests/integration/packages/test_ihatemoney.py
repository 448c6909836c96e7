"""I Hate Money as its manifest describes it, for real."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from support import pgbouncer
from tenantry.application import rendering
from tenantry.wire import poolers

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(300)]


async def _csrf(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url) as answer:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', await answer.text())
        assert found is not None
        return found.group(1)


async def _start_budget(session: aiohttp.ClientSession, url: str, password: str) -> None:
    page = f"{url}/admin?goto=/create"
    async with session.post(
        page, data={"admin_password": password, "csrf_token": await _csrf(session, page)}
    ) as answer:
        assert answer.url.path == "/create"
    budget = {
        "name": "Flat",
        "contact_email": "ada@example.com",
        "password": "kettle",
        "default_currency": "XXX",
        "csrf_token": await _csrf(session, f"{url}/create"),
    }
    async with session.post(f"{url}/create", data=budget) as answer:
        assert answer.url.path == "/flat/"


async def _name_of_budget(session: aiohttp.ClientSession, url: str) -> str:
    headers = {"Authorization": aiohttp.encode_basic_auth("flat", "kettle")}
    async with session.get(f"{url}/api/projects/flat", headers=headers) as answer:
        return (await answer.json())["name"]


async def _is_refused(hosted: Any, version: str) -> bool:
    """Tell whether a version ends again and again instead of becoming ready."""

    async def start() -> None:
        async with hosted.running(version):
            pass

    starting = asyncio.ensure_future(start())
    async with asyncio.timeout(60):
        while not starting.done() and "exited with code 1" not in (hosted.folder / "log.txt").read_text():  # noqa: ASYNC110 - a process writes it
            await asyncio.sleep(0.1)
    has_become_ready = starting.done()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    return not has_become_ready


async def test_the_administrator_starts_a_budget_through_the_pages(host: Callable[[str], Any]) -> None:
    hosted = host("ihatemoney")
    jar = aiohttp.CookieJar(unsafe=True)
    async with hosted.running() as rendered, aiohttp.ClientSession(cookie_jar=jar) as session:
        assert await hosted.run(rendered.jobs[rendering.JobName.SMOKE_CHECK]) == (0, "")
        await _start_budget(session, hosted.url, rendered.credentials.password)
        assert await _name_of_budget(session, hosted.url) == "Flat"


async def test_an_update_keeps_the_budget_and_there_is_no_way_back(host: Callable[[str], Any]) -> None:
    hosted = host("ihatemoney")
    jar = aiohttp.CookieJar(unsafe=True)
    async with hosted.running("7.1.1") as rendered, aiohttp.ClientSession(cookie_jar=jar) as session:
        await _start_budget(session, hosted.url, rendered.credentials.password)
    async with hosted.running("7.2.1"), aiohttp.ClientSession() as session:
        assert await _name_of_budget(session, hosted.url) == "Flat"
    # What the manifest says by naming no `downgradesTo`: the older version does not know the newer one's database.
    assert await _is_refused(hosted, "7.1.1")


async def test_a_stranger_cannot_start_a_budget(host: Callable[[str], Any]) -> None:
    hosted = host("ihatemoney")
    async with hosted.running(), aiohttp.ClientSession() as session:
        async with session.get(f"{hosted.url}/create") as answer:
            assert answer.url.path == "/admin"
        async with session.get(f"{hosted.url}/") as answer:
            assert "Acme &amp; “Sons”" in await answer.text()


@pytest.fixture
async def pooled(host: Callable[[str], Any], postgres_server: Any) -> AsyncIterator[tuple[Any, pgbouncer.Pooler]]:
    """One that reaches its database through a PgBouncer, as its manifest allows."""
    hosted = host("ihatemoney")
    need, given = hosted.application.spec.needs.database, hosted.handover.database
    with postgres_server.connect() as connection:
        asked = "SELECT rolpassword FROM pg_authid WHERE rolname = %s"
        [(verifier,)] = connection.execute(asked, [given["user"]]).fetchall()
    async with pgbouncer.placed() as pooler:
        own = poolers.PooledDatabase(
            name=given["name"], mode=need.pooling.mode, connections=need.pooling.connections, verifier=verifier
        )
        known = poolers.PoolerConfiguration(
            server="pg", host=given["host"], port=int(given["port"]), ssl_mode="disable", budget=3, databases=[own]
        )
        pooler.write(known)
        pooler.start()
        await pooler.until_up()
        through = given["url"].replace(f":{given['port']}/", f":{pooler.port}/")
        ways = {"poolerHost": pooler.host, "poolerPort": str(pooler.port), "poolerUrl": through}
        handover = dataclasses.replace(hosted.handover, database={**given, **ways})
        yield dataclasses.replace(hosted, handover=handover), pooler


async def test_a_pooler_in_transaction_mode_does(pooled: tuple[Any, pgbouncer.Pooler], postgres_server: Any) -> None:
    hosted, pooler = pooled
    own = hosted.handover.database["user"]
    asked = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
    jar = aiohttp.CookieJar(unsafe=True)
    most = 0
    async with hosted.running("7.1.1") as rendered, aiohttp.ClientSession(cookie_jar=jar) as session:
        await _start_budget(session, hosted.url, rendered.credentials.password)
    async with hosted.running("7.2.1") as rendered, aiohttp.ClientSession() as session:  # which migrates as it starts
        assert await hosted.run(rendered.jobs[rendering.JobName.SMOKE_CHECK]) == (0, "")
        for _ in range(10):
            names = await asyncio.gather(*[_name_of_budget(session, hosted.url) for _ in range(12)])
            assert set(names) == {"Flat"}
            with postgres_server.connect() as connection:
                [(count,)] = connection.execute(asked, [own]).fetchall()
            most = max(most, count)
        assert [row for row in pooler.console("SHOW CLIENTS") if own in row]
    assert 0 < most <= hosted.application.spec.needs.database.pooling.connections
