"""What an installation's volumes may hold is reserved too; what is placed already gets it when a provisioner starts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"

_RESERVED = (
    "reserved_cpu_millis",
    "reserved_memory_bytes",
    "reserved_pods",
    "reserved_services",
    "surge_cpu_millis",
    "surge_memory_bytes",
    "surge_pods",
)
_NEW = "reserved_storage_bytes"


def upgrade() -> None:
    """Add the column, also to the index from which reservations are added up."""
    op.add_column("installations", sa.Column(_NEW, sa.BigInteger(), server_default="0", nullable=False))
    op.drop_index("ix_installations_cluster", "installations")
    _index([*_RESERVED, _NEW])


def _index(reserved: Sequence[str]) -> None:
    op.create_index(
        "ix_installations_cluster",
        "installations",
        ["cluster_id"],
        postgresql_include=["id", "status", *reserved],
        postgresql_where=sa.text("status <> 'deleted'"),
    )
