"""What is forgotten, and when: pure, so that the rules can be read and tried without a database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

BATCH = 1000
"""Rows that one transaction deletes at the most: it never holds many locks, nor for long."""

PAUSE = timedelta(minutes=15)
"""Between two looks where nothing was left over."""


class Chore(StrEnum):
    """A kind of row that is forgotten."""

    EXPIRED_SESSIONS = "expired-sessions"
    ENDED_SESSIONS = "ended-sessions"
    OLD_CODES = "old-codes"
    CLOSED_MAILS = "closed-mails"


KEPT: dict[Chore, timedelta] = {
    Chore.EXPIRED_SESSIONS: timedelta(),
    Chore.ENDED_SESSIONS: timedelta(days=1),
    Chore.OLD_CODES: timedelta(days=1),
    Chore.CLOSED_MAILS: timedelta(days=30),
}
"""How long each is kept after it has lost its use; codes as long as any limit counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """One batch: what, and of before when."""

    chore: Chore
    before: datetime


def purge(chore: Chore, now: datetime) -> Purge:
    """Return what is to be forgotten now."""
    return Purge(chore=chore, before=now - KEPT[chore])


def following(deleted: int, now: datetime) -> datetime:
    """Return when to look again: at once where the batch was full, since more may be left."""
    return now if deleted >= BATCH else now + PAUSE
