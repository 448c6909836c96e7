"""Errors leave as RFC 9457 problem details with a stable code, what to do, and a reference that is also in the log."""

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import cast
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from tenantry.application import findings, settings
from tenantry.kernel import errors
from tenantry.provisioner.access import model as access
from tenantry.provisioner.api import json_text, parameters
from tenantry.wire import problems as wire

log = structlog.get_logger(__name__)

REFERENCE_HEADER = "X-Request-Id"


def install(app: FastAPI) -> None:
    """Let every error leave as a problem."""
    app.add_exception_handler(errors.TenantryError, _own)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(exc.DataError, _unstorable)
    for away in (exc.OperationalError, exc.InterfaceError, exc.TimeoutError):
        app.add_exception_handler(away, _database_away)
    app.add_exception_handler(Exception, _unexpected)


def too_long(scope: Scope, limit: int) -> Response:
    """Return the problem of a request that is longer than the limit."""
    return _answer(Request(scope), _of_http(413, f"The body is longer than {limit} bytes."))


def _answer(request: Request, problem: wire.Problem, *, retry_after: timedelta | None = None) -> Response:
    reference = getattr(request.state, "reference", None)
    body = problem.model_copy(update={"reference": reference}).model_dump_json(exclude_none=True)
    headers = {REFERENCE_HEADER: reference} if reference else {}
    if problem.status == errors.UnauthenticatedError.status:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if "authorization" in request.headers else "Bearer"
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after.total_seconds())))
    return Response(body, status_code=problem.status, media_type=wire.MEDIA_TYPE, headers=headers)


def _problem(status: int, code: str, detail: str, hint: str | None = None) -> wire.Problem:
    title = code.replace("-", " ").capitalize()
    kind = f"https://tenantry.dev/problems/{code}"
    return wire.Problem(type=kind, title=title, status=status, detail=detail, code=code, hint=hint)


async def _own(request: Request, error: Exception) -> Response:
    if not isinstance(error, errors.TenantryError):
        raise error
    problem = _problem(error.status, error.code, error.message, error.advice)
    problem = problem.model_copy(update={"fields": list(_fields(error))})
    delay = error.delay if isinstance(error, errors.TemporaryError) else None
    answer = _answer(request, problem, retry_after=delay)
    if isinstance(error, access.ScopeMissingError):
        answer.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{error.scope}"'
    return answer


def _fields(error: errors.TenantryError) -> Iterator[wire.FieldProblem]:
    match error:
        case json_text.ValueRefusedError():
            yield _field(("body", *error.place), error.message)
        case parameters.ParameterRefusedError():
            yield _field((error.location, error.field or ""), error.message)
        case settings.SettingsInvalidError() | findings.ManifestError():
            for key, message in error.fields.items():
                place = _pointer(findings.split(key))
                yield wire.FieldProblem(field=key, message=message, location="body", pointer=place)
        case _ if error.field is not None:
            yield wire.FieldProblem(field=error.field, message=error.message)
        case _:
            return


async def _validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    fields = [_field(each["loc"], each["msg"]) for each in error.errors()]
    detail = "; ".join(f"{each.field or 'body'}: {each.message}" for each in fields)
    problem = _problem(422, "request-invalid", detail, "Correct the named fields and send the request again.")
    return _answer(request, problem.model_copy(update={"fields": fields}))


def _field(loc: Sequence[str | int], message: str) -> wire.FieldProblem:
    location, *place = loc
    is_in_body = location == "body"
    return wire.FieldProblem(
        field=".".join(str(part) for part in place),
        message=message,
        location=cast("wire.Location", location),
        pointer=_pointer(place) if is_in_body else None,
    )


def _pointer(place: Sequence[str | int]) -> str:
    """Return a JSON Pointer as a URI fragment (RFC 6901, 6)."""
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in place]
    return "#" + "".join(f"/{quote(part, safe='~')}" for part in parts)


_HTTP_CODES = {404: "route-not-found", 405: "method-not-allowed", 413: "body-too-long"}


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        return _answer(request, _of_http(error.status_code, str(error.detail)))
    allowed = {"Allow": ", ".join(_allowed(request))}
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=allowed)
    answer = _answer(request, _of_http(error.status_code, f"{request.method} cannot be asked of this address."))
    answer.headers.update(allowed)
    return answer


def _of_http(status: int, detail: str) -> wire.Problem:
    return _problem(status, _HTTP_CODES.get(status, "http-error"), detail)


def _allowed(request: Request) -> Iterator[str]:
    """Yield the methods that the address of a request takes, of all its routes."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            yield from ("GET", "HEAD") if method == "GET" else (method,)
    yield "OPTIONS"


async def _unstorable(request: Request, error: Exception) -> Response:
    """Answer values of the right type that PostgreSQL cannot hold: a NUL in a text, a time out of its range."""
    log.info("request not storable", path=request.url.path, error=type(error).__name__)
    detail = "A value cannot be stored: it holds a NUL character, or is out of range."
    return _answer(request, _problem(422, "request-invalid", detail, "Correct it and send the request again."))


async def _database_away(request: Request, error: Exception) -> Response:
    reference = getattr(request.state, "reference", None)
    log.error("database away", reference=reference, path=request.url.path, error=type(error).__name__)
    detail = "The provisioner's database does not answer. Nothing was changed."
    problem = _problem(503, "temporarily-unavailable", detail, "Try again in a moment.")
    return _answer(request, problem, retry_after=timedelta(seconds=1))


async def _unexpected(request: Request, error: Exception) -> Response:
    reference = getattr(request.state, "reference", None)
    log.error("request failed", reference=reference, path=request.url.path, exc_info=error)
    detail = "Something went wrong here. Nothing was changed."
    return _answer(request, _problem(500, "internal", detail, "Try again; quote the reference if it stays so."))
