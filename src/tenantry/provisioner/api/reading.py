"""How a request is read: strictly, and only after its token was looked at.

FastAPI reads the body before it asks who calls. Here whatever is wrong with the body is kept until the caller is known,
so that a stranger hears 401 and nothing else.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from tenantry.kernel import errors
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.api import json_text, parameters

_UNREADABLE = "unreadable"


class MediaTypeUnsupportedError(errors.CustomerMustActError):
    """The body's Content-Type is not application/json."""

    code = "media-type-unsupported"
    status = 415
    hint = "Send “Content-Type: application/json”."


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """Return the body's value; where it has none, keep the error for `readable` to raise."""
        try:
            return json_text.read(await self.body())
        except errors.CustomerMustActError as error:
            self.scope[_UNREADABLE] = error
            return None


class StrictRoute(APIRoute):
    """A route whose requests are read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


async def readable(request: Request, by: given.Caller) -> None:
    """Refuse what could be understood in two ways, or not at all; a dependency of every route."""
    del by
    route = request.scope["route"]
    if b"%2f" in request.scope.get("raw_path", b"").lower():
        raise parameters.ParameterRefusedError("No name or id holds a slash.", "path", "path")
    parameters.check(request, route.dependant)
    if route.body_field is not None and await request.body():
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise MediaTypeUnsupportedError
    if (error := request.scope.get(_UNREADABLE)) is not None:
        raise error


def router(prefix: str, *tags: str) -> APIRouter:
    """Return a router whose requests are read strictly."""
    return APIRouter(prefix=prefix, tags=[*tags], route_class=StrictRoute, dependencies=[Depends(readable)])
