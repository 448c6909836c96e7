"""Takes mails by SMTP on loopback: every one, for whomever, and passes none on."""

import asyncio
from typing import Any

import structlog
from aiosmtpd import smtp

from tenantry.local.mailbox import letters

LARGEST = 25 * 1024 * 1024
"""Bytes of the largest mail that is taken."""

_log = structlog.get_logger(__name__)


class Receiver:
    """What aiosmtpd calls when a mail has come in."""

    def __init__(self, kept: letters.Letters) -> None:
        """Take where mails are kept."""
        self._letters = kept

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: smtp.SMTP, _session: smtp.Session, envelope: smtp.Envelope
    ) -> str:
        """Keep the mail."""
        content = envelope.content
        body = content if isinstance(content, bytes) else str(content or "").encode()
        identifier = await asyncio.to_thread(self._letters.add, body, recipients=envelope.rcpt_tos)
        # Neither addresses nor subjects: logs are read by more people than mails are.
        _log.info("mail taken", mail_id=identifier, recipients=len(envelope.rcpt_tos))
        return "250 Kept"


async def listen(kept: letters.Letters, *, host: str, port: int) -> asyncio.Server:
    """Begin to take mails."""
    receiver = Receiver(kept)

    def session() -> smtp.SMTP:
        options: dict[str, Any] = {"data_size_limit": LARGEST, "enable_SMTPUTF8": True, "hostname": "mailbox"}
        return smtp.SMTP(receiver, **options)

    return await asyncio.get_running_loop().create_server(session, host, port)
