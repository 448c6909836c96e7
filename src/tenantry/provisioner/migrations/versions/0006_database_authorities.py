"""A database server says who signs its certificate, so that whoever connects to it can be sure that it is the one."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; servers that are registered go on without."""
    op.add_column("database_servers", sa.Column("ca_certificate", sa.Text(), server_default="", nullable=False))
