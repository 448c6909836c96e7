"""What an installation's volumes may hold is reserved too; what is placed already gets it when a provisioner starts."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_RESERVED = (
    "reserved_cpu_millis",
    "reserved_memory_bytes",
    "reserved_pods",
    "reserved_services",
    "reserved_storage_bytes",
    "surge_cpu_millis",
    "surge_memory_bytes",
    "surge_pods",
)


def upgrade() -> None:
    """Add the column, also to the index from which reservations are added up."""
    column = sa.Column("reserved_storage_bytes", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("installations", column)
    op.drop_index("ix_installations_cluster", "installations")
    op.create_index(
        "ix_installations_cluster",
        "installations",
        ["cluster_id"],
        postgresql_include=["id", "status", *_RESERVED],
        postgresql_where=sa.text("status <> 'deleted'"),
    )
