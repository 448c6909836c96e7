"""Puts routers, protection and failures together into one web application."""

import prometheus_client
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from starlette.types import Lifespan

from tenantry.portal.pages import (
    account,
    appearance,
    context,
    failures,
    health,
    live,
    new_workspace,
    protection,
    rendering,
    sign_in,
    workspaces,
)

ROUTERS = (health, sign_in, appearance, account, new_workspace, live, workspaces)
"""In this order: `live` has a path that `workspaces` would also take."""


def assemble(
    portal: context.Portal, registry: prometheus_client.CollectorRegistry, lifespan: Lifespan[FastAPI] | None = None
) -> FastAPI:
    """Return the web application over what the composition root has made."""
    app = FastAPI(title="portal", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.portal = portal
    app.state.registry = registry
    for room in ROUTERS:
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=rendering.STATIC), name="static")
    failures.install(app)
    app.add_middleware(protection.Protection, is_https=portal.settings.public_url.startswith("https://"))
    return app
