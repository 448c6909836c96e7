"""What holds for every request: a reference, a count, a limit on its body, and that no cache keeps the answer.

These are plain ASGI layers: they pass streams through as they come.
"""

from collections.abc import Callable

import anyio
from prometheus_client import CollectorRegistry, Counter
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenantry.kernel import ids
from tenantry.provisioner.api import problems

BODY_LIMIT = 1024 * 1024
"""No request is longer: the longest are manifests with locks, an eighth of it."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Noting:
    """Gives every request a reference, and counts it by method and status."""

    def __init__(self, app: ASGIApp, identifiers: ids.Identifiers, registry: CollectorRegistry) -> None:
        """Take the application, where references come from, and where to count."""
        self._app, self._identifiers = app, identifiers
        self._counter = Counter(
            "tenantry_api_requests", "Requests, by method and status.", ["method", "status"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reference = self._identifiers.new("req")
        scope.setdefault("state", {})["reference"] = reference
        method = scope["method"] if scope["method"] in _METHODS else "other"
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _mark(MutableHeaders(scope=message), reference)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._counter.labels(method, str(status)).inc()


def _mark(headers: MutableHeaders, reference: str) -> None:
    headers[problems.REFERENCE_HEADER] = reference
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("X-Content-Type-Options", "nosniff")


class Limiting:
    """Refuses bodies that are too long, told or found out."""

    def __init__(self, app: ASGIApp, limit: int = BODY_LIMIT) -> None:
        """Take the application and the limit in bytes."""
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count what is read of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "")
        if told.isdecimal() and (len(told) > len(str(self._limit)) or int(told) > self._limit):
            await problems.too_long(scope, self._limit)(scope, receive, send)
            return
        await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._limit:
                raise HTTPException(413)
            return message

        return counted


class Heading:
    """Answers HEAD as GET would be, without the body; an endless stream ends with its headers."""

    def __init__(self, app: ASGIApp) -> None:
        """Take the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        with anyio.CancelScope() as enough:
            await self._app({**scope, "method": "GET"}, receive, _headers_only(send, enough.cancel))


def _headers_only(send: Send, enough: Callable[[], None]) -> Send:
    is_ended = False

    async def headers_only(message: Message) -> None:
        nonlocal is_ended
        if message["type"] != "http.response.body":
            await send(message)
        elif not is_ended:
            is_ended = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            if message.get("more_body"):
                enough()

    return headers_only
