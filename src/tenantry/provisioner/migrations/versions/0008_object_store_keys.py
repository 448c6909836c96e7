"""An object store may be a server with users of its own: then it has an administrator's key, sealed, and no folder."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add how such a store is reached; those that are registered are folders, and stay so."""
    op.alter_column("object_stores", "root", nullable=True)
    op.add_column("object_stores", sa.Column("iam_endpoint", sa.Text(), nullable=True))
    op.add_column("object_stores", sa.Column("access_key", sa.Text(), nullable=True))
    op.add_column("object_stores", sa.Column("secret_key", sa.LargeBinary(), nullable=True))
    op.add_column("object_stores", sa.Column("ca_certificate", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(
        "ck_object_stores_whole",
        "object_stores",
        "kind = 'rclone' AND root IS NOT NULL AND access_key IS NULL AND secret_key IS NULL"
        " OR kind = 'iam' AND root IS NULL AND access_key IS NOT NULL AND secret_key IS NOT NULL",
    )
