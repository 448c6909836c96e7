"""The right to work on one row until a time; replaces locks."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from tenantry.kernel import errors


class StaleLeaseError(errors.TemporaryError):
    """The lease on this row has ended or gone to another; nothing was written."""

    code = "stale-lease"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who works on which row, and until when.

    Attributes:
        row: the row's id.
        token: proves the right; every write back compares it.
        owner: the supervisor, for people who look.
        expires_at: from then on anybody may claim the row.
        attempts: failed tries so far.
    """

    row: str
    token: uuid.UUID
    owner: str
    expires_at: datetime
    attempts: int
