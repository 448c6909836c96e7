"""Both provisioners that the portal's tests know: the twin in memory, and the real API on a real PostgreSQL."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from support import portal_postgres, portal_sides


@pytest.fixture(scope="session")
def portal_postgres_server() -> Iterator[portal_postgres.Server]:
    with portal_postgres.running() as server:
        yield server


@pytest.fixture(params=["twin", "api"])
async def side(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[portal_sides.Side]:
    if request.param == "twin":
        async with portal_sides.twin() as twin:
            yield twin
        return
    postgres: portal_postgres.Server = request.getfixturevalue("portal_postgres_server")
    async with portal_sides.real(postgres, tmp_path) as real:
        yield real
