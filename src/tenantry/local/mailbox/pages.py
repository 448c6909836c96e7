"""The mailbox's page, and the same mails in JSON, for whoever has the key.

One-time codes are in these mails and workloads run on the same machine, so everything but `/health` asks for the key:
in the address once (`/?key=…`), then in a cookie, or as a bearer token.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

import jinja2
from aiohttp import web

from tenantry.local.mailbox import letters

COOKIE = "mailbox_key"

_SHOWN = 50
_MOST = 500
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages:
    """The routes of the mailbox."""

    def __init__(self, kept: letters.Letters, key: str) -> None:
        """Take the mails and the key that opens them."""
        self._letters = kept
        self._key = key
        loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
        self._templates = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)

    def application(self) -> web.Application:
        """Return the web application."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guard(request, handler)

        application = web.Application(middlewares=[guard])
        application.router.add_get("/", self._page)
        application.router.add_get("/messages.json", self._messages)
        application.router.add_get("/health", self._health)
        return application

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/health":
            return await handler(request)
        if (given := request.query.get("key")) and self._opens(given):
            return self._with_cookie()
        if not self._opens(request.cookies.get(COOKIE, "")) and not self._opens(_bearer(request)):
            text = "This mailbox is opened by the address with the key that “tenantry status” prints.\n"
            return web.Response(status=401, text=text, headers={**_HEADERS, "WWW-Authenticate": "Bearer"})
        return await handler(request)

    def _with_cookie(self) -> web.Response:
        # On to the address without the key, so that it does not stay in the history of pages.
        response = web.Response(status=303, headers={**_HEADERS, "Location": "/"})
        response.set_cookie(COOKIE, self._key, httponly=True, samesite="Lax", path="/")
        return response

    async def _page(self, _request: web.Request) -> web.Response:
        found = await asyncio.to_thread(self._letters.newest, _SHOWN)
        text = self._templates.get_template("mailbox.html").render(letters=found, kept=letters.KEPT)
        return web.Response(text=text, content_type="text/html", headers=_HEADERS)

    async def _messages(self, request: web.Request) -> web.Response:
        recipient = request.query.get("to")
        limit = request.query.get("limit", str(_SHOWN))
        if not limit.isdecimal() or not 0 < int(limit) <= _MOST:
            return web.json_response({"detail": f"limit is a number from 1 to {_MOST}"}, status=400)
        found = await asyncio.to_thread(self._letters.newest, int(limit), recipient=recipient)
        messages = [{**asdict(letter), "at": letter.at.isoformat()} for letter in found]
        return web.json_response({"messages": messages}, headers=_HEADERS)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    def _opens(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._key.encode())


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""
