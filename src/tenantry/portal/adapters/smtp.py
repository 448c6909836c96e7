"""Mails over SMTP: encrypted where the server offers it, and always where it asks who we are."""

import asyncio
from dataclasses import dataclass
from email import message as messages
from email import utils
from pathlib import Path
from typing import Any

import aiosmtplib

from tenantry.portal.mail import ports

TIMEOUT_SECONDS = 20
_PERMANENT = 500
_ENCRYPTED_FROM_THE_START = 465


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who we are to the mail server.

    Attributes:
        password_file: read for each mail.
    """

    user: str
    password_file: Path


class SmtpMailer:
    """`mail.ports.Mailer` over SMTP."""

    def __init__(self, *, host: str, port: int, sender: str, account: Account | None = None) -> None:
        """Take the mail server, the From of all mails, and who we are where the server asks."""
        self._host = host
        self._port = port
        self._sender = sender
        self._account = account

    async def send(self, mail: ports.Mail) -> None:
        try:
            await aiosmtplib.send(
                self._message(mail),
                hostname=self._host,
                port=self._port,
                timeout=TIMEOUT_SECONDS,
                use_tls=self._port == _ENCRYPTED_FROM_THE_START,
                **await self._login(),
            )
        except aiosmtplib.SMTPAuthenticationError as error:
            raise ports.MailUnavailableError("The mail server does not accept the portal's password.") from error
        except aiosmtplib.SMTPResponseException as error:
            kind = ports.MailRefusedError if error.code >= _PERMANENT else ports.MailUnavailableError
            raise kind(f"The mail server answered {error.code}.") from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise ports.MailRefusedError("The mail server does not know the address.") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise ports.MailUnavailableError from error

    async def _login(self) -> dict[str, Any]:
        """Return what says who we are; the password is shown to nobody over a line that is not encrypted."""
        if self._account is None:
            return {}
        password = await asyncio.to_thread(self._account.password_file.read_text)
        encrypted = {} if self._port == _ENCRYPTED_FROM_THE_START else {"start_tls": True}
        return {"username": self._account.user, "password": password.strip(), **encrypted}

    def _message(self, mail: ports.Mail) -> messages.EmailMessage:
        composed = messages.EmailMessage()
        domain = utils.parseaddr(self._sender)[1].rpartition("@")[2] or "localhost"
        composed["From"] = self._sender
        composed["To"] = mail.recipient
        composed["Subject"] = mail.subject
        composed["Date"] = utils.formatdate(usegmt=True)
        composed["Message-ID"] = f"<{mail.id}@{domain}>"
        composed["Auto-Submitted"] = "auto-generated"
        composed.set_content(mail.body)
        return composed
