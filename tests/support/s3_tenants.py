"""Whoever has the key of a bucket, and what they are told."""

import secrets
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from botocore import exceptions

from support import s3_server
from tenantry.provisioner.adapters.s3 import connection
from tenantry.provisioner.installations import ports

WITHIN = timedelta(seconds=60)


class Tenant:
    """A bucket with its key, and the means of whoever has the key."""

    def __init__(
        self, server: s3_server.S3Server, connections: connection.Connections, name: str, pair: ports.KeyPair
    ) -> None:
        self.name, self.pair = name, pair
        self.store = server.store(endpoint=server.serving_endpoint).opened_by(pair.access_key, pair.secret_key)
        self._connections = connections

    @asynccontextmanager
    async def clients(self, *, iam_endpoint: str = "") -> AsyncGenerator[connection.Clients]:
        store = replace(self.store, iam_endpoint=iam_endpoint)
        async with self._connections.opened(store, within=WITHIN) as clients:
            yield clients


def new_name() -> str:
    return f"t-{secrets.token_hex(10)}"


async def refusal(asked: Awaitable[Any]) -> str:
    """Return with which code something is refused; empty where it is not."""
    try:
        await asked
    except exceptions.ClientError as error:
        response: Any = error.response
        return response.get("Error", {}).get("Code") or str(response["ResponseMetadata"]["HTTPStatusCode"])
    return ""


async def living_keys(administrator: connection.Clients, name: str) -> list[str]:
    found = await administrator.iam.list_access_keys(UserName=name)
    return [each["AccessKeyId"] for each in found["AccessKeyMetadata"]]
