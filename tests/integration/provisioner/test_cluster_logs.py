"""Following what runs in a cluster, on a small server that speaks as much of Kubernetes' API as that needs."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from aiohttp import web

from tenantry.kernel import clock as clocks
from tenantry.kubernetes import configuration, connection, failures, kinds
from tenantry.provisioner.adapters import kubernetes
from tenantry.runtime import contract

NAME = "ins-quiet"
PATIENCE = connection.Patience(silence=0.3)
_TCP_REPAIR = 19
"""A Linux socket in this mode is closed without a word to the other end, as when its machine loses power."""


class Server:
    """Has one pod, which has said one thing, and says another when it is let."""

    def __init__(self) -> None:
        self.followed = asyncio.Event()
        self.spoken = asyncio.Event()
        self.asked: list[web.Request] = []

    def routes(self) -> list[web.RouteDef]:
        pods = kinds.POD.path(NAME)
        return [
            web.get(pods, self._pods),
            web.get(f"{pods}/web-1/log", self._log),
            web.get("/silent", self._after_silence),
        ]

    async def _pods(self, _: web.Request) -> web.Response:
        status = {"containerStatuses": [{"name": "web", "containerID": "containerd://1"}]}
        pod = {"metadata": {"name": "web-1", "namespace": NAME}, "status": status}
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": [pod]})

    async def _log(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("follow") != "true":
            return web.Response(text="2026-12-01T12:00:00Z first\n")
        self.asked.append(request)
        return await self._after_silence(request)

    async def _after_silence(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        self.followed.set()
        await self.spoken.wait()
        await answer.write(b"2026-12-01T12:00:01Z second\n")
        return answer

    def vanish(self) -> None:
        """Let the connections of all who follow end without a word."""
        for each in self.asked:
            if each.transport is not None:
                opened: socket.socket = each.transport.get_extra_info("socket")
                try:
                    opened.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, 1)
                except PermissionError:
                    pytest.skip("Only whoever may administrate the network can lose a connection.")
                each.transport.abort()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def known(server: Server) -> AsyncGenerator[configuration.Configuration]:
    """The way to the server."""
    application = web.Application()
    application.add_routes(server.routes())
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    text = f"""
current-context: here
contexts: [{{name: here, context: {{cluster: one, user: me}}}}]
clusters: [{{name: one, cluster: {{server: "http://127.0.0.1:{runner.addresses[0][1]}"}}}}]
users: [{{name: me, user: {{token: swordfish}}}}]
"""
    yield configuration.from_text(text, clocks.SystemClock())
    await runner.cleanup()


@pytest.fixture
async def followed(known: configuration.Configuration) -> AsyncGenerator[AsyncGenerator[contract.LogLine]]:
    """What the pod prints, followed by somebody who waits for nothing for long."""
    opened = kubernetes.KubernetesRuntime(known, patience=PATIENCE)
    async with aclosing(opened.logs(NAME, tail=10, follow=True)) as lines:
        yield lines
    await opened.close()


async def test_a_quiet_application_is_followed_until_it_speaks_again(
    server: Server, known: configuration.Configuration, followed: AsyncGenerator[contract.LogLine]
) -> None:
    """That another answer is too silent for the same patience tells that enough time has passed."""
    assert (await anext(followed)).text == "first"
    waiting = asyncio.ensure_future(anext(followed))
    await server.followed.wait()
    with pytest.raises(failures.SilentError):
        async with (
            connection.Connection(known, patience=PATIENCE) as other,
            other.stream("/silent", query={}) as answer,
        ):
            await answer.read()
    server.spoken.set()
    assert (await waiting).text == "second"


async def test_what_is_followed_ends_with_the_machine_at_the_other_end(
    server: Server, followed: AsyncGenerator[contract.LogLine]
) -> None:
    assert (await anext(followed)).text == "first"
    waiting = asyncio.ensure_future(anext(followed))
    await server.followed.wait()
    server.vanish()
    async with asyncio.timeout(10):
        with pytest.raises(failures.UnreachableError):
            await waiting
