"""The provisioner's tables, in one place; migrations create them, only `store.py` modules use them.

Invariants live here: a name belongs to one living installation, an installation has one logical database and one
bucket, and states are only those that the model knows.
"""

from collections.abc import Iterable
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tenantry.engine import columns
from tenantry.provisioner.installations import transitions
from tenantry.wire import applications, infrastructure, installations, operators

METADATA = sa.MetaData()

Json = postgresql.JSONB
Moment = sa.DateTime(timezone=True)

RESERVED = (
    "reserved_cpu_millis",
    "reserved_memory_bytes",
    "reserved_pods",
    "reserved_services",
    "reserved_storage_bytes",
    "surge_cpu_millis",
    "surge_memory_bytes",
    "surge_pods",
)
"""Columns of an installation: what it takes of its cluster, and what it needs besides while it is exchanged."""


def _choice(column: str, choices: Iterable[StrEnum], table: str) -> sa.CheckConstraint:
    values = ", ".join(f"'{choice}'" for choice in choices)
    return sa.CheckConstraint(f"{column} IN ({values})", name=f"ck_{table}_{column}")


def _possible() -> str:
    """Every status serves a target; all other pairs are refused."""
    pairs: list[str] = []
    for target, on_the_way in transitions.SERVING.items():
        statuses = ", ".join(f"'{status}'" for status in installations.Status if status in on_the_way)
        pairs.append(f"target = '{target}' AND status IN ({statuses})")
    return " OR ".join(pairs)


