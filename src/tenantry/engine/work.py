"""What a kind of work brings: how to load a row, act on it and write down what came of it.

`load` and `apply` run in short transactions; `act` runs in none and may take as long as it must. `apply` gets the row
as it is then, not as it was when it was loaded, because others may have changed what is wanted meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from tenantry.kernel import errors

Row = TypeVar("Row")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An act that raised.

    Attributes:
        error: what it raised; unexpected exceptions come as a `TemporaryError` whose message names only their type.
        attempts: failed tries so far, this one included.
        retry_at: when it is tried again if nothing else is decided; None for errors that waiting does not mend.
    """

    error: errors.TenantryError
    attempts: int
    retry_at: datetime | None


class Work(Protocol[Row, Outcome]):
    """One kind of work."""

    async def load(self, connection: AsyncConnection, row: str) -> Row | None:
        """Read the row with all that `act` needs; None where there is nothing to do any more."""
        ...

    async def act(self, row: Row) -> Outcome:
        """Take one step in the world. May be run twice for the same row; must bear being cancelled."""
        ...

    async def apply(self, connection: AsyncConnection, row: Row, outcome: Outcome) -> datetime | None:
        """Write what came of it, events included, and return when the row is due again (None: it rests)."""
        ...

    async def reject(self, connection: AsyncConnection, row: Row, failure: Failure) -> datetime | None:
        """Write that the step failed and why, and return when the row is due again (None: it rests)."""
        ...
