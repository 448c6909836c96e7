"""Sends what is in the outbox; a mail that has lost its sense is not sent any more.

The text is dropped as soon as it is not needed, since it may hold a one-time code.
"""

from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from tenantry.engine import work
from tenantry.kernel import clock as clocks
from tenantry.portal import database
from tenantry.portal.mail import ports, store

_log = structlog.get_logger(__name__)


class MailWork:
    """The work of the supervisor of mails (`engine.work.Work`)."""

    def __init__(self, mailer: ports.Mailer, clock: clocks.Clock) -> None:
        """Take who carries mails away."""
        self._mailer = mailer
        self._clock = clock

    async def load(self, connection: AsyncConnection, row: str) -> ports.Mail | None:
        """Read the mail, unless it has expired."""
        writer, now = _writer(connection), self._clock.now()
        kept = await store.find(writer, row)
        if kept is None:
            return None
        if kept.expires_at <= now:
            await store.finish(writer, row, status=store.Status.EXPIRED, message="", at=None)
            return None
        return kept.mail

    async def act(self, row: ports.Mail) -> None:
        """Hand it to the mail server."""
        await self._mailer.send(row)

    async def apply(self, connection: AsyncConnection, row: ports.Mail, outcome: None) -> datetime | None:
        """Remember that it is on its way."""
        del outcome
        now = self._clock.now()
        await store.finish(_writer(connection), row.id, status=store.Status.SENT, message="", at=now)
        _log.info("mail sent", mail_id=row.id)
        return None

    async def reject(self, connection: AsyncConnection, row: ports.Mail, failure: work.Failure) -> datetime | None:
        """Try later, or give up where the mail server will never take it."""
        _log.warning("mail not sent", mail_id=row.id, code=failure.error.code, attempts=failure.attempts)
        if failure.retry_at is None:
            message = failure.error.message
            await store.finish(_writer(connection), row.id, status=store.Status.REFUSED, message=message, at=None)
        return failure.retry_at


def _writer(connection: AsyncConnection) -> database.Writer:
    return database.Writer(database.Reader(connection))