APPLICATIONS = sa.Table(
    "applications",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("manifest", Json, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

CLUSTERS = sa.Table(
    "clusters",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("kubeconfig", sa.LargeBinary),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("is_cordoned", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("max_installations", sa.Integer, nullable=False),
    sa.Column("facts", Json),
    sa.Column("labels", Json, nullable=False),
    sa.Column("capacity", Json, nullable=False, server_default="{}"),
    sa.Column("created_at", Moment, nullable=False),
    *columns.work_columns(),
    *columns.work_constraints("clusters"),
    _choice("status", infrastructure.Status, "clusters"),
)

WATCHES = sa.Table(
    "watches",
    METADATA,
    sa.Column("id", sa.Text, sa.ForeignKey("clusters.id"), primary_key=True),
    *columns.work_columns(),
    *columns.work_constraints("watches"),
)

OPERATORS = sa.Table(
    "operators",
    METADATA,
    sa.Column("id", sa.Text, sa.ForeignKey("clusters.id"), primary_key=True),
    sa.Column("kept_by", sa.Text, nullable=False, server_default=operators.Keeper.EXTERNAL),
    sa.Column("image", sa.Text),
    sa.Column("version", sa.Text),
    sa.Column("facts", Json, nullable=False, server_default="{}"),
    sa.Column("takes_over", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("status", sa.Text, nullable=False, server_default=operators.Status.EXTERNAL),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("since", Moment, nullable=False),
    sa.Column("attempt", sa.Text, nullable=False, server_default=""),
    sa.Column("release", sa.Text, nullable=False, server_default=""),
    sa.Column("served", Json),
    sa.Column("carried", sa.Text, nullable=False, server_default=""),
    *columns.work_columns(),
    *columns.work_constraints("operators"),
    _choice("kept_by", operators.Keeper, "operators"),
    _choice("status", operators.Status, "operators"),
    sa.CheckConstraint("(kept_by = 'external') = (status = 'external')", name="ck_operators_possible"),
)

PREPARATIONS = sa.Table(
    "preparations",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.Text, sa.ForeignKey("applications.id"), nullable=False),
    sa.Column("cluster_id", sa.Text, sa.ForeignKey("clusters.id"), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("versions", Json, nullable=False),
    sa.UniqueConstraint("application_id", "cluster_id"),
    *columns.work_columns(),
    *columns.work_constraints("preparations", group="cluster_id"),
    _choice("status", applications.Status, "preparations"),
)

DATABASE_SERVERS = sa.Table(
    "database_servers",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("password", sa.LargeBinary, nullable=False),
    sa.Column("ssl_mode", sa.Text, nullable=False),
    sa.Column("ca_certificate", sa.Text, nullable=False, server_default=""),
    sa.Column("version", sa.Text, nullable=False, server_default=""),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("is_cordoned", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("max_databases", sa.Integer, nullable=False),
    sa.Column("max_connections", sa.Integer, nullable=False),
    sa.Column("pooler_host", sa.Text, nullable=False, server_default=""),
    sa.Column("pooler_port", sa.Integer, nullable=False, server_default="6432"),
    sa.Column("pooler_budget", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Moment, nullable=False),
    *columns.work_columns(),
    *columns.work_constraints("database_servers"),
    _choice("status", infrastructure.Status, "database_servers"),
    sa.CheckConstraint("pooler_budget = 0 OR pooler_host <> ''", name="ck_database_servers_pooler"),
)

OBJECT_STORES = sa.Table(
    "object_stores",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("root", sa.Text),
    sa.Column("iam_endpoint", sa.Text),
    sa.Column("access_key", sa.Text),
    sa.Column("secret_key", sa.LargeBinary),
    sa.Column("ca_certificate", sa.Text, nullable=False, server_default=""),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("is_cordoned", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("max_buckets", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    *columns.work_columns(),
    *columns.work_constraints("object_stores"),
    _choice("status", infrastructure.Status, "object_stores"),
    sa.CheckConstraint(
        "kind = 'rclone' AND root IS NOT NULL AND access_key IS NULL AND secret_key IS NULL"
        " OR kind = 'iam' AND root IS NULL AND access_key IS NOT NULL AND secret_key IS NOT NULL",
        name="ck_object_stores_whole",
    ),
)

INSTALLATIONS = sa.Table(
    "installations",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("application_id", sa.Text, sa.ForeignKey("applications.id"), nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("size", sa.Text, nullable=False),
    sa.Column("settings", Json, nullable=False),
    sa.Column("settled", Json),
    sa.Column("setback", Json),
    sa.Column("labels", Json, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("message", sa.Text, nullable=False, server_default=""),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("handed_generation", sa.Integer, nullable=False, server_default="0"),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("restarted_at", Moment),
    sa.Column("is_locked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("delete_after", Moment),
    sa.Column("cluster_id", sa.Text, sa.ForeignKey("clusters.id")),
    sa.Column("placed_at", Moment),
    sa.Column("match_labels", Json, nullable=False, server_default="{}"),
    *[sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in RESERVED],
    sa.Column("generated_secrets", sa.LargeBinary, nullable=False),
    sa.Column("rotation", sa.Text),
    sa.Column("runtime_status", Json),
    sa.Column("runtime_gone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    *columns.work_columns(),
    *columns.work_constraints("installations", group="cluster_id"),
    _choice("target", installations.Target, "installations"),
    _choice("status", installations.Status, "installations"),
    _choice("rotation", transitions.Rotation, "installations"),
    sa.CheckConstraint(_possible(), name="ck_installations_possible"),
    sa.Index(
        "uq_installations_living_name",
        "name",
        unique=True,
        postgresql_where=sa.text("status <> 'deleted'"),
    ),
    sa.Index("ix_installations_created", "created_at", "id"),
    # With all that is added up when something is placed, so that the rows themselves are not read for it.
    sa.Index(
        "ix_installations_cluster",
        "cluster_id",
        postgresql_include=["id", "status", *RESERVED],
        postgresql_where=sa.text("status <> 'deleted'"),
    ),
    sa.Index("ix_installations_application", "application_id"),
)

LOGICAL_DATABASES = sa.Table(
    "logical_databases",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("installation_id", sa.Text, sa.ForeignKey("installations.id"), nullable=False, unique=True),
    sa.Column("server_id", sa.Text, sa.ForeignKey("database_servers.id"), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("password", sa.LargeBinary, nullable=False),
    sa.Column("password_set_at", Moment),
    sa.Column("connections", sa.Integer, nullable=False, server_default="20"),
    sa.Column("ready_at", Moment),
    sa.Column("pool_mode", sa.Text),
    sa.Column("pool_size", sa.Integer, nullable=False, server_default="0"),
    sa.Column("verifier", sa.LargeBinary),
    sa.Column("pooled_by", sa.Text),
    sa.CheckConstraint(
        "pool_size = 0 AND pool_mode IS NULL AND verifier IS NULL AND pooled_by IS NULL"
        " OR pool_size > 0 AND pool_mode IN ('transaction', 'session') AND verifier IS NOT NULL",
        name="ck_logical_databases_pool",
    ),
)

BUCKETS = sa.Table(
    "buckets",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("installation_id", sa.Text, sa.ForeignKey("installations.id"), nullable=False, unique=True),
    sa.Column("store_id", sa.Text, sa.ForeignKey("object_stores.id"), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("access_key", sa.Text, nullable=False, unique=True),
    sa.Column("secret_key", sa.LargeBinary, nullable=False),
    sa.Column("ready_at", Moment),
)

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("sequence", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Index("ix_events_subject", "subject_id", "sequence"),
)

AUDIT_ENTRIES = sa.Table(
    "audit_entries",
    METADATA,
    sa.Column("sequence", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("detail", Json, nullable=False),
    sa.Index("ix_audit_entries_subject", "subject_id", "sequence"),
)

TOKENS = sa.Table(
    "tokens",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("scopes", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_at", Moment),
    sa.Column("last_used_at", Moment),
)

ANSWERS = sa.Table(
    "answers",
    METADATA,
    sa.Column("token_id", sa.Text, sa.ForeignKey("tokens.id"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_digest", sa.LargeBinary, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", Moment, nullable=False, index=True),
    sa.Column("status", sa.SmallInteger),
    sa.Column("headers", Json),
    sa.Column("body", sa.LargeBinary),
    sa.CheckConstraint(
        "(status IS NULL) = (headers IS NULL) AND (status IS NULL) = (body IS NULL)", name="ck_answers_whole"
    ),
)

INSTALLATIONS_QUEUE = columns.Queue(table=INSTALLATIONS, group="cluster_id", group_limit=16)
PREPARATIONS_QUEUE = columns.Queue(table=PREPARATIONS, group="cluster_id", group_limit=2)
CLUSTERS_QUEUE = columns.Queue(table=CLUSTERS)
WATCHES_QUEUE = columns.Queue(table=WATCHES)
OPERATORS_QUEUE = columns.Queue(table=OPERATORS)
DATABASE_SERVERS_QUEUE = columns.Queue(table=DATABASE_SERVERS)
OBJECT_STORES_QUEUE = columns.Queue(table=OBJECT_STORES)
