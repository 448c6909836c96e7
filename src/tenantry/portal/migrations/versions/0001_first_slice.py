"""The first slice: accounts, products, workspaces, orders, history, the outbox and the event cursor."""

from alembic import op

revision = "0001"
down_revision = None

_STATEMENTS = (
    """
    CREATE TABLE accounts (
        id TEXT NOT NULL,
        email TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        signed_in_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (email)
    )
    """,
    """
    CREATE TABLE event_cursor (
        id BOOLEAN DEFAULT true NOT NULL,
        sequence BIGINT NOT NULL,
        contact_at TIMESTAMP WITH TIME ZONE,
        lost_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        CONSTRAINT event_cursor_single CHECK (id)
    )
    """,
    """
    CREATE TABLE mails (
        id TEXT NOT NULL,
        recipient TEXT NOT NULL,
        subject TEXT NOT NULL,
        body TEXT,
        status TEXT NOT NULL,
        message TEXT DEFAULT '' NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        sent_at TIMESTAMP WITH TIME ZONE,
        due_at TIMESTAMP WITH TIME ZONE,
        attempts INTEGER DEFAULT '0' NOT NULL,
        lease_token UUID,
        lease_owner TEXT,
        lease_expires_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        CONSTRAINT ck_mails_lease_whole CHECK (
            (lease_token IS NULL) = (lease_expires_at IS NULL) AND (lease_token IS NULL) = (lease_owner IS NULL)
        )
    )
    """,
    """
    CREATE INDEX ix_mails_due ON mails (due_at) WHERE due_at IS NOT NULL
    """,
    """
    CREATE INDEX ix_mails_leased ON mails (lease_expires_at) WHERE lease_token IS NOT NULL
    """,
    """
    CREATE TABLE products (
        name TEXT NOT NULL,
        title TEXT NOT NULL,
        summary TEXT NOT NULL,
        icon TEXT,
        status TEXT NOT NULL,
        message TEXT NOT NULL,
        default_version TEXT NOT NULL,
        sizes JSONB NOT NULL,
        settings_schema JSONB NOT NULL,
        position INTEGER NOT NULL,
        is_sold BOOLEAN NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (name)
    )
    """,
    """
    CREATE TABLE sign_in_codes (
        id TEXT NOT NULL,
        visit_hash TEXT NOT NULL,
        email TEXT NOT NULL,
        client TEXT NOT NULL,
        code_hash TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        used_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE INDEX sign_in_codes_client ON sign_in_codes (client, created_at)
    """,
    """
    CREATE INDEX sign_in_codes_email ON sign_in_codes (email, created_at)
    """,
    """
    CREATE INDEX sign_in_codes_visit ON sign_in_codes (visit_hash, created_at)
    """,
    """
    CREATE TABLE sessions (
        id TEXT NOT NULL,
        account_id TEXT NOT NULL,
        token_hash TEXT NOT NULL,
        client TEXT NOT NULL,
        browser TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        FOREIGN KEY(account_id) REFERENCES accounts (id),
        UNIQUE (token_hash)
    )
    """,
    """
    CREATE INDEX ix_sessions_account_id ON sessions (account_id)
    """,
    """
    CREATE TABLE workspaces (
        id TEXT NOT NULL,
        account_id TEXT NOT NULL,
        product TEXT NOT NULL,
        name TEXT NOT NULL,
        size TEXT NOT NULL,
        settings JSONB NOT NULL,
        status TEXT NOT NULL,
        installation_id TEXT,
        installation JSONB,
        installation_at TIMESTAMP WITH TIME ZONE,
        status_since TIMESTAMP WITH TIME ZONE NOT NULL,
        ready_at TIMESTAMP WITH TIME ZONE,
        credentials_shown_at TIMESTAMP WITH TIME ZONE,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(account_id) REFERENCES accounts (id),
        FOREIGN KEY(product) REFERENCES products (name),
        UNIQUE (installation_id)
    )
    """,
    """
    CREATE INDEX workspaces_account ON workspaces (account_id, created_at)
    """,
    """
    CREATE UNIQUE INDEX workspaces_name ON workspaces (name) WHERE status NOT IN ('deleted', 'refused', 'withdrawn')
    """,
    """
    CREATE TABLE operations (
        id TEXT NOT NULL,
        workspace_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        summary TEXT NOT NULL,
        outcome TEXT NOT NULL,
        message TEXT NOT NULL,
        sequence BIGINT NOT NULL,
        started_at TIMESTAMP WITH TIME ZONE NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        CONSTRAINT operations_sequence UNIQUE (workspace_id, sequence),
        FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
    )
    """,
    """
    CREATE INDEX operations_workspace ON operations (workspace_id, sequence)
    """,
    """
    CREATE TABLE orders (
        id TEXT NOT NULL,
        account_id TEXT NOT NULL,
        workspace_id TEXT NOT NULL,
        form_key TEXT NOT NULL,
        kind TEXT NOT NULL,
        details JSONB NOT NULL,
        status TEXT NOT NULL,
        code TEXT DEFAULT '' NOT NULL,
        message TEXT DEFAULT '' NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE,
        due_at TIMESTAMP WITH TIME ZONE,
        attempts INTEGER DEFAULT '0' NOT NULL,
        lease_token UUID,
        lease_owner TEXT,
        lease_expires_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        CONSTRAINT orders_form_key UNIQUE (account_id, form_key),
        CONSTRAINT ck_orders_lease_whole CHECK (
            (lease_token IS NULL) = (lease_expires_at IS NULL) AND (lease_token IS NULL) = (lease_owner IS NULL)
        ),
        FOREIGN KEY(account_id) REFERENCES accounts (id),
        FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
    )
    """,
    """
    CREATE INDEX ix_orders_due ON orders (due_at) WHERE due_at IS NOT NULL
    """,
    """
    CREATE INDEX ix_orders_leased ON orders (lease_expires_at) WHERE lease_token IS NOT NULL
    """,
    """
    CREATE INDEX orders_workspace ON orders (workspace_id, created_at)
    """,
    """
    CREATE TABLE step_times (
        workspace_id TEXT NOT NULL,
        step TEXT NOT NULL,
        product TEXT NOT NULL,
        duration INTERVAL NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (workspace_id, step),
        FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
    )
    """,
    """
    CREATE INDEX step_times_recent ON step_times (product, step, at)
    """,
)


def upgrade() -> None:
    """Create the tables."""
    op.execute("SET LOCAL lock_timeout = '4s'")
    for statement in _STATEMENTS:
        op.execute(statement)
