"""The front door with a real Caddy."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tenantry.kernel import randomness
from tenantry.local import frontdoor, frontdoor_configuration, frontdoor_program, ports, supervision

pytestmark = pytest.mark.embedded


@dataclass(frozen=True)
class Door:
    """A running front door and one workspace behind it."""

    routes: frontdoor.Frontdoor
    listen: str
    workspace: str

    async def get(self, host: str, *, accept: str = "*/*", body: bytes | None = None) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                "GET" if body is None else "POST",
                f"http://{self.listen}/path",
                headers={"Host": host, "Accept": accept},
                data=body,
            ) as answer,
        ):
            return answer.status, await answer.text()


async def echo(request: web.Request) -> web.StreamResponse:
    if request.headers.get("Upgrade") == "websocket":
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket
    return web.Response(text=f"{request.host} {len(await request.read())}")


@pytest.fixture
async def door(supervised: supervision.Supervisord, short_folder: Path) -> AsyncIterator[Door]:
    chosen = ports.choose(["door", "workspace"], {}, randomness.SystemRandomness())
    application = web.Application(client_max_size=10 << 20)
    application.router.add_route("*", "/path", echo)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", chosen["workspace"]).start()
    settings = frontdoor_configuration.FrontdoorSettings(
        listen=f"127.0.0.1:{chosen['door']}",
        host="localhost",
        admin_socket=short_folder / "caddy.sock",
        portal="127.0.0.1:1",
        provisioner=f"127.0.0.1:{chosen['workspace']}",
        mailbox=f"unix/{short_folder}/mailbox.sock",
        access_log=short_folder / "access.log",
        storage=short_folder / "data",
    )
    frontdoor_program.prepare(short_folder, settings)
    await supervised.put(frontdoor_program.spec(short_folder, short_folder / "caddy.log"))
    routes = frontdoor.Frontdoor(settings.admin_socket)
    while not await routes.is_ready():
        pass
    yield Door(routes=routes, listen=settings.listen, workspace=f"127.0.0.1:{chosen['workspace']}")
    await supervised.remove(frontdoor_program.NAME)
    await runner.cleanup()


async def test_a_route_opens_and_closes(door: Door) -> None:
    assert (await door.get("acme.localhost"))[0] == 503
    for _ in range(2):
        await door.routes.put_route("acme", ["acme.localhost"], door.workspace)
    assert await door.get("acme.localhost") == (200, "acme.localhost 0")
    assert list(await door.routes.list_routes()) == ["acme"]
    for _ in range(2):
        await door.routes.delete_route("acme")
    assert (await door.get("acme.localhost"))[0] == 503
    assert await door.routes.list_routes() == {}


async def test_a_route_is_replaced(door: Door) -> None:
    await door.routes.put_route("acme", ["acme.localhost"], "127.0.0.1:9")
    await door.routes.put_route("acme", ["other.localhost"], door.workspace, max_request_bytes=1000)
    route = (await door.routes.list_routes())["acme"]
    assert (route.hosts, route.upstream, route.max_request_bytes) == (("other.localhost",), door.workspace, 1000)
    assert (await door.get("acme.localhost"))[0] == 503
    assert (await door.get("other.localhost"))[0] == 200


async def test_large_requests_are_refused_by_the_routes_own_limit(door: Door) -> None:
    await door.routes.put_route("acme", ["acme.localhost"], door.workspace, max_request_bytes=1000)
    assert await door.get("acme.localhost", body=b"x" * 1000) == (200, "acme.localhost 1000")
    assert (await door.get("acme.localhost", body=b"x" * 5000))[0] == 413


async def test_no_workspace_can_stand_before_our_own_addresses(door: Door) -> None:
    await door.routes.put_route("evil", ["api.localhost"], "127.0.0.1:9")
    assert await door.get("api.localhost") == (200, "api.localhost 0")


async def test_what_does_not_answer_has_a_calm_page(door: Door) -> None:
    status, page = await door.get("localhost", accept="text/html")
    assert status == 502
    assert "tries again every three seconds" in page
    assert '"code":"not-answering"' in (await door.get("localhost"))[1]


async def test_what_is_asleep_has_a_page_for_people_and_words_for_programs(door: Door) -> None:
    assert "<h1>No workspace is awake at this address</h1>" in (await door.get("x.localhost", accept="text/html"))[1]
    assert '"code":"workspace-not-awake"' in (await door.get("x.localhost"))[1]


async def test_web_sockets_outlive_changes_of_other_routes(door: Door) -> None:
    await door.routes.put_route("acme", ["acme.localhost"], door.workspace)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://{door.listen}/path", headers={"Host": "acme.localhost"}) as socket,
    ):
        for name in ("b", "c"):
            await door.routes.put_route(name, [f"{name}.localhost"], door.workspace)
            await socket.send_str(name)
            async with asyncio.timeout(5):
                assert await socket.receive_str() == name


async def test_many_changes_at_once_are_all_made(door: Door) -> None:
    names = [f"w{number}" for number in range(20)]
    await asyncio.gather(*(door.routes.put_route(name, [f"{name}.localhost"], door.workspace) for name in names))
    assert set(await door.routes.list_routes()) == set(names)
