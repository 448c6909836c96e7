"""The portal's way to a mail server that asks who we are: a real one, with a certificate."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiosmtpd import controller, smtp

from support import portal_stage
from tenantry.kernel import clock as clocks
from tenantry.portal.adapters import smtp as adapter
from tenantry.portal.mail import ports
from testbed import authority

MAIL = ports.Mail(id="mail-1", recipient="ada@example.com", subject="Your code", body="123456")
RIGHT = smtp.AuthResult(success=True)
WRONG = smtp.AuthResult(success=False, handled=False)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server that asks for a password."""

    port: int
    mailbox: portal_stage.Mailbox
    folder: Path

    def mailer(self, shown: str = "right") -> adapter.SmtpMailer:
        file = self.folder / "password"
        file.write_text(f"{shown}\n")
        account = adapter.Account(user="portal", password_file=file)
        return adapter.SmtpMailer(host="localhost", port=self.port, sender="shop@example.com", account=account)


def checked(_: smtp.SMTP, __: smtp.Session, ___: smtp.Envelope, mechanism: str, data: object) -> smtp.AuthResult:
    del mechanism
    is_right = isinstance(data, smtp.LoginPassword) and (data.login, data.password) == (b"portal", b"right")
    return RIGHT if is_right else WRONG


class Counted(controller.Controller):
    """Knows how many connections are open, so that it is not stopped before the last has ended on both sides."""

    connections: set[smtp.SMTP]

    def factory(self) -> smtp.SMTP:
        counted = self.connections

        class Connection(smtp.SMTP):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                counted.add(self)
                super().connection_made(transport)

            def connection_lost(self, error: Exception | None) -> None:
                super().connection_lost(error)
                counted.discard(self)

        return Connection(self.handler, **self.SMTP_kwargs)


@asynccontextmanager
async def opened(folder: Path, context: ssl.SSLContext | None) -> AsyncGenerator[Server]:
    mailbox = portal_stage.Mailbox()
    has_tls, port = context is not None, portal_stage.free_port()
    running = Counted(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        authenticator=checked,
        auth_required=has_tls,
        auth_require_tls=has_tls,
    )
    running.connections = set()
    running.start()
    yield Server(port=port, mailbox=mailbox, folder=folder)
    await portal_stage.until(lambda: not running.connections)
    running.stop()


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Server]:
    """One with a certificate that is trusted here."""
    ours = authority.Authority("test", clocks.SystemClock())
    pair = ours.server("mail", names=["localhost"], addresses=[])
    for name, text in {"ca.pem": ours.certificate, "mail.pem": pair.certificate + pair.key}.items():
        (tmp_path / name).write_bytes(text)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "mail.pem")
    async with opened(tmp_path, context) as running:
        yield running


@pytest.fixture
async def open_server(tmp_path: Path) -> AsyncGenerator[Server]:
    """One that would take a password over a line that others can read."""
    async with opened(tmp_path, None) as running:
        yield running


async def test_a_mail_goes_with_the_password(server: Server) -> None:
    await server.mailer().send(MAIL)
    assert len(server.mailbox.mails) == 1


async def test_a_password_that_was_replaced_is_used(server: Server) -> None:
    mailer = server.mailer("old")
    with pytest.raises(ports.MailUnavailableError, match="password"):
        await mailer.send(MAIL)
    (server.folder / "password").write_text("right")
    await mailer.send(MAIL)
    assert len(server.mailbox.mails) == 1


async def test_no_password_goes_over_a_line_that_is_not_encrypted(open_server: Server) -> None:
    with pytest.raises(ports.MailUnavailableError):
        await open_server.mailer().send(MAIL)
    assert open_server.mailbox.mails == []
