"""Many rows at once, as years of customers leave them, written straight into a portal's database."""

import json
from datetime import UTC, datetime

import psycopg

from support import portal_twin_state
from tenantry.wire import installations

ACCOUNT = "acc-many"
EMAIL = "many@example.com"


def connect(url: str) -> psycopg.Connection:
    """Open a portal's database by hand."""
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def left_behind(url: str, *, rows: int) -> None:
    """Leave rows of each kind that is forgotten, half of them past their use, and let the database know its sizes."""
    with connect(url) as connection:
        connection.execute("INSERT INTO accounts VALUES (%s, %s, now(), now())", (ACCOUNT, EMAIL))
        for statement in _LEFT:
            connection.execute(statement.encode(), {"rows": rows, "account": ACCOUNT})
        connection.execute("ANALYZE")


_LEFT = (
    """
    INSERT INTO sessions (id, account_id, token_hash, client, browser, created_at, seen_at, expires_at, ended_at)
    SELECT 'ses-' || n, %(account)s, 'hash-' || n, '192.0.2.1', 'Firefox', now() - interval '40 days', now(),
        now() + (CASE n %% 4 WHEN 0 THEN interval '-9 days' ELSE interval '9 days' END),
        CASE n %% 4 WHEN 1 THEN now() - interval '2 days' END
    FROM generate_series(1, %(rows)s) AS n
    """,
    """
    INSERT INTO sign_in_codes (id, visit_hash, email, client, code_hash, attempts, created_at, expires_at)
    SELECT 'cod-' || n, 'visit-' || n, n || '@example.com', '192.0.2.1', 'hash', 1,
        now() - (CASE n %% 2 WHEN 0 THEN interval '25 hours' ELSE interval '1 hour' END), now()
    FROM generate_series(1, %(rows)s) AS n
    """,
    """
    INSERT INTO mails (id, recipient, subject, status, created_at, expires_at)
    SELECT 'mai-' || n, n || '@example.com', '', CASE n %% 3 WHEN 0 THEN 'waiting' ELSE 'sent' END,
        now() - (CASE n %% 2 WHEN 0 THEN interval '31 days' ELSE interval '1 hour' END), now()
    FROM generate_series(1, %(rows)s) AS n
    """,
)


def fleet(url: str, *, mine: int, others: int, email: str = EMAIL) -> None:
    """Give one account some workspaces, others many, and all of them a history."""
    with connect(url) as connection:
        connection.execute("INSERT INTO accounts VALUES (%s, %s, now(), now())", (ACCOUNT, email))
        connection.execute("INSERT INTO accounts VALUES ('acc-others', 'others@example.com', now(), now())")
        connection.execute(
            "INSERT INTO products VALUES ('chat', 'Chat', '', NULL, 'available', '', '2.4.1',"
            """ '[{"name": "small", "title": "Small"}]', '{}', 0, true, now())"""
        )
        for account, prefix, count in ((ACCOUNT, "mine", mine), ("acc-others", "other", others)):
            values = {"account": account, "prefix": prefix, "count": count, "installation": _installation()}
            for statement in _FLEET:
                connection.execute(statement.encode(), values)
        connection.execute("ANALYZE")


def _installation() -> str:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    request = installations.CreateInstallation(name="many", application="chat")
    made = portal_twin_state.created(request, identifier="ins", url="http://many.localhost", version="2.4.1", now=now)
    while (moved := portal_twin_state.first_start(made, now)) is not None:
        made = moved
    return json.dumps(made.model_dump(mode="json"))


_FLEET = (
    """
    INSERT INTO workspaces (id, account_id, product, name, size, settings, status, installation_id, installation,
        installation_at, status_since, ready_at, created_at)
    SELECT format('wsp-%%s-%%s', %(prefix)s::text, lpad(n::text, 6, '0')), %(account)s, 'chat',
        format('%%s-%%s', %(prefix)s::text, n), 'small', '{}', 'stable', format('ins-%%s-%%s', %(prefix)s::text, n),
        %(installation)s::jsonb || jsonb_build_object('id', format('ins-%%s-%%s', %(prefix)s::text, n)),
        now(), now(), now(), now()
    FROM generate_series(1, %(count)s) AS n
    """,
    """
    INSERT INTO orders (id, account_id, workspace_id, form_key, kind, details, status, created_at, finished_at)
    SELECT 'ord-' || w.id || n, w.account_id, w.id, w.id || n, 'restart', '{}', 'carried-out', now(), now()
    FROM workspaces AS w, generate_series(1, 5) AS n WHERE w.account_id = %(account)s
    """,
    """
    INSERT INTO operations (id, workspace_id, kind, summary, outcome, message, sequence, started_at, finished_at)
    SELECT 'opr-' || w.id || n, w.id, 'restarting', 'Restart', 'done', '', n, now(), now()
    FROM workspaces AS w, generate_series(1, 5) AS n WHERE w.account_id = %(account)s
    """,
    """
    INSERT INTO step_times (workspace_id, step, product, duration, at)
    SELECT w.id, step, 'chat', interval '2 seconds', now()
    FROM workspaces AS w,
        unnest(ARRAY['Placed', 'DatabaseReady', 'BucketReady', 'Prepared', 'Initialised', 'WorkloadsReady',
            'AdministratorCreated', 'Routed', 'Ready']) AS step
    WHERE w.account_id = %(account)s
    """,
)
