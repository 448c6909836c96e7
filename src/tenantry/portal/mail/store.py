"""The SQL of the outbox."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from tenantry.engine import columns
from tenantry.engine import store as engine_store
from tenantry.portal import database, tables
from tenantry.portal.mail import ports

_MAILS = tables.MAILS
QUEUE = columns.Queue(table=_MAILS)


class Status(StrEnum):
    """How far a mail is."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A mail that waits in the outbox."""

    mail: ports.Mail
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """A mail that goes into the outbox."""

    id: str
    recipient: str
    subject: str
    body: str
    created_at: datetime
    expires_at: datetime


async def add(writer: database.Writer, mail: NewMail) -> None:
    """Keep a mail; it is due at once, and its supervisor is told when the transaction commits."""
    values = {
        "id": mail.id,
        "recipient": mail.recipient,
        "subject": mail.subject,
        "body": mail.body,
        "status": Status.WAITING.value,
        "created_at": mail.created_at,
        "expires_at": mail.expires_at,
        "due_at": mail.created_at - columns.HEAD_START,
    }
    await writer.execute(sa.insert(_MAILS).values(values))
    await engine_store.notify(writer, QUEUE)


async def find(reader: database.Reader, mail_id: str) -> Kept | None:
    """Return a mail that waits."""
    query = sa.select(_MAILS).where(_MAILS.c.id == mail_id, _MAILS.c.status == Status.WAITING.value)
    row = (await reader.execute(query)).one_or_none()
    if row is None:
        return None
    mail = ports.Mail(id=row.id, recipient=row.recipient, subject=row.subject, body=row.body)
    return Kept(mail=mail, expires_at=row.expires_at)


async def finish(writer: database.Writer, mail_id: str, *, status: Status, message: str, at: datetime | None) -> None:
    """Close a mail and forget its text, which may hold a code."""
    change = sa.update(_MAILS).where(_MAILS.c.id == mail_id)
    await writer.execute(change.values(status=status.value, message=message, sent_at=at, body=None, subject=""))
