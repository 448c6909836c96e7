"""Whom a portal believes when it is told for whom a request is forwarded: its own front doors, and nobody else."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request

from tenantry.portal import server, settings

VISITOR = "192.0.2.7"


def portal(**given: Any) -> settings.Settings:
    return settings.Settings(
        database_url="postgresql+psycopg://", provisioner_url="http://x", provisioner_token_file=Path("x"),
        secret_file=Path("x"), **given,
    )  # fmt: skip


async def seen(chosen: settings.Settings, peer: str) -> str:
    """Return as whom the portal sees a visitor whose request comes from a peer."""
    app = FastAPI()
    clients: list[str] = []

    async def page(request: Request) -> None:
        clients.append(request.client.host if request.client else "")

    app.add_api_route("/", page)
    config = server.uvicorn_config(app, chosen)
    config.load()
    headers = [(b"host", b"x"), (b"x-forwarded-for", VISITOR.encode())]
    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": headers,
        "client": (peer, 1), "server": ("x", 80), "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: dict[str, Any]) -> None:
        return None

    await config.loaded_app(scope, receive, send)  # type: ignore[arg-type] - plain dictionaries are what servers give
    return clients[0]


@pytest.mark.parametrize(
    ("given", "peer", "client"),
    [
        ({}, "127.0.0.1", VISITOR),
        ({}, "10.1.2.3", "10.1.2.3"),
        ({"front_doors": "10.0.0.0/8,192.0.2.1"}, "10.1.2.3", VISITOR),
        ({"front_doors": "10.0.0.0/8,192.0.2.1"}, "172.16.0.1", "172.16.0.1"),
    ],
)
async def test_only_front_doors_are_believed(given: dict[str, str], peer: str, client: str) -> None:
    assert await seen(portal(**given), peer) == client
