"""The SQL of the event cursor, of the contact with the provisioner, and of clusters that it cannot reach."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tenantry.portal import database, tables
from tenantry.portal.following import metrics

_CURSOR = tables.EVENT_CURSOR
_AWAY = tables.CLUSTERS_AWAY

TOPIC = "contact"
"""Where processes tell each other that what is known of workspaces has become old, or new again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whether what we show is what is so."""

    sequence: int
    is_live: bool
    lost_at: datetime | None
    """Since when the provisioner cannot be reached: pages are as of this moment."""
    lost_code: str = ""
    """Where it answers and does not accept us, with which code; empty where nobody answers."""

    @property
    def state(self) -> metrics.Contact:
        """How things are between us and the provisioner."""
        if self.is_live:
            return metrics.Contact.REACHED
        return metrics.Contact.REFUSED if self.lost_code else metrics.Contact.AWAY


async def contact(reader: database.Reader) -> Contact:
    """Return how far we have followed, and whether we follow now."""
    row = (await reader.execute(sa.select(_CURSOR))).one_or_none()
    if row is None:
        return Contact(sequence=0, is_live=False, lost_at=None)
    return Contact(sequence=row.sequence, is_live=row.lost_at is None, lost_at=row.lost_at, lost_code=row.lost_code)


async def lock(writer: database.Writer) -> int:
    """Return the cursor; nobody else moves it until the transaction ends."""
    await writer.execute(postgresql.insert(_CURSOR).values(id=True, sequence=0).on_conflict_do_nothing())
    return (await writer.execute(sa.select(_CURSOR.c.sequence).with_for_update())).scalar_one()


async def advance(writer: database.Writer, sequence: int) -> None:
    """Remember that everything up to this event has been dealt with."""
    await writer.execute(sa.update(_CURSOR).values(sequence=sequence))


async def mark_live(writer: database.Writer, now: datetime) -> None:
    """Remember that the provisioner is reached."""
    await lock(writer)
    await writer.execute(sa.update(_CURSOR).values(contact_at=now, lost_at=None, lost_code=""))
    await database.notify(writer, TOPIC)


async def mark_lost(writer: database.Writer, now: datetime, code: str = "") -> None:
    """Remember since when the provisioner cannot be reached, and with which code it refuses us, if it does."""
    await lock(writer)
    since = sa.func.coalesce(_CURSOR.c.lost_at, now)
    await writer.execute(sa.update(_CURSOR).values(lost_at=since, lost_code=code))
    await database.notify(writer, TOPIC)


async def mark_away(writer: database.Writer, cluster: str, at: datetime) -> None:
    """Remember since when a cluster cannot be reached; a cluster that is away already stays so since then."""
    await writer.execute(postgresql.insert(_AWAY).values(name=cluster, since=at).on_conflict_do_nothing())
    await database.notify(writer, TOPIC)


async def mark_back(writer: database.Writer, cluster: str) -> None:
    """Remember that a cluster can be reached, or is none any more."""
    await writer.execute(sa.delete(_AWAY).where(_AWAY.c.name == cluster))
    await database.notify(writer, TOPIC)


async def away_since(reader: database.Reader, cluster: str) -> datetime | None:
    """Return since when a cluster cannot be reached; None where it can."""
    return (await reader.execute(sa.select(_AWAY.c.since).where(_AWAY.c.name == cluster))).scalar_one_or_none()
