"""Puts the routers together into one application."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

import tenantry
from tenantry.provisioner.api import (
    actions,
    applications,
    capacity,
    dependencies,
    description,
    events,
    health,
    infrastructure,
    installations,
    limits,
    logs,
    noting,
    operators,
    poolers,
    problems,
    tokens,
)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

ROUTERS = (
    applications.router,
    infrastructure.router,
    limits.router,
    operators.router,
    poolers.router,
    capacity.router,
    installations.router,
    actions.router,
    logs.router,
    installations.names_router,
    events.router,
    tokens.router,
    health.router,
)


def build(services: dependencies.Services, registry: CollectorRegistry, lifespan: Lifespan | None = None) -> FastAPI:
    """Return the provisioner's REST API."""
    app = bare(lifespan)
    app.state.services = services
    app.state.registry = registry
    app.add_middleware(noting.Heading)
    app.add_middleware(noting.Limiting)
    app.add_middleware(noting.Noting, identifiers=services.around.identifiers, registry=registry)
    return app


def bare(lifespan: Lifespan | None = None) -> FastAPI:
    """Return the routes with their description and their problems, and nothing behind them.

    There are no pages that explain them here: those of FastAPI load programs from elsewhere. No address leads to
    another, so that a token goes nowhere but where it was sent.
    """
    app = description.DescribedApi(
        title="tenantry provisioner",
        version=tenantry.__version__,
        description="Sells, builds, watches and retires installations.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.routers = ROUTERS
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    return app
