"""A whole portal on a real PostgreSQL with a real mail server, in front of the provisioner's twin."""

import asyncio
import re
import secrets
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from aiosmtpd import controller, smtp
from sqlalchemy import event

from support import portal_products, portal_twin
from tenantry.kernel import clock as clocks
from tenantry.kernel import ids
from tenantry.kernel import randomness as randoms
from tenantry.portal import server
from tenantry.portal import settings as portal_settings
from tenantry.portal.adapters import smtp as portal_smtp


class Mailbox:
    """Takes every mail that the portal sends."""

    def __init__(self) -> None:
        self.mails: list[str] = []

    async def handle_DATA(self, _: smtp.SMTP, __: smtp.Session, envelope: smtp.Envelope) -> str:  # noqa: N802 - aiosmtpd
        content = envelope.content or b""
        self.mails.append(content.decode() if isinstance(content, bytes) else content)
        return "250 OK"

    def codes(self, address: str) -> list[str]:
        """Return the codes that were sent to an address, oldest first."""
        mine = [mail for mail in self.mails if f"To: {address}" in mail]
        return [found.group(1) for mail in mine if (found := re.search(r"^\s+(\d{6})\s*$", mail, re.MULTILINE))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A portal that runs, and what is around it."""

    url: str
    rooms: server.Rooms
    provisioner: portal_twin.MemoryProvisioner
    mailbox: Mailbox
    settings: portal_settings.Settings

    async def code_for(self, address: str, *, number: int = 1) -> str:
        """Wait for the mail and return its code."""
        await until(lambda: len(self.mailbox.codes(address)) >= number)
        return self.mailbox.codes(address)[number - 1]


@asynccontextmanager
async def opened(database_url: str, folder: Path, **changes: Any) -> AsyncGenerator[Stage, None]:
    """Open a portal on a port of its own, with some of its settings changed."""
    clock, randomness = clocks.SystemClock(), randoms.SystemRandomness()
    twin = portal_twin.MemoryProvisioner(
        portal_products.sold(clock.now()), clock=clock, identifiers=ids.UlidIdentifiers(clock, randomness)
    )
    mailbox = Mailbox()
    sink = controller.Controller(mailbox, hostname="127.0.0.1", port=free_port())
    sink.start()
    settings = _settings(database_url, folder, smtp_port=sink.port).model_copy(update=changes)
    mailer = portal_smtp.SmtpMailer(host="127.0.0.1", port=sink.port, sender=settings.mail_sender)
    outside = server.Outside(clock=clock, randomness=randomness, provisioner=twin, mailer=mailer)
    rooms = server.compose(settings, outside)
    try:
        async with serving(rooms, settings) as url:
            yield Stage(url=url, rooms=rooms, provisioner=twin, mailbox=mailbox, settings=settings)
    finally:
        sink.stop()


@asynccontextmanager
async def serving(rooms: server.Rooms, settings: portal_settings.Settings) -> AsyncGenerator[str, None]:
    """Serve the pages until the block ends."""
    port = int(settings.listen.rpartition(":")[2])
    web = uvicorn.Server(server.uvicorn_config(server.web_application(rooms), settings))
    task = asyncio.create_task(web.serve())
    try:
        await until(lambda: web.started or task.done())
        yield f"http://localhost:{port}"
    finally:
        web.should_exit = True
        await task


def _settings(database_url: str, folder: Path, *, smtp_port: int) -> portal_settings.Settings:
    secret, token = folder / "secret", folder / "token"
    secret.write_text(secrets.token_hex(32))
    token.write_text("unused by the twin")
    return portal_settings.Settings(
        database_url=database_url,
        listen=f"127.0.0.1:{free_port()}",
        provisioner_url="http://127.0.0.1:9",
        provisioner_token_file=token,
        secret_file=secret,
        smtp_port=smtp_port,
    )


@contextmanager
def statements(stage: Stage) -> Generator[list[str]]:
    """Note every statement that the portal sends to its database."""
    asked: list[str] = []

    def note(*given: object) -> None:
        asked.append(str(given[2]))

    engine = stage.rooms.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 10) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it did not come to hold.
    """
    async with asyncio.timeout(seconds):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01)
