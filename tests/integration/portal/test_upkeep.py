from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pytest
from psycopg import sql
from sqlalchemy.dialects import postgresql

from support import portal_many, portal_postgres, portal_stage
from tenantry.portal.upkeep import plan, store

ROWS = 100_000
KEPT = {"sessions": ROWS // 2, "sign_in_codes": ROWS // 2, "mails": ROWS - (ROWS // 2 - ROWS // 6)}
"""Half the sessions are ended or expired and half the codes are old; a third of the mails is sent and old."""


def counts(url: str) -> dict[str, int]:
    query = sql.SQL("SELECT count(*) FROM {}")
    with portal_many.connect(url) as connection:
        return {name: connection.execute(query.format(sql.Identifier(name))).fetchall()[0][0] for name in KEPT}


GONE = 3 * ROWS - sum(KEPT.values())


def forgotten(stage: portal_stage.Stage) -> dict[str, float]:
    """Return what the portal says that it has forgotten, by chore."""
    value = stage.rooms.registry.get_sample_value
    return {chore: value("tenantry_portal_rows_forgotten_total", {"chore": chore}) or 0 for chore in plan.Chore}


def all_rest(url: str) -> bool:
    """Tell whether every chore has been done and waits for its next time."""
    with portal_many.connect(url) as connection:
        rows = connection.execute("SELECT ran_at, due_at > now() FROM chores WHERE lease_token IS NULL").fetchall()
    return len(rows) == len(plan.Chore) and all(ran and rests for ran, rests in rows)


def explained(url: str, chore: plan.Chore) -> str:
    statement = store.delete(plan.purge(chore, datetime.now(UTC)), plan.BATCH)  # noqa: TID251 - compared with `now()`
    text = str(statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    with portal_many.connect(url) as connection:
        return "\n".join(row[0] for row in connection.execute(f"EXPLAIN {text.replace('%%', '%')}".encode()))


@pytest.fixture(scope="module")
def old_database(portal_postgres_server: portal_postgres.Server) -> str:
    url = portal_postgres_server.new_database()
    portal_many.left_behind(url, rows=ROWS)
    return url


class TestPlan:
    @pytest.mark.parametrize(
        ("chore", "index"),
        [
            (plan.Chore.EXPIRED_SESSIONS, "sessions_expires"),
            (plan.Chore.ENDED_SESSIONS, "sessions_ended"),
            (plan.Chore.OLD_CODES, "sign_in_codes_created"),
            (plan.Chore.CLOSED_MAILS, "mails_closed"),
        ],
    )
    def test_a_batch_reads_its_index_and_no_whole_table(self, old_database: str, chore: plan.Chore, index: str) -> None:
        found = explained(old_database, chore)
        assert f"Index Scan using {index}" in found
        assert "Seq Scan" not in found


class TestForgetting:
    async def test_a_portal_forgets_what_years_have_left_and_nothing_else(
        self, old_database: str, tmp_path: Path, record_property: Callable[[str, object], None]
    ) -> None:
        began = perf_counter()
        async with portal_stage.opened(old_database, tmp_path) as stage:
            await portal_stage.until(lambda: sum(forgotten(stage).values()) >= GONE, seconds=100)
            record_property("rows forgotten", GONE)
            record_property("seconds", round(perf_counter() - began, 1))
            await portal_stage.until(lambda: all_rest(old_database), seconds=20)
            assert forgotten(stage)["old-codes"] == ROWS // 2
        assert counts(old_database) == KEPT
        with portal_many.connect(old_database) as connection:
            rows = connection.execute("SELECT id, due_at > now() AS rests, ran_at FROM chores").fetchall()
        assert {row[0] for row in rows} == {chore.value for chore in plan.Chore}
        assert all(row[1] and row[2] for row in rows)

    async def test_a_session_in_use_stays(self, portal_postgres_server: portal_postgres.Server, tmp_path: Path) -> None:
        url = portal_postgres_server.new_database()
        portal_many.left_behind(url, rows=4)
        async with portal_stage.opened(url, tmp_path):
            await portal_stage.until(lambda: all_rest(url))
        with portal_many.connect(url) as connection:
            left = connection.execute("SELECT id FROM sessions ORDER BY id").fetchall()
        assert left == [("ses-2",), ("ses-3",)]
