"""What an installation takes is written where it is placed; clusters say what they have, installations where they go.

What is placed already gets its reservation when a provisioner starts. Until now nothing kept to a server's
`max_connections`, so those that are registered may promise ten times as much, lest a running fleet stand still.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

_RESERVED = (
    "reserved_cpu_millis",
    "reserved_memory_bytes",
    "reserved_pods",
    "reserved_services",
    "surge_cpu_millis",
    "surge_memory_bytes",
    "surge_pods",
)
_CONNECTIONS = """
UPDATE logical_databases SET connections = coalesce((manifest #>> '{spec,needs,database,connections}')::int, 20)
FROM installations JOIN applications ON applications.id = installations.application_id
WHERE installations.id = logical_databases.installation_id
"""


def upgrade() -> None:
    """Add the columns; those of installations and logical databases are filled from what is known."""
    empty = sa.text("'{}'")
    op.add_column("clusters", sa.Column("capacity", postgresql.JSONB(), server_default=empty, nullable=False))
    op.add_column("installations", sa.Column("match_labels", postgresql.JSONB(), server_default=empty, nullable=False))
    for name in _RESERVED:
        op.add_column("installations", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.drop_index("ix_installations_cluster", "installations")
    op.create_index(
        "ix_installations_cluster",
        "installations",
        ["cluster_id"],
        postgresql_include=["id", "status", *_RESERVED],
        postgresql_where=sa.text("status <> 'deleted'"),
    )
    op.add_column("logical_databases", sa.Column("connections", sa.Integer(), server_default="20", nullable=False))
    op.execute(_CONNECTIONS)
    op.execute("UPDATE database_servers SET max_connections = least(max_connections::bigint * 10, 1000000)")
