"""Routes for whoever watches this process: alive, ready, and how it does."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from tenantry.engine import database
from tenantry.provisioner.api import dependencies as given

router = APIRouter(tags=["health"], include_in_schema=False)


@router.get("/health")
async def health() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(services: given.ServicesOf) -> dict[str, str]:
    """Tell that requests can be served: the database answers."""
    async with services.base.read() as reader:
        await database.ping(reader)
    return {"status": "ready"}


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Return the process's series in Prometheus' format."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
