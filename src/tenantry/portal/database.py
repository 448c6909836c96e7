"""The portal's database: the engine's transactions, and how the portal's processes tell each other what has changed."""

import sqlalchemy as sa

from tenantry.engine import database

Database = database.Database
Reader = database.Reader
Writer = database.Writer
libpq_url = database.libpq_url

CHANNEL = "tenantry_portal"
"""Where the portal's processes tell each other what has changed; the payload is a topic."""


async def notify(writer: Writer, topic: str) -> None:
    """Tell all processes, when the transaction commits, that something about the topic has changed."""
    await writer.execute(sa.select(sa.func.pg_notify(CHANNEL, topic)))


async def serialise(writer: Writer, subject: str) -> None:
    """Let transactions about one subject follow one another, until this one ends."""
    await writer.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(subject, 0))))
