"""The agent's HTTP interface: parses, calls the fleet, answers. Whoever may open its socket may use it."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import fastapi
import orjson
from fastapi import responses

from tenantry.application import manifest
from tenantry.kernel import errors
from tenantry.local.agent import fleet, hub, logs, measures, versions
from tenantry.runtime import contract, document, masking

HEARTBEAT = 10.0
"""Seconds of silence after which a watch sends an empty line, so that a broken connection is noticed."""

LINES = "application/x-ndjson"
_MOST_LINES = 10_000


class NoSuchError(errors.NotFoundError):
    """There is no such thing here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the interface speaks for."""

    fleet: fleet.Fleet
    hub: hub.Hub
    versions: versions.Versions
    measures: measures.Measures
    facts: document.ClusterFacts


def build(parts: Parts) -> fastapi.FastAPI:
    """Return the application."""
    app = fastapi.FastAPI(title="tenantry agent", docs_url=None, redoc_url=None)
    app.add_exception_handler(errors.TenantryError, _problem)
    app.include_router(_applications(parts))
    app.include_router(_installations(parts))
    app.include_router(_about(parts))
    return app


def _applications(parts: Parts) -> fastapi.APIRouter:
    router = fastapi.APIRouter(prefix="/v1/applications")

    @router.put("/{name}")
    async def put(name: str, application: manifest.Application) -> manifest.Application:
        _check_name(name, application.metadata.name)
        await parts.versions.apply(application)
        return get(name)

    @router.get("/{name}")
    def get(name: str) -> manifest.Application:
        if (found := parts.versions.reported(name)) is None:
            raise NoSuchError(f"The application “{name}” is not known here.")
        return found

    return router


def _installations(parts: Parts) -> fastapi.APIRouter:
    router = fastapi.APIRouter(prefix="/v1")

    @router.put("/installations/{name}")
    async def put(name: str, bundle: document.InstallationBundle) -> document.Installation:
        _check_name(name, bundle.installation.metadata.name)
        return await parts.fleet.apply(bundle)

    @router.get("/installations")
    def list_all() -> list[document.Installation]:
        return list(parts.hub.present.values())

    @router.get("/installations/{name}")
    def get(name: str) -> document.Installation:
        if (found := parts.hub.present.get(name)) is None:
            raise NoSuchError(f"There is no installation “{name}” here.")
        return found

    @router.delete("/installations/{name}", status_code=202)
    async def delete(name: str) -> None:
        await parts.fleet.delete(name)

    @router.get("/installations/{name}/logs")
    async def read_logs(name: str, tail: int = 100, *, follow: bool = False) -> responses.StreamingResponse:
        get(name)
        lines = _log_lines(parts, name, tail=max(0, min(tail, _MOST_LINES)), follow=follow)
        return responses.StreamingResponse(lines, media_type=LINES)

    @router.get("/watch")
    async def watch() -> responses.StreamingResponse:
        return responses.StreamingResponse(_watch(parts.hub), media_type=LINES)

    return router


def _about(parts: Parts) -> fastapi.APIRouter:
    router = fastapi.APIRouter()

    @router.get("/v1/facts")
    def facts() -> document.ClusterFacts:
        return parts.facts

    @router.get("/health")
    @router.get("/ready")
    def ready() -> dict[str, str]:
        return {"status": "ready"}

    @router.get("/metrics")
    def metrics() -> fastapi.Response:
        return fastapi.Response(parts.measures.exposition(), media_type="text/plain; version=0.0.4")

    return router


async def _watch(present: hub.Hub) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(present.watch(heartbeat=HEARTBEAT)) as told:
        async for observed in told:
            yield b"\n" if observed is None else orjson.dumps(_event(observed)) + b"\n"


def _event(observed: hub.Told) -> dict[str, Any]:
    if isinstance(observed, contract.Synced):
        return {"synced": True}
    installation = observed.installation
    return {"name": observed.name, "installation": installation.model_dump(mode="json") if installation else None}


async def _log_lines(parts: Parts, name: str, *, tail: int, follow: bool) -> AsyncIterator[bytes]:
    worker = parts.fleet.get(name)
    if worker is None:
        return
    folder = worker.case.workspace.logs
    ends = logs.ends(folder)
    for line in logs.tail(folder, tail):
        yield _line(line, worker.case.masked)
    if follow:
        async for line in logs.follow(folder, ends):
            yield _line(line, worker.case.masked)


def _line(line: contract.LogLine, secrets: tuple[str, ...]) -> bytes:
    masked = dataclasses.replace(line, text=masking.mask(line.text, secrets))
    return orjson.dumps(dataclasses.asdict(masked)) + b"\n"


def _check_name(path: str, name: str) -> None:
    if path != name:
        raise errors.CustomerMustActError(
            f"The address says “{path}” and the document “{name}”.", field="metadata.name"
        )


async def _problem(_: fastapi.Request, error: Exception) -> fastapi.Response:
    known = error if isinstance(error, errors.TenantryError) else errors.TenantryError()
    body = {
        "type": "about:blank",
        "title": known.message,
        "status": known.status,
        "code": known.code,
        "hint": known.advice,
        "field": known.field,
    }
    return fastapi.Response(orjson.dumps(body), status_code=known.status, media_type="application/problem+json")
