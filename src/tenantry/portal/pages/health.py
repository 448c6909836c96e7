"""What machines ask: is it alive, can it serve, and how does it do.

They ask the process directly. What comes through a front door, which adds `X-Forwarded-For` to all it passes on, comes
from a customer's browser and is told no more than that the process lives.
"""

import prometheus_client
from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from tenantry.kernel import errors
from tenantry.portal.pages import context

router = APIRouter()


def _from_inside(request: Request) -> None:
    if {"x-forwarded-for", "forwarded"} & set(request.headers.keys()):
        raise errors.NotFoundError


@router.get("/health")
async def health() -> JSONResponse:
    """Say that the process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/ready", dependencies=[Depends(_from_inside)])
async def ready(tools: context.PortalDependency) -> JSONResponse:
    """Say whether pages can be served: the database answers. The provisioner may be away."""
    contact = await tools.overview.contact()
    answer = {"status": "ready", "provisioner": contact.state.value}
    return JSONResponse(answer | ({"answered": contact.lost_code} if contact.lost_code else {}))


@router.get("/metrics", dependencies=[Depends(_from_inside)])
async def metrics(request: Request) -> Response:
    """Give the counters in Prometheus' words."""
    registry: prometheus_client.CollectorRegistry = request.app.state.registry
    return Response(prometheus_client.generate_latest(registry), media_type=prometheus_client.CONTENT_TYPE_LATEST)
