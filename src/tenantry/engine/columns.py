"""The columns that make a table's rows claimable, and the queue that describes such a table.

A row that rests has no `due_at` and is in no index that a supervisor reads, so a resting fleet costs nothing however
large it is. A claimed row is due again when its lease ends: that is all there is to crash recovery.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A table whose rows are worked on.

    Attributes:
        table: has `id` and the columns of `work_columns`.
        group: column by which concurrency is bounded besides the supervisor's own (a cluster, a server), if any.
        group_limit: rows of one group that may be worked on at once, over all supervisors.
    """

    table: sa.Table
    group: str | None = None
    group_limit: int = 8

    @property
    def name(self) -> str:
        """The name under which supervisors of this queue are notified."""
        return self.table.name


HEAD_START = timedelta(seconds=60)
"""Work that a person waits for is entered as if it had waited this long already; older work still goes first."""


def work_columns() -> Sequence[sa.Column[object]]:
    """Return new columns for a table that is worked on."""
    moment = sa.DateTime(timezone=True)
    columns: list[sa.Column[object]] = [
        sa.Column("due_at", moment, nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lease_token", sa.Uuid, nullable=True),
        sa.Column("lease_owner", sa.Text, nullable=True),
        sa.Column("lease_expires_at", moment, nullable=True),
    ]
    return columns


def work_constraints(table_name: str, *, group: str | None = None) -> Sequence[sa.Index | sa.CheckConstraint]:
    """Return the indexes and checks of such a table: only due rows and leased rows are indexed."""
    leased = ["lease_expires_at"] if group is None else [group, "lease_expires_at"]
    return [
        sa.Index(f"ix_{table_name}_due", sa.text("due_at"), postgresql_where=sa.text("due_at IS NOT NULL")),
        sa.Index(
            f"ix_{table_name}_leased",
            *[sa.text(name) for name in leased],
            postgresql_where=sa.text("lease_token IS NOT NULL"),
        ),
        sa.CheckConstraint(
            "(lease_token IS NULL) = (lease_expires_at IS NULL) AND (lease_token IS NULL) = (lease_owner IS NULL)",
            name=f"ck_{table_name}_lease_whole",
        ),
    ]
