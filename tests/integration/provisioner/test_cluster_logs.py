"""Following what runs in a cluster, on a small server that speaks as much of Kubernetes' API as that needs."""

import asyncio
import socket
from collections.abc import AsyncGenerator

import pytest
from aiohttp import web

from tenantry.kernel import clock as clocks
from tenantry.kubernetes import configuration, connection, failures, kinds
from tenantry.provisioner.adapters import kubernetes

NAME = "ins-quiet"
SILENCE = 0.3
_TCP_REPAIR = 19
"""A Linux socket in this mode is closed without a word to the other end, as when its machine loses power."""


class Server:
    """Has one pod, which says one thing at once and another when it is let."""

    def __init__(self) -> None:
        self.spoken = asyncio.Event()
        self.asked: list[web.Request] = []

    def routes(self) -> list[web.RouteDef]:
        pods = kinds.POD.path(NAME)
        return [web.get(pods, self._pods), web.get(f"{pods}/web-1/log", self._log)]

    async def _pods(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "web-1", "namespace": NAME}}]}
        )

    async def _log(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"2026-12-01T12:00:00Z first\n")
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
async def server() -> Server:
    return Server()


@pytest.fixture
async def runtime(server: Server) -> AsyncGenerator[kubernetes.KubernetesRuntime]:
    """A way to the server that waits for nothing for long."""
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
    known = configuration.from_text(text, clocks.SystemClock())
    opened = kubernetes.KubernetesRuntime(known, patience=connection.Patience(silence=SILENCE))
    yield opened
    await opened.close()
    await runner.cleanup()


async def test_a_quiet_application_is_followed_until_it_speaks_again(
    server: Server, runtime: kubernetes.KubernetesRuntime
) -> None:
    """Whoever only reads what is there waits no longer than usual, which tells that time has passed."""
    followed = aiter(runtime.logs(NAME, tail=10, follow=True))
    assert (await anext(followed)).text == "first"
    with pytest.raises(failures.SilentError):
        assert [line async for line in runtime.logs(NAME, tail=10, follow=False)]
    server.spoken.set()
    assert [line.text async for line in followed] == ["second"]


async def test_what_is_followed_ends_with_the_machine_at_the_other_end(
    server: Server, runtime: kubernetes.KubernetesRuntime
) -> None:
    followed = aiter(runtime.logs(NAME, tail=10, follow=True))
    assert (await anext(followed)).text == "first"
    server.vanish()
    async with asyncio.timeout(10):
        with pytest.raises(failures.UnreachableError):
            await anext(followed)
