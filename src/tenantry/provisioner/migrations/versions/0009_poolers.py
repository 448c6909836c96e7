"""A database server may have a pooler before it, with a budget of connections that logical databases share."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns; servers that are registered have no pooler, and nothing goes through one."""
    op.add_column("database_servers", sa.Column("pooler_host", sa.Text(), server_default="", nullable=False))
    op.add_column("database_servers", sa.Column("pooler_port", sa.Integer(), server_default="6432", nullable=False))
    op.add_column("database_servers", sa.Column("pooler_budget", sa.Integer(), server_default="0", nullable=False))
    op.create_check_constraint(
        "ck_database_servers_pooler", "database_servers", "pooler_budget = 0 OR pooler_host <> ''"
    )
    op.add_column("logical_databases", sa.Column("pool_mode", sa.Text(), nullable=True))
    op.add_column("logical_databases", sa.Column("pool_size", sa.Integer(), server_default="0", nullable=False))
    op.add_column("logical_databases", sa.Column("verifier", sa.LargeBinary(), nullable=True))
    op.add_column("logical_databases", sa.Column("pooled_by", sa.Text(), nullable=True))
    op.create_check_constraint(
        "ck_logical_databases_pool",
        "logical_databases",
        "pool_size = 0 AND pool_mode IS NULL AND verifier IS NULL AND pooled_by IS NULL"
        " OR pool_size > 0 AND pool_mode IN ('transaction', 'session') AND verifier IS NOT NULL",
    )
