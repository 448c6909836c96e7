"""The OpenAPI description: what FastAPI finds, and what only we know: problems, scopes, headers.

A response's schema names the codes that this operation answers with this status, so that a description which promises
something else is found by the tests that compare it with answers.
"""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from tenantry.provisioner.api import answers, problems, refusals, schema_names
from tenantry.provisioner.api import dependencies as given
from tenantry.wire import problems as wire

Json = dict[str, Any]

TAGS = [
    {"name": "applications", "description": "What is sold: manifests, and how far their preparation is."},
    {"name": "clusters", "description": "Where installations run."},
    {"name": "database servers", "description": "PostgreSQL servers that hold logical databases."},
    {"name": "object stores", "description": "S3 endpoints that hold buckets."},
    {"name": "installations", "description": "Customers' running copies: a request says what is wanted."},
    {"name": "names", "description": "Which names can be taken."},
    {"name": "events", "description": "What happened, in order, as a list and as a stream."},
    {"name": "tokens", "description": "Who may call, and what they may do."},
]

_HEADERS: Json = {
    "RequestId": {"description": "The request's reference; it is in the log and in problems.", "required": True},
    "ETag": {"description": "Stands for what is answered; send it as If-Match or If-None-Match.", "required": True},
    "Location": {"description": "Where the new thing is.", "required": True},
    "IdempotentReplayed": {"description": "“true”: this request was carried out before, and answered like this."},
    "RetryAfter": {"description": "Seconds after which the request may be sent again."},
    "WwwAuthenticate": {"description": "How to authenticate, and what is missing (RFC 6750).", "required": True},
}
_WITH_ETAG = {"Installation", "Cluster", "DatabaseServer", "ObjectStore", "PoolerConfiguration"}
_NAMES = {
    "RequestId": problems.REFERENCE_HEADER,
    "IdempotentReplayed": answers.REPLAYED,
    "RetryAfter": "Retry-After",
    "WwwAuthenticate": "WWW-Authenticate",
}


class DescribedApi(FastAPI):
    """An application that describes itself wholly."""

    def openapi(self) -> Json:
        """Return the description; it is made once."""
        if self.openapi_schema is None:
            routers: Sequence[APIRouter] = self.state.routers
            self.openapi_schema = describe(self, routers)
        return self.openapi_schema


def describe(app: FastAPI, routers: Sequence[APIRouter]) -> Json:
    """Return the description of an application that is made of these routers."""
    whole = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes, tags=TAGS)
    components = whole["components"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["schemas"] |= _problem_schemas()
    components["headers"] = {name: {**each, "schema": {"type": "string"}} for name, each in _HEADERS.items()}
    components["responses"] = {}
    for route in _routes(routers):
        for method in route.methods or ():
            _complete(whole["paths"][route.path_format][method.lower()], route, components["responses"])
    components["responses"] = dict(sorted(components["responses"].items()))
    return schema_names.renamed(whole)


def _routes(routers: Sequence[APIRouter]) -> Iterator[APIRoute]:
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                yield route


def _problem_schemas() -> Json:
    whole = wire.Problem.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    inner: Json = whole.pop("$defs")
    return {"Problem": whole, **inner}


def scopes(dependant: Dependant) -> Iterator[str]:
    """Yield the scopes that a route asks for."""
    if isinstance(dependant.call, given.Requires):
        yield dependant.call.scope
    for each in dependant.dependencies:
        yield from scopes(each)


def _complete(operation: Json, route: APIRoute, shared: Json) -> None:
    """Add to an operation what FastAPI does not know."""
    for parameter in operation.get("parameters", []):
        parameter["schema"] = schema_names.sendable(parameter["schema"])
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    operation["security"] = [{"token": sorted(set(scopes(route.dependant)))}]
    headers = {each["name"].lower() for each in operation.get("parameters", []) if each["in"] == "header"}
    answered = {status: each for status, each in operation["responses"].items() if int(status) < HTTPStatus.BAD_REQUEST}
    for status, response in answered.items():
        response["description"] = f"{HTTPStatus(int(status)).phrase}."
        response["headers"] = dict(_success_headers(int(status), response, headers))
    operation["responses"] = answered | _problems(route, operation, headers, shared)


def _success_headers(status: int, response: Json, sent: set[str]) -> Iterator[tuple[str, Json]]:
    yield _header("RequestId")
    shape = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    if shape.rpartition("/")[2] in _WITH_ETAG or status == HTTPStatus.NOT_MODIFIED:
        yield _header("ETag")
    if status == HTTPStatus.CREATED:
        yield _header("Location")
    if "idempotency-key" in sent:
        yield _header("IdempotentReplayed")


def _header(name: str) -> tuple[str, Json]:
    return _NAMES.get(name, name), {"$ref": f"#/components/headers/{name}"}


def _problems(route: APIRoute, operation: Json, sent: set[str], shared: Json) -> Json:
    kinds = list(refusals.EVERYWHERE)
    if "requestBody" in operation:
        kinds += refusals.WITH_BODY
    if "idempotency-key" in sent:
        kinds += refusals.WITH_KEY
    if "if-match" in sent:
        kinds += refusals.WITH_CONDITION
    found = {str(status): dict(each[refusals.CODES]) for status, each in refusals.of(*kinds).items()}
    for status, each in route.responses.items():
        found.setdefault(str(status), {}).update(each.get(refusals.CODES, {}))
    return {status: _shared(status, found[status], shared) for status in sorted(found) if found[status]}


def _shared(status: str, codes: dict[str, str], shared: Json) -> Json:
    name = "Or".join("".join(part.capitalize() for part in code.split("-")) for code in sorted(codes))
    shared[name] = _response(status, codes)
    return {"$ref": f"#/components/responses/{name}"}


def _response(status: str, codes: dict[str, str]) -> Json:
    code: Json = {"enum": sorted(codes)} if status != "503" else {"type": "string"}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"properties": {"code": code}}]}
    headers = ["RequestId", *{"401": ["WwwAuthenticate"], "409": ["RetryAfter"], "503": ["RetryAfter"]}.get(status, [])]
    return {
        "description": "\n".join(f"- `{each}`: {codes[each]}" for each in sorted(codes)),
        "headers": dict(_header(each) for each in headers),
        "content": {wire.MEDIA_TYPE: {"schema": schema}},
    }
