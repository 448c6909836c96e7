"""The mailbox's page, which opens only with its key."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tenantry.kernel import clock, ids, randomness
from tenantry.local.mailbox import letters, pages

KEY = "the-key"


@pytest.fixture
async def session(tmp_path: Path, short_folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    kept = letters.Letters(tmp_path, ids.UlidIdentifiers(clock.SystemClock(), randomness.SystemRandomness()))
    kept.add(b"Subject: Code <b>1</b>\r\n\r\n<script>123456</script>\r\n", recipients=["a@example.com"])
    runner = web.AppRunner(pages.Pages(kept, KEY).application())
    await runner.setup()
    await web.UnixSite(runner, str(short_folder / "page.sock")).start()
    connector = aiohttp.UnixConnector(path=str(short_folder / "page.sock"))
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession("http://mailbox.localhost/", connector=connector, cookie_jar=jar) as opened:
        yield opened
    await runner.cleanup()


@pytest.mark.parametrize("path", ["/", "/messages.json", "/?key=guess", "/messages.json?key="])
async def test_without_the_key_nothing_is_shown(session: aiohttp.ClientSession, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer guess"}, {"Cookie": "mailbox_key=guess"}):
        async with session.get(path, headers=headers) as answer:
            assert answer.status == 401
            assert "123456" not in await answer.text()


async def test_the_key_opens_the_page_and_does_not_stay_in_the_address(session: aiohttp.ClientSession) -> None:
    async with session.get("/", params={"key": KEY}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        assert "HttpOnly" in answer.headers["Set-Cookie"]
    async with session.get("/") as answer:
        page = await answer.text()
    assert "&lt;script&gt;123456&lt;/script&gt;" in page
    assert "Code &lt;b&gt;1&lt;/b&gt;" in page


async def test_programs_read_the_mails_of_one_recipient(session: aiohttp.ClientSession) -> None:
    bearer = {"Authorization": f"Bearer {KEY}"}
    async with session.get("/messages.json?to=A@example.com", headers=bearer) as answer:
        (message,) = (await answer.json())["messages"]
    assert message["text"] == "<script>123456</script>"
    async with session.get("/messages.json?to=b@example.com", headers=bearer) as answer:
        assert (await answer.json())["messages"] == []
    async with session.get("/messages.json?limit=many", headers=bearer) as answer:
        assert answer.status == 400


async def test_readiness_needs_no_key(session: aiohttp.ClientSession) -> None:
    async with session.get("/health") as answer:
        assert answer.status == 200
