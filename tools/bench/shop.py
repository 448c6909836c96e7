"""A stack of its own in a temporary folder, with both applications prepared and a customer signed in.

Whatever happens, the stack is taken down and its folder removed at the end.
"""

import asyncio
import os
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp

from bench import figures
from demo import browser, customer, journey
from tenantry.application import manifest, source
from tenantry.client import provisioner as clients
from tenantry.kernel import errors
from tenantry.local import bringing, credentials, down
from tenantry.local import up as ups
from tenantry.local.stack import Stack

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "applications"
POLL_SECONDS = 0.02
_PATIENCE = 300


class Quiet:
    """Hears of each step of a stack and says nothing."""

    def step(self, part_name: str, message: str) -> None:
        """Take a step's word."""

    def ready(self, part_name: str, took: timedelta, address: str) -> None:
        """Take the word that a part serves."""


@dataclass(frozen=True)
class Shop:
    """A running stack and those who use it."""

    stack: Stack
    applications: Mapping[str, manifest.Application]
    provisioner: clients.Provisioner
    visitor: browser.Browser

    def readiness_path(self, product: str) -> str:
        """Return the path that tells whether the application is ready."""
        spec = self.applications[product].spec
        workload = next(each for each in spec.workloads if each.name == spec.route.workload)
        return workload.readiness.http.path if workload.readiness else "/"

    def address(self, name: str, product: str) -> str:
        """Return the address at which the workspace of this name will be ready."""
        return self.stack.state.url(name) + self.readiness_path(product)

    async def form(self, product: str) -> tuple[browser.Page, browser.Form]:
        """Open the page on which the product is ordered."""
        path = f"/products/{product}/new"
        page = await self.visitor.open(self.stack.state.url() + path)
        return page, page.form(action=path)

    async def standby(self, product: str) -> None:
        """Wait until a process waits for the product's next order."""
        waiting = f'tenantry_agent_standbys{{application="{product}"'
        connector = aiohttp.UnixConnector(str(self.stack.layout.socket("agent")))
        async with aiohttp.ClientSession(connector=connector) as session, asyncio.timeout(_PATIENCE):
            while True:
                async with session.get("http://agent/metrics") as answer:
                    if waiting in await answer.text():
                        return
                await asyncio.sleep(0.1)

    async def stable(self, name: str) -> None:
        """Wait until the installation that was ordered has settled."""
        await self._until(name, "stable")

    async def delete(self, name: str) -> None:
        """Delete the installation for good, and wait until nothing is left of it."""
        installation = await self.provisioner.installations.delete(name, grace_seconds=0)
        await self._until(installation.id, "deleted")

    async def _until(self, identifier: str, status: str) -> None:
        async with asyncio.timeout(_PATIENCE):
            while True:
                try:
                    found = await self.provisioner.installations.get(identifier)
                    is_so = found.status == status
                except errors.NotFoundError:
                    is_so = status == "deleted"  # and otherwise the portal has not passed the order on yet
                if is_so:
                    return
                await asyncio.sleep(0.1)


def folder() -> Path:
    """Make a temporary folder that workloads can pass through."""
    made = Path(tempfile.mkdtemp(prefix="tenantry-bench."))
    made.chmod(0o711)
    return made


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stopwatch(Quiet):
    """Remembers when each part served."""

    def __init__(self) -> None:
        """Begin."""
        self._begun = time.monotonic()
        self.seconds: dict[str, float] = {}

    def ready(self, part_name: str, took: timedelta, address: str) -> None:
        """Note that a part serves."""
        del took, address
        self.seconds[str(part_name)] = time.monotonic() - self._begun


async def bring_up(data: Path, listen: str | None, reporter: bringing.Reporter | None = None) -> Stack:
    """Bring a stack up that runs by itself; the caller takes it down."""
    ready: list[Stack] = []
    await ups.up(ups.Options(data=data, listen=listen, is_detached=True), reporter or Quiet(), ready.append)
    return ready[0]


@asynccontextmanager
async def opened(*, is_empty: bool = False, has_standbys: bool = False) -> AsyncGenerator[Shop]:
    """Open a shop.

    Args:
        is_empty: no application is applied.
        has_standbys: a process waits for the next order, with everything loaded.
    """
    data = folder()
    os.environ["TENANTRY_AGENT_STANDBYS"] = str(int(has_standbys))
    try:
        stack = await bring_up(data, f"127.0.0.1:{free_port()}")
        figures.note(f"a stack is up in {data}")
        async with visited(stack, is_empty=is_empty) as shop:
            yield shop
    finally:
        await down.down(data, Quiet())
        await asyncio.to_thread(shutil.rmtree, data)


@asynccontextmanager
async def visited(stack: Stack, *, is_empty: bool = False) -> AsyncGenerator[Shop]:
    """Prepare the applications, sign a customer up, and open what speaks to the stack."""
    portal = stack.state.url()
    token = credentials.read(stack.credentials.cli_token)
    async with (
        clients.Provisioner(stack.provisioner_url, token) as provisioner,
        browser.opened(trusted=portal) as visitor,
    ):
        applications: dict[str, manifest.Application] = {}
        if not is_empty:
            await journey.apply_examples(provisioner, EXAMPLES, figures.note)
            applications = {
                name: await asyncio.to_thread(source.read, EXAMPLES / name / "application.yaml")
                for name in journey.WORKSPACES
            }
        mailbox = customer.Mailbox(stack.state.url("mailbox"), credentials.read(stack.credentials.mailbox_key))
        await customer.Customer(visitor, portal, mailbox).sign_up(journey.EMAIL)
        yield Shop(stack, applications, provisioner, visitor)


async def until_ok(
    visitor: browser.Browser, url: str, *, every: float = POLL_SECONDS, patience: float = _PATIENCE
) -> float:
    """Ask an address every so many seconds until it answers 200; returns the moment by the monotonic clock.

    Raises:
        TimeoutError: it did not within the patience.
    """
    async with asyncio.timeout(patience):
        while True:
            asked = time.monotonic()
            if await _is_ok(visitor, url):
                return time.monotonic()
            await asyncio.sleep(max(0.0, every - (time.monotonic() - asked)))


async def _is_ok(visitor: browser.Browser, url: str) -> bool:
    try:
        async with visitor.session.get(url, allow_redirects=False) as response:
            return response.status == 200  # noqa: PLR2004 - what a ready application says
    except OSError:
        return False
