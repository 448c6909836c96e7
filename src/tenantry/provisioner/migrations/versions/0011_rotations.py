"""An installation's credentials can be rotated: how far that is, and since when a role has its present password."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns; nothing is being rotated yet."""
    op.add_column("installations", sa.Column("rotation", sa.Text(), nullable=True))
    op.create_check_constraint("ck_installations_rotation", "installations", "rotation IN ('asked', 'drawn', 'made')")
    op.add_column("logical_databases", sa.Column("password_set_at", sa.DateTime(timezone=True), nullable=True))
