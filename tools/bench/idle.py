"""What an idle provisioner asks of its database with 100 and with 100,000 installations at rest: it should be the same.

A provisioner of its own runs on a scratch database that is filled with rows that rest.
"""

import asyncio
import contextlib
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager

import psycopg

from bench import figures, footprint, shop
from tenantry.engine import migration
from tenantry.local import postgres
from tenantry.local.stack import Stack
from tenantry.provisioner import server

_RESTING = (100, 100_000)
_WINDOW_SECONDS = 60
_SCRATCH = "bench_idle"
_PATIENCE = 60

_APPLICATION = """
INSERT INTO applications (id, name, manifest, generation, created_at, updated_at)
VALUES ('app_bench', 'bench', '{}', 1, now(), now()) ON CONFLICT DO NOTHING
"""
_FILL = """
INSERT INTO installations (id, name, display_name, application_id, version, size, settings, labels, url, target, status,
    generation, handed_generation, generated_secrets, created_at, updated_at)
SELECT 'ins_' || number, 'rest-' || number, '', 'app_bench', '1', 'small', '{}', '{}', '', 'running', 'stable',
    1, 1, '', now(), now()
FROM generate_series((SELECT count(*) FROM installations) + 1, %(count)s) AS number
"""
_CLAIMS = re.compile(r'^tenantry_engine_claims_total\{queue="installations"\} (\S+)$', re.MULTILINE)
_COUNTERS = "SELECT xact_commit, tup_returned + tup_fetched FROM pg_stat_database WHERE datname = %s"


async def run(repeat: int) -> None:
    """Measure once for each number of rows (a window is a sum already) and print a table."""
    del repeat
    rows = [["resting rows", "claims/min", "transactions/min", "rows read/min", "CPU s/min"]]
    async with shop.opened(is_empty=True) as owner:
        stack = owner.stack
        password = secrets.token_urlsafe(24)
        await postgres.ensure_database(stack.database_server, name=_SCRATCH, password=password)
        url = stack.database_server.url(database=_SCRATCH, user=_SCRATCH, password=password)
        await asyncio.to_thread(migration.migrate, url, server.MIGRATIONS)
        await asyncio.to_thread(_quieten, stack)
        for count in _RESTING:
            await asyncio.to_thread(_fill, stack, count)
            rows.append([f"{count:,}", *await _measure(owner, url)])
            figures.note(f"{count:,} rows measured")
    figures.say(figures.table(rows))
    figures.say(f"(windows of {_WINDOW_SECONDS} s; claims: of the installations supervisor; {figures.load()})\n")


def _quieten(stack: Stack) -> None:
    """End the server's own housekeeping, whose transactions would be counted with those of the supervisor."""
    with _administrator(stack) as connection:
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute("SELECT pg_reload_conf()")


def _fill(stack: Stack, count: int) -> None:
    with _administrator(stack) as connection:
        connection.execute(_APPLICATION)
        connection.execute(_FILL, {"count": count})
        connection.execute("VACUUM ANALYZE installations")


@contextlib.contextmanager
def _administrator(stack: Stack) -> Generator[psycopg.Connection]:
    own = stack.database_server
    with psycopg.connect(
        host="127.0.0.1",
        port=own.port,
        user=postgres.SUPERUSER,
        password=own.password(),
        dbname=_SCRATCH,
        autocommit=True,
    ) as connection:
        yield connection


async def _measure(owner: shop.Shop, url: str) -> list[str]:
    port = shop.free_port()
    async with _provisioner(owner.stack, url, port) as process:
        await shop.until_ok(owner.visitor, f"http://127.0.0.1:{port}/ready", patience=_PATIENCE)
        await _until_it_has_claimed(owner, port)
        before, begun = await _state(owner, port, process.pid), time.monotonic()
        await asyncio.sleep(_WINDOW_SECONDS)  # the window itself
        after, took = await _state(owner, port, process.pid), time.monotonic() - begun
    claims, transactions, read, seconds = ((a - b) * 60 / took for a, b in zip(after, before, strict=True))
    return [f"{claims:.1f}", f"{transactions:.1f}", f"{read:.0f}", f"{seconds:.2f}"]


async def _until_it_has_claimed(owner: shop.Shop, port: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not await _claims(owner, port):  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.1)


async def _state(owner: shop.Shop, port: int, pid: int) -> tuple[float, float, float, float]:
    """Return claims, transactions, rows read and seconds of the processor so far."""
    transactions, read = await asyncio.to_thread(_counters, owner.stack)
    return await _claims(owner, port), transactions, read, footprint.seconds(pid)


def _counters(stack: Stack) -> tuple[float, float]:
    # Asked from another database, so that our asking is not counted.
    own = stack.database_server
    with psycopg.connect(
        host="127.0.0.1", port=own.port, user=postgres.SUPERUSER, password=own.password(), dbname="postgres"
    ) as connection:
        row = connection.execute(_COUNTERS, [_SCRATCH]).fetchone()
    return (float(row[0]), float(row[1])) if row else (0.0, 0.0)


async def _claims(owner: shop.Shop, port: int) -> float:
    async with owner.visitor.session.get(f"http://127.0.0.1:{port}/metrics") as response:
        found = _CLAIMS.search(await response.text())
    return float(found.group(1)) if found else 0.0


@asynccontextmanager
async def _provisioner(stack: Stack, url: str, port: int) -> AsyncGenerator[asyncio.subprocess.Process]:
    environment = {
        "PATH": os.environ["PATH"],
        "TENANTRY_PROVISIONER_DATABASE_URL": url,
        "TENANTRY_PROVISIONER_LISTEN": f"127.0.0.1:{port}",
        "TENANTRY_PROVISIONER_KEYS_FILE": str(stack.credentials.sealing_keys),
    }
    command = (sys.executable, "-m", "tenantry.provisioner.server", "--supervise", "installations")
    process = await asyncio.create_subprocess_exec(*command, env=environment, cwd=stack.layout.data)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()
