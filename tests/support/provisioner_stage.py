"""A whole provisioner in this process: its API on a loopback port, its supervisors, a real PostgreSQL, a real folder of
buckets, and a cluster in memory whose will a test decides."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn
from aiohttp import web
from cryptography import fernet

from support import runtime_twin, tiny
from tenantry.application import manifest
from tenantry.client import provisioner
from tenantry.provisioner import server, settings, tables
from tenantry.provisioner.access import model as access
from tenantry.provisioner.api import app as api
from tenantry.wire import infrastructure, installations, tokens

SECRET = "stage-secret-of-the-administrator"
ADMINISTRATOR = access.Principal(token_id="tok-stage", name="stage", scopes=frozenset(tokens.Scope))
Status = installations.Status
PATIENCE = timedelta(seconds=60)

LOCK = {"pip": {"lock": "tiny==1.0 --hash=sha256:00"}}
VERSIONS: list[dict[str, Any]] = [
    {"version": "1.0", "package": LOCK},
    {"version": "2.0", "package": LOCK, "upgradesFrom": ["1.0"], "downgradesTo": ["1.0"]},
    {"version": "3.0", "package": LOCK, "upgradesFrom": ["2.0"]},
]
NEEDS: dict[str, Any] = {"database": {"connections": 3}, "bucket": {}, "volumes": [{"name": "data"}]}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a stage is put up.

    Attributes:
        url: the provisioner's own database, empty or migrated.
        host: of the PostgreSQL server that is registered.
        folder: for keys and buckets.
    """

    url: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: Path


@dataclass(kw_only=True)
class Stage:
    """A provisioner that runs."""

    place: Place
    program: server.Program
    world: runtime_twin.World
    url: str
    client: provisioner.Provisioner
    store_url: str
    worlds: dict[str, runtime_twin.World] = field(default_factory=dict[str, runtime_twin.World])
    """Further clusters, by the path of their endpoint."""

    def settings(self) -> settings.Settings:
        return _settings(self.place)

    async def register(self, store: infrastructure.RegisterObjectStore | None = None) -> None:
        """Make cluster, database server, object store and the application known, and wait until all can be used.

        Args:
            store: another object store than a folder.
        """
        place = self.place
        await self.client.clusters.register(infrastructure.RegisterCluster(name="here", endpoint="unix:///twin"))
        await self.client.database_servers.register(
            infrastructure.RegisterDatabaseServer(
                name="pg",
                host=place.host,
                port=place.port,
                user=place.user,
                password=place.password,  # type: ignore[arg-type] - Pydantic takes text for a secret
                ssl_mode="disable",
            )
        )
        await self.client.object_stores.register(
            store
            or infrastructure.RegisterObjectStore(name="s3", endpoint=self.store_url, root=str(place.folder / "s3"))
        )
        await self.client.applications.apply(application())
        await self.until_available()

    async def add_cluster(self, name: str, **more: Any) -> runtime_twin.World:
        """Register another cluster, which is a world of its own, and wait until it can be used."""
        world = self.worlds[f"/{name}"] = runtime_twin.World()
        request = infrastructure.RegisterCluster(name=name, endpoint=f"unix:///{name}", **more)
        await self.client.clusters.register(request)
        await self.until_available()
        return world

    async def until_available(self) -> None:
        async def available() -> bool:
            parts = [
                *(await self.client.clusters.list()),
                *(await self.client.database_servers.list()),
                *(await self.client.object_stores.list()),
            ]
            return all(each.status is infrastructure.Status.AVAILABLE for each in parts)

        await poll(available)

    async def create(self, name: str, **more: Any) -> installations.Installation:
        request = installations.CreateInstallation(name=name, application="tiny", **more)
        return await self.client.installations.create(request)

    async def until(self, identifier: str, *statuses: Status, seconds: float = 10.0) -> installations.Installation:
        """Follow the installation until it has one of the statuses."""
        seen: installations.Installation | None = None
        try:
            async with asyncio.timeout(seconds), aclosing(self.client.watch(identifier)) as watched:
                async for seen in watched:
                    if seen.status in statuses:
                        return seen
        except TimeoutError:
            pass
        raise AssertionError(f"{identifier} is not {statuses}: {seen}")

    async def until_handed_over(self, identifier: str) -> None:
        """Wait until it is written down that the cluster accepted it: of what comes before, only the net would know."""
        query = sa.select(tables.INSTALLATIONS.c.handed_generation).where(tables.INSTALLATIONS.c.id == identifier)

        async def is_noted() -> bool:
            async with self.program.services.base.read() as reader:
                return bool(await reader.scalar(query))

        await poll(is_noted)

    async def stable(self, name: str, **more: Any) -> installations.Installation:
        """Create an installation and wait until it is stable."""
        made = await self.create(name, **more)
        return await self.until(made.id, Status.STABLE)


