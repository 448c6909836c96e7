"""A client, and the stage that plays its provisioner."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from support import stage as stages
from tenantry.client import provisioner, retrying, transport


@pytest.fixture
async def stage() -> AsyncGenerator[stages.Stage, None]:
    async with stages.opened() as played:
        yield played


@pytest.fixture
def options() -> transport.Options:
    quick = retrying.Retrying(first=timedelta(milliseconds=5), longest=timedelta(milliseconds=50))
    return transport.Options(silence=timedelta(milliseconds=300), total=timedelta(seconds=5), retries=quick)


@pytest.fixture
async def client(stage: stages.Stage, options: transport.Options) -> AsyncGenerator[provisioner.Provisioner, None]:
    async with provisioner.Provisioner(stage.url, "secret-token", options=options) as opened:
        yield opened
