"""The portal's tables, in one place; migrations create them, only `store.py` modules use them.

Rows that a supervisor works on (orders, mails) carry the engine's columns: `due_at` is empty when a row rests, so that
the partial index of due rows stays as small as the work there is.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tenantry.engine import columns

METADATA = sa.MetaData()

Json = postgresql.JSONB
Moment = sa.DateTime(timezone=True)


ACCOUNTS = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("email", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("signed_in_at", Moment, nullable=False),
)

SIGN_IN_CODES = sa.Table(
    "sign_in_codes",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("visit_hash", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("code_hash", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
    sa.Index("sign_in_codes_visit", "visit_hash", "created_at"),
    sa.Index("sign_in_codes_email", "email", "created_at"),
    sa.Index("sign_in_codes_client", "client", "created_at"),
    sa.Index("sign_in_codes_created", "created_at"),
)

SESSIONS = sa.Table(
    "sessions",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("token_hash", sa.Text, nullable=False, unique=True),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("browser", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Index("sessions_expires", "expires_at"),
    sa.Index("sessions_ended", "ended_at", postgresql_where=sa.text("ended_at IS NOT NULL")),
)

PRODUCTS = sa.Table(
    "products",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("icon", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("default_version", sa.Text, nullable=False),
    sa.Column("sizes", Json, nullable=False),
    sa.Column("settings_schema", Json, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("is_sold", sa.Boolean, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

WORKSPACES = sa.Table(
    "workspaces",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("product", sa.Text, sa.ForeignKey("products.name"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size", sa.Text, nullable=False),
    sa.Column("settings", Json, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("installation_id", sa.Text, unique=True),
    sa.Column("installation", Json),
    sa.Column("installation_at", Moment),
    sa.Column("status_since", Moment, nullable=False),
    sa.Column("ready_at", Moment),
    sa.Column("credentials_shown_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    sa.Index(
        "workspaces_listed",
        "account_id",
        "id",
        postgresql_where=sa.text("status NOT IN ('deleted', 'withdrawn')"),
    ),
    sa.Index(
        "workspaces_name",
        "name",
        unique=True,
        postgresql_where=sa.text("status NOT IN ('deleted', 'refused', 'withdrawn')"),
    ),
)

ORDERS = sa.Table(
    "orders",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("form_key", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("details", Json, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False, server_default=""),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
    *columns.work_columns(),
    sa.UniqueConstraint("account_id", "form_key", name="orders_form_key"),
    sa.Index("orders_workspace", "workspace_id", "created_at"),
    sa.Index("orders_open", "workspace_id", unique=True, postgresql_where=sa.text("status = 'waiting'")),
    *columns.work_constraints("orders"),
)

OPERATIONS = sa.Table(
    "operations",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
    sa.Index("operations_workspace", "workspace_id", "sequence"),
    sa.UniqueConstraint("workspace_id", "sequence", name="operations_sequence"),
)

STEP_TIMES = sa.Table(
    "step_times",
    METADATA,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("duration", sa.Interval, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("step_times_recent", "product", "step", "at"),
)

MAILS = sa.Table(
    "mails",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("body", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("sent_at", Moment),
    sa.Index("mails_closed", "created_at", postgresql_where=sa.text("status <> 'waiting'")),
    *columns.work_columns(),
    *columns.work_constraints("mails"),
)

EVENT_CURSOR = sa.Table(
    "event_cursor",
    METADATA,
    sa.Column("id", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("contact_at", Moment),
    sa.Column("lost_at", Moment),
    sa.Column("lost_code", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint("id", name="event_cursor_single"),
)

CLUSTERS_AWAY = sa.Table(
    "clusters_away",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("since", Moment, nullable=False),
)
"""Clusters that the provisioner cannot reach; mostly empty."""

CHORES = sa.Table(
    "chores",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("ran_at", Moment),
    *columns.work_columns(),
    *columns.work_constraints("chores"),
)
