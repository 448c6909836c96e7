"""Chores that forget what is of no use, the indexes that they and the lists need, and one open order a workspace."""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    """
    CREATE TABLE chores (
        id TEXT NOT NULL,
        ran_at TIMESTAMP WITH TIME ZONE,
        due_at TIMESTAMP WITH TIME ZONE,
        attempts INTEGER DEFAULT '0' NOT NULL,
        lease_token UUID,
        lease_owner TEXT,
        lease_expires_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        CONSTRAINT ck_chores_lease_whole CHECK (
            (lease_token IS NULL) = (lease_expires_at IS NULL) AND (lease_token IS NULL) = (lease_owner IS NULL)
        )
    )
    """,
    "CREATE INDEX ix_chores_due ON chores (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX ix_chores_leased ON chores (lease_expires_at) WHERE lease_token IS NOT NULL",
    "CREATE INDEX sessions_expires ON sessions (expires_at)",
    "CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL",
    "CREATE INDEX sign_in_codes_created ON sign_in_codes (created_at)",
    "CREATE INDEX mails_closed ON mails (created_at) WHERE status <> 'waiting'",
    "CREATE UNIQUE INDEX orders_open ON orders (workspace_id) WHERE status = 'waiting'",
    "CREATE INDEX workspaces_listed ON workspaces (account_id, id) WHERE status NOT IN ('deleted', 'withdrawn')",
    "DROP INDEX workspaces_account",
    "ALTER TABLE event_cursor ADD COLUMN lost_code TEXT DEFAULT '' NOT NULL",
)


def upgrade() -> None:
    """Create them."""
    op.execute("SET LOCAL lock_timeout = '4s'")
    for statement in _STATEMENTS:
        op.execute(statement)
