"""A real Chromium in front of a whole portal; without Chromium these tests are skipped, loudly."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from playwright import async_api

from support import portal_chromium, portal_postgres, portal_stage


@pytest.fixture(autouse=True)
def _needs_chromium() -> None:
    if portal_chromium.path() is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")


@pytest.fixture(scope="session")
def portal_postgres_server() -> Iterator[portal_postgres.Server]:
    with portal_postgres.running() as server:
        yield server


@pytest.fixture
async def stage(
    portal_postgres_server: portal_postgres.Server, tmp_path: Path
) -> AsyncGenerator[portal_stage.Stage, None]:
    async with portal_stage.opened(portal_postgres_server.new_database(), tmp_path) as opened:
        yield opened


@pytest.fixture
async def browser() -> AsyncGenerator[async_api.Browser, None]:
    async with portal_chromium.opened() as opened:
        yield opened


@pytest.fixture
async def page(browser: async_api.Browser, stage: portal_stage.Stage) -> AsyncGenerator[async_api.Page, None]:
    context = await browser.new_context(base_url=stage.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(8000)
    yield await context.new_page()
    await context.close()
