"""The two sides of the portal's port to the provisioner: the twin in memory, and the REST client on the real API."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import yarl

from support import portal_postgres, portal_products, portal_relay, portal_twin, provisioner_stage
from tenantry.client import provisioner as clients
from tenantry.client import retrying, transport
from tenantry.engine import migration
from tenantry.kernel import clock as clocks
from tenantry.kernel import ids, randomness
from tenantry.portal import ports
from tenantry.portal.adapters import provisioner as rest
from tenantry.provisioner import server as provisioner_server
from tenantry.wire import installations, tokens

CREDENTIALS = {"username": "admin", "password": "{{ secrets.adminPassword }}", "note": "Change it."}


class Side(Protocol):
    """One provisioner as the portal has it, and what a test can do to it.

    Attributes:
        product: the name of an application that is sold.
        sizes: two of its sizes, the default first.
        settings: settings that it takes, and that differ from its defaults.
    """

    product: str
    sizes: tuple[str, str]
    settings: dict[str, str]

    @property
    def provisioner(self) -> ports.Provisioner:
        """The port."""
        ...

    async def cut(self) -> None:
        """Let nobody answer, and break what is open."""
        ...

    async def mend(self) -> None:
        """Let it answer again."""
        ...

    async def with_wrong_token(self) -> ports.Provisioner:
        """Return the same provisioner for somebody whose token it does not know."""
        ...

    async def with_narrow_token(self) -> ports.Provisioner:
        """Return the same provisioner for somebody whose token allows next to nothing."""
        ...


@dataclass(kw_only=True)
class TwinSide:
    """The twin."""

    provisioner: portal_twin.MemoryProvisioner
    product: str = "chat"
    sizes: tuple[str, str] = ("small", "medium")
    settings: dict[str, str]

    async def cut(self) -> None:
        await self.provisioner.go_away()

    async def mend(self) -> None:
        self.provisioner.come_back()

    async def with_wrong_token(self) -> ports.Provisioner:
        await self.provisioner.go_away(ports.NotAdmittedError("token-invalid"))
        return self.provisioner

    async def with_narrow_token(self) -> ports.Provisioner:
        await self.provisioner.go_away(ports.NotAdmittedError("scope-missing"))
        return self.provisioner


@dataclass(kw_only=True)
class RealSide:
    """The REST client on a real provisioner, through a network that can be cut."""

    provisioner: ports.Provisioner
    stage: provisioner_stage.Stage
    relay: portal_relay.Relay
    others: dict[str, clients.Provisioner]
    product: str = "tiny"
    sizes: tuple[str, str] = ("small", "large")
    settings: dict[str, str]

    async def cut(self) -> None:
        await self.relay.cut()

    async def mend(self) -> None:
        await self.relay.mend()

    async def with_wrong_token(self) -> ports.Provisioner:
        return rest.RestProvisioner(self.others["wrong"])

    async def with_narrow_token(self) -> ports.Provisioner:
        return rest.RestProvisioner(self.others["narrow"])


@asynccontextmanager
async def twin() -> AsyncGenerator[TwinSide]:
    """Open the twin, which moves by itself."""
    clock, chance = clocks.SystemClock(), randomness.SystemRandomness()
    sold = portal_products.sold(datetime(2026, 11, 24, tzinfo=UTC))
    memory = portal_twin.MemoryProvisioner(sold, clock=clock, identifiers=ids.UlidIdentifiers(clock, chance))
    moving = asyncio.create_task(memory.work(timedelta(milliseconds=10)))
    try:
        yield TwinSide(provisioner=memory, settings={"title": "Blue", "language": "french"})
    finally:
        moving.cancel()
        await asyncio.gather(moving, return_exceptions=True)


@asynccontextmanager
async def real(postgres: portal_postgres.Server, folder: Path) -> AsyncGenerator[RealSide]:
    """Open a provisioner on a real database, and the portal's way to it."""
    async with provisioner_stage.opened(_place(postgres, folder)) as stage:
        await stage.register()
        await stage.client.applications.apply(
            provisioner_stage.application(credentials=CREDENTIALS, icon="<svg xmlns='http://www.w3.org/2000/svg'/>")
        )
        await stage.until_available()
        request = tokens.CreateToken(name="narrow", scopes=[tokens.Scope.INFRASTRUCTURE_READ])
        narrow = (await stage.client.tokens.create(request)).secret
        async with (
            portal_relay.opened(stage.url) as relay,
            client(relay.url, provisioner_stage.SECRET) as ours,
            client(relay.url, "no such token") as wrong,
            client(relay.url, narrow) as narrowed,
        ):
            yield RealSide(
                provisioner=rest.RestProvisioner(ours),
                stage=stage,
                relay=relay,
                others={"wrong": wrong, "narrow": narrowed},
                settings={"mode": "blue"},
            )


def client(url: str, token: str) -> clients.Provisioner:
    """Return a client as the portal's process makes it: it tries nothing twice by itself."""
    options = transport.Options(
        connect=timedelta(seconds=2), total=timedelta(seconds=10), retries=retrying.Retrying(attempts=1)
    )
    return clients.Provisioner(url, token, options=options)


async def until(
    side: Side, since: installations.Installation, *wanted: installations.Status
) -> installations.Installation:
    """Follow the events until one tells that the installation has one of the statuses, later than it was read."""
    async with asyncio.timeout(20), aclosing(side.provisioner.events(0)) as events:
        async for event in events:
            told = event.installation()
            is_later = told is not None and told.id == since.id and told.updated_at >= since.updated_at
            if told is not None and is_later and told.status in wanted:
                return told
    raise AssertionError("The events ended.")


def _place(postgres: portal_postgres.Server, folder: Path) -> provisioner_stage.Place:
    url = postgres.empty_database()
    migration.migrate(url, provisioner_server.MIGRATIONS)
    parts = yarl.URL(url)
    return provisioner_stage.Place(
        url=url,
        host=parts.host or "",
        port=parts.port or 0,
        user=parts.user or "",
        password=parts.password or "",
        folder=folder,
    )
