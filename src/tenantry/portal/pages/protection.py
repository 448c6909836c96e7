"""What every answer says to browsers about safety, and what no request may be: too large, or with zero characters.

A pure ASGI layer, so that streams pass through it untouched.
"""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAXIMUM_BODY = 64 * 1024
"""Bytes; our forms are far smaller."""

_RULES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

POLICY = "; ".join(f"{what} {sources}" for what, sources in _RULES.items())
"""Scripts, styles and pictures come from us alone, nothing is written inline, and nobody frames our pages."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent unless the answer says otherwise; private pages are in no cache."""


class Protection:
    """Adds the headers and refuses large bodies."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        """Take the application, and whether its public address is a secure one."""
        self._app = app
        self._headers = dict(_HEADERS)
        if is_https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._protect(message)
            await send(message)

        refusal = _refusal(scope)
        await (self._app if refusal is None else refusal)(scope, receive, send_protected)

    def _protect(self, message: MutableMapping[str, Any]) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in self._headers.items():
            headers.setdefault(name, value)


def _refusal(scope: Scope) -> PlainTextResponse | None:
    if _is_too_large(scope):
        return PlainTextResponse("This request is too large.", status_code=413)
    if b"%00" in scope["query_string"] or "\0" in scope["path"]:
        return PlainTextResponse("This address holds a character that no address of ours has.", status_code=400)
    return None


def _is_too_large(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    length = headers.get("content-length", "0")
    is_open_ended = headers.get("transfer-encoding") is not None
    return is_open_ended or not length.isdecimal() or int(length) > MAXIMUM_BODY
