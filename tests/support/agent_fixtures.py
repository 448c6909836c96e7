"""Fixtures for tests that need a real agent: one stage for a module, since bringing it up takes a second."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from support import agent_stage, tiny


@pytest.fixture(scope="session")
def package_cache() -> Iterator[Path]:
    """Packages prepared once for the session, in a folder that workloads' users may pass."""
    folder = agent_stage.make_folder()
    yield folder
    shutil.rmtree(folder)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stage(package_cache: Path) -> AsyncIterator[agent_stage.Stage]:
    """A running agent that knows the tiny application."""
    async with agent_stage.open_stage(package_cache) as opened:
        await opened.start_agent()
        await agent_stage.apply_tiny(opened.runtime, tiny.application())
        yield opened