def cluster(name: str, **more: Any) -> infrastructure.RegisterCluster:
    """A cluster in memory."""
    return infrastructure.RegisterCluster(name=name, endpoint="unix:///twin", **more)


def application(**changes: Any) -> manifest.Application:
    """The tiny application with a logical database and a bucket."""
    spec: dict[str, Any] = {"needs": NEEDS, "versions": VERSIONS, "defaultVersion": "1.0", **changes}
    return tiny.application(**spec)


async def poll(condition: Callable[[], Any], *, seconds: float = 10.0, every: float = 0.02) -> None:
    """Wait until the condition holds; it may be a coroutine function."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(every)


def _settings(place: Place) -> settings.Settings:
    keys = place.folder / "keys"
    if not keys.exists():
        keys.write_bytes(fernet.Fernet.generate_key())
    known = place.folder / "tokens.json"
    scopes = ",".join(f'"{scope}"' for scope in tokens.Scope)
    known.write_text(f'[{{"name": "stage", "scopes": [{scopes}], "secret": "{SECRET}"}}]')
    return settings.Settings(
        database_url=place.url, keys_file=keys, bootstrap_tokens_file=known, stop_grace=timedelta(seconds=1)
    )


def build(
    place: Place,
    world: runtime_twin.World,
    worlds: Mapping[str, runtime_twin.World] | None = None,
    chosen: Mapping[str, Any] | None = None,
) -> server.Program:
    """Wire a provisioner whose clusters are the given world, save those that have one of their own.

    Args:
        place: where it is.
        world: of the clusters.
        worlds: of those that have one of their own, by path.
        chosen: settings that differ from the usual ones.
    """
    others: Mapping[str, runtime_twin.World] = {} if worlds is None else worlds  # filled later by the test
    settled = _settings(place).model_copy(update=dict(chosen or {}))
    return server.build(settled, open_agent=lambda path: runtime_twin.Twin(others.get(path, world)))


@asynccontextmanager
async def opened(
    place: Place,
    *,
    world: runtime_twin.World | None = None,
    supervised: list[str] | None = None,
    **chosen: Any,
) -> AsyncGenerator[Stage]:
    """Run a provisioner on a migrated database; further arguments are settings that differ from the usual ones."""
    world = world or runtime_twin.World()
    worlds: dict[str, runtime_twin.World] = {}
    program = build(place, world, worlds, chosen)
    working = list(program.supervisors) if supervised is None else supervised
    await server.put_bootstrap_tokens(program, _settings(place))
    await server.reserve_anew(program)
    async with (
        server.running(program, working),
        _serving(program) as url,
        _listening() as store_url,
        provisioner.Provisioner(url, SECRET) as client,
    ):
        yield Stage(
            place=place, program=program, world=world, url=url, client=client, store_url=store_url, worlds=worlds
        )


@asynccontextmanager
async def program(place: Place, *supervised: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run a provisioner as a program of its own beside one that was opened, and kill it in the end.

    Args:
        place: where that was opened.
        supervised: what it works on; everything where nothing is named.
    """
    given = {
        "TENANTRY_PROVISIONER_DATABASE_URL": place.url,
        "TENANTRY_PROVISIONER_KEYS_FILE": str(place.folder / "keys"),
        "TENANTRY_PROVISIONER_LISTEN": "127.0.0.1:0",
    }
    chosen = [part for each in supervised for part in ("--supervise", each)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tenantry.provisioner.server", *chosen),
        env={**os.environ, **given},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def _serving(program: server.Program) -> AsyncGenerator[str]:
    app = api.build(program.services, program.registry)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, lifespan="off", log_level="critical", timeout_graceful_shutdown=1
    )
    served = uvicorn.Server(config)
    task = asyncio.create_task(served.serve())
    await poll(lambda: served.started or task.done())
    try:
        port = served.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        served.should_exit = True
        await task


@asynccontextmanager
async def _listening() -> AsyncGenerator[str]:
    """A door at which the object store's prober can knock."""

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=403)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", refuse)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
