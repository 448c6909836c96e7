"""A PostgreSQL for all tests here, and a portal for each test that asks for one."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from support import portal_browser, portal_postgres, portal_stage


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
async def visitor(stage: portal_stage.Stage) -> AsyncGenerator[portal_browser.Visitor, None]:
    async with portal_browser.Visitor.arriving(stage.url) as arrived:
        yield arrived
