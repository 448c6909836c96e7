"""One process watches a cluster, by a lease; an installation knows what it was last well with and what failed since."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the watches of all clusters, and what installations that are well go back to."""
    op.create_table(
        "watches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(lease_token IS NULL) = (lease_expires_at IS NULL) AND (lease_token IS NULL) = (lease_owner IS NULL)",
            name="ck_watches_lease_whole",
        ),
        sa.ForeignKeyConstraint(["id"], ["clusters.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_watches_due", "watches", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_index(
        "ix_watches_leased", "watches", ["lease_expires_at"], postgresql_where=sa.text("lease_token IS NOT NULL")
    )
    op.execute("INSERT INTO watches (id, due_at) SELECT id, now() FROM clusters")
    op.add_column("installations", sa.Column("settled", postgresql.JSONB(), nullable=True))
    op.add_column("installations", sa.Column("setback", postgresql.JSONB(), nullable=True))
    op.execute(
        "UPDATE installations SET settled = jsonb_build_object('version', version, 'size', size, 'settings', settings)"
        " WHERE status IN ('stable', 'unhealthy')"
    )
