"""Operators of Kubernetes clusters have rows: who keeps them, at which version, and how far a change of it is.

Those of clusters that are known already are left to whoever keeps them now.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

_STATUSES = "'external', 'pending', 'upgrading', 'current', 'returning', 'returned', 'failed', 'blocked'"


def upgrade() -> None:
    """Add the table, with a row for each cluster of Kubernetes."""
    moment, text = sa.DateTime(timezone=True), sa.Text()
    op.create_table(
        "operators",
        sa.Column("id", text, sa.ForeignKey("clusters.id"), primary_key=True),
        sa.Column("kept_by", text, server_default="external", nullable=False),
        sa.Column("image", text),
        sa.Column("version", text),
        sa.Column("facts", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("takes_over", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("status", text, server_default="external", nullable=False),
        sa.Column("reason", text, server_default="", nullable=False),
        sa.Column("message", text, server_default="", nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("attempt", text, server_default="", nullable=False),
        sa.Column("release", text, server_default="", nullable=False),
        sa.Column("served", postgresql.JSONB()),
        sa.Column("carried", text, server_default="", nullable=False),
        sa.Column("due_at", moment),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_token", sa.Uuid()),
        sa.Column("lease_owner", text),
        sa.Column("lease_expires_at", moment),
        sa.CheckConstraint(
            "(lease_token IS NULL) = (lease_expires_at IS NULL) AND (lease_token IS NULL) = (lease_owner IS NULL)",
            name="ck_operators_lease_whole",
        ),
        sa.CheckConstraint("kept_by IN ('tenantry', 'external')", name="ck_operators_kept_by"),
        sa.CheckConstraint(f"status IN ({_STATUSES})", name="ck_operators_status"),
        sa.CheckConstraint("(kept_by = 'external') = (status = 'external')", name="ck_operators_possible"),
    )
    op.create_index("ix_operators_due", "operators", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_index(
        "ix_operators_leased", "operators", ["lease_expires_at"], postgresql_where=sa.text("lease_token IS NOT NULL")
    )
    op.execute(
        "INSERT INTO operators (id, since, due_at) SELECT id, now(), now() FROM clusters WHERE kind = 'kubernetes'"
    )
