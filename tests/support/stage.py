"""A provisioner on a loopback port, played by a real HTTP server, that can be made to misbehave."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(kw_only=True)
class Received:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class Stage:
    """A server whose answers a test decides.

    Attributes:
        answers: what comes next; the last one stays.
        received: every request, in order.
        routes: answers of single paths, which are not written down as received.
        url: where it listens.
    """

    answers: list[Handler] = field(default_factory=list[Handler])
    received: list[Received] = field(default_factory=list[Received])
    routes: dict[str, Handler] = field(default_factory=dict[str, Handler])
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path in self.routes:
            return await self.routes[request.path](request)
        self.received.append(
            Received(
                method=request.method,
                path=request.raw_path.split("?")[0],
                query=dict(request.query),
                headers=dict(request.headers),
                body=await request.read(),
            )
        )
        handler = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await handler(request)


def json(value: Any, status: int = 200) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response(value, status=status)

    return handler


def problem(status: int, code: str, **more: Any) -> Handler:
    title = {"type": "about:blank", "title": code, "status": status, "detail": f"It is {code}.", "code": code}
    return json(title | more, status)


def stream(
    *chunks: bytes,
    cut: bool = False,
    pause: timedelta = timedelta(),
    content_type: str = "text/event-stream",
) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        await asyncio.sleep(pause.total_seconds())
        if cut and request.transport is not None:
            request.transport.abort()
        return response

    return handler


async def hang_up(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def opened() -> AsyncGenerator[Stage, None]:
    played = Stage()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", played.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    played.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield played
    finally:
        await runner.cleanup()
