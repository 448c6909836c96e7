"""What the API answers to made-up requests, good and bad, is what its description says; the seed is always the same."""

import asyncio
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import checks

from support import provisioner_stage
from tenantry.provisioner.api import app
from tenantry.wire import infrastructure

EXAMPLES = 3
LOADED: Any = schemathesis.openapi.from_dict(app.bare().openapi())
SCHEMA = LOADED.exclude(operation_id="follow_events")  # it never ends
KNOWN: Any = checks  # its types are partly unknown
NOT_PROMISED = [KNOWN.positive_data_acceptance, KNOWN.not_a_server_error]
"""What fits the description may still be refused for what it means; and 503 says that something is to be waited for."""
INTERNAL_ERROR = 500
AUTHORIZED = {"Authorization": f"Bearer {provisioner_stage.SECRET}"}


@pytest.fixture(scope="module")
def address(postgres_server: Any, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a provisioner answers that knows one thing of each kind, all of them called acme."""
    name = f"test_{secrets.token_hex(6)}"
    with postgres_server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated}")
    serving = Serving(postgres_server, name, tmp_path_factory.mktemp("fuzzing"))
    thread = threading.Thread(target=asyncio.run, args=(serving.run(),))
    thread.start()
    try:
        assert serving.started.wait(20)
        yield serving.url
    finally:
        serving.stop()
        thread.join(20)
        with postgres_server.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Serving:
    """A provisioner in a thread of its own, since the requests are made without an event loop."""

    def __init__(self, server: Any, name: str, folder: Path) -> None:
        self._place = provisioner_stage.Place(
            url=server.url(name),
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            folder=folder,
        )
        self.url = ""
        self.started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with provisioner_stage.opened(self._place, supervised=[]) as stage:
            await stage.client.applications.apply(provisioner_stage.application())
            await stage.client.clusters.register(infrastructure.RegisterCluster(name="acme", endpoint="unix:///x"))
            await stage.create("acme")
            self.url = stage.url
            self.started.set()
            await self._stopped.wait()

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)


@SCHEMA.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
def test_the_api_does_what_it_describes(case: Any, address: str) -> None:
    answer = case.call_and_validate(base_url=address, headers=AUTHORIZED, excluded_checks=NOT_PROMISED)
    assert answer.status_code != INTERNAL_ERROR
