"""Claims and leases, as SQL keeps them."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection

from support import engine_bench
from tenantry.engine import columns, store
from tenantry.engine import lease as leases

Bench = engine_bench.Bench
QUEUE = engine_bench.QUEUE
GROUPED = engine_bench.GROUPED
THINGS = engine_bench.THINGS


async def release(bench: Bench, lease: leases.Lease, due_in: float | None = None, attempts: int = 0) -> None:
    due_at = None if due_in is None else bench.now() + timedelta(seconds=due_in)
    async with bench.base.write() as writer:
        await store.release(writer, QUEUE, lease, due_at=due_at, attempts=attempts)


class TestClaims:
    async def test_are_exclusive_among_many_at_once(self, bench: Bench) -> None:
        await bench.add(*[f"row-{number}" for number in range(60)])
        taken = await asyncio.gather(*[bench.claim(limit=7) for _ in range(20)])
        rows = [lease.row for each in taken for lease in each]
        assert len(rows) == len(set(rows))
        while more := await bench.claim(limit=7):
            rows += [lease.row for lease in more]
        assert sorted(rows) == sorted(f"row-{number}" for number in range(60))

    async def test_never_take_more_than_the_limit(self, bench: Bench) -> None:
        await bench.add(*[f"row-{number}" for number in range(500)])
        async with bench.base.write() as writer:
            await writer.execute(sa.text("ANALYZE things"))
        assert [len(await bench.claim(limit=limit)) for limit in (1, 2, 16)] == [1, 2, 16]

    async def test_do_not_wait_for_rows_that_others_hold(self, bench: Bench) -> None:
        await bench.add("held", due_in=-10)
        await bench.add("free")
        async with bench.base.write() as writer:
            await writer.execute(THINGS.select().where(THINGS.c.id == "held").with_for_update())
            async with asyncio.timeout(2):
                assert [lease.row for lease in await bench.claim(limit=5)] == ["free"]

    async def test_take_what_is_due_longest_and_urgent_work_before_its_time(self, bench: Bench) -> None:
        await bench.add("fresh", due_in=-1)
        await bench.add("urgent", due_in=-columns.HEAD_START.total_seconds())
        await bench.add("old", due_in=-columns.HEAD_START.total_seconds() - 5)
        await bench.add("later", due_in=60)
        order = [lease.row for _ in range(4) for lease in await bench.claim()]
        assert order == ["old", "urgent", "fresh"]

    async def test_leave_resting_rows_alone(self, bench: Bench) -> None:
        await bench.add("resting", due_in=None)
        assert await bench.claim() == []

    async def test_take_a_row_again_when_its_lease_has_ended(self, bench: Bench) -> None:
        await bench.add("row")
        (first,) = await bench.claim()
        assert await bench.claim() == []
        await bench.expire("row")
        (second,) = await bench.claim()
        assert (second.row, second.token == first.token) == ("row", False)


class TestGroups:
    async def test_hold_no_more_than_their_limit_whoever_claims_at_once(self, bench: Bench) -> None:
        await bench.add(*[f"a-{number}" for number in range(10)], place="a")
        await bench.add(*[f"b-{number}" for number in range(10)], place="b")
        taken = await asyncio.gather(*[bench.claim(limit=8, queue=GROUPED) for _ in range(8)])
        rows = sorted(lease.row[0] for each in taken for lease in each)
        assert rows == ["a", "a", "b", "b"]

    async def test_that_are_full_keep_nobody_else_waiting(self, bench: Bench) -> None:
        await bench.add(*[f"a-{number}" for number in range(50)], due_in=-60, place="a")
        await bench.add("b-0", place="b")
        await bench.add("nowhere")
        rows = [lease.row for _ in range(3) for lease in await bench.claim(limit=2, queue=GROUPED)]
        assert sorted(row[0] for row in rows) == ["a", "a", "b", "n"]

    async def test_give_a_place_back_when_a_lease_ends(self, bench: Bench) -> None:
        await bench.add("a-0", "a-1", "a-2", place="a")
        first = await bench.claim(limit=5, queue=GROUPED)
        assert (len(first), await bench.claim(limit=5, queue=GROUPED)) == (2, [])
        await release(bench, first[0])
        assert [lease.row for lease in await bench.claim(limit=5, queue=GROUPED)] == ["a-2"]


class TestStaleLeases:
    async def test_can_neither_guard_extend_nor_release(self, bench: Bench) -> None:
        await bench.add("row")
        (stale,) = await bench.claim()
        await bench.expire("row")
        (valid,) = await bench.claim()
        async with bench.base.write() as writer:
            with pytest.raises(leases.StaleLeaseError):
                await store.guard(writer, QUEUE, stale)
            assert not await store.extend(writer, QUEUE, stale, bench.now() + timedelta(minutes=5))
            with pytest.raises(leases.StaleLeaseError):
                await store.release(writer, QUEUE, stale, due_at=None, attempts=9)
            await store.guard(writer, QUEUE, valid)
        row = await bench.row("row")
        assert (row.lease_token, row.attempts) == (valid.token, 0)

    async def test_that_were_given_back_are_stale(self, bench: Bench) -> None:
        await bench.add("row")
        (lease,) = await bench.claim()
        await release(bench, lease)
        with pytest.raises(leases.StaleLeaseError):
            await release(bench, lease)


class TestPokes:
    async def test_while_a_row_rests_make_it_due(self, bench: Bench) -> None:
        await bench.add("row", due_in=None)
        await bench.poke("row")
        assert len(await bench.claim()) == 1

    async def test_never_make_a_row_due_later(self, bench: Bench) -> None:
        await bench.add("row", due_in=-5)
        before = (await bench.row("row")).due_at
        await bench.poke("row", due_in=60)
        assert (await bench.row("row")).due_at == before

    @pytest.mark.parametrize("due_in", [0.0, 3600.0], ids=["at once", "later"])
    @pytest.mark.parametrize("is_extended", [False, True], ids=["", "extended"])
    async def test_during_work_are_kept(self, bench: Bench, due_in: float, is_extended: bool) -> None:
        await bench.add("row")
        (lease,) = await bench.claim(lasts=0.2 if due_in else 30)
        await bench.poke("row", due_in=due_in)
        if is_extended:
            async with bench.base.write() as writer:
                assert await store.extend(writer, QUEUE, lease, bench.now() + timedelta(seconds=60))
        await release(bench, lease, due_in=None)
        await engine_bench.until(lambda: _is_claimed(bench))

    async def test_that_come_before_the_claim_are_done_with(self, bench: Bench) -> None:
        await bench.add("row", due_in=None)
        await bench.poke("row")
        (lease,) = await bench.claim()
        await release(bench, lease, due_in=None)
        assert (await bench.row("row")).due_at is None


async def _is_claimed(bench: Bench) -> bool:
    return bool(await bench.claim())


async def test_a_working_row_cannot_be_half_leased(bench: Bench) -> None:
    await bench.add("row")
    async with bench.base.write() as writer:
        with pytest.raises(exc.IntegrityError):
            await writer.execute(THINGS.update().values(lease_owner="somebody"))


class TestCost:
    @pytest.mark.parametrize("queue", [QUEUE, GROUPED], ids=["plain", "grouped"])
    async def test_a_claim_reads_due_rows_only(self, bench: Bench, queue: columns.Queue) -> None:
        await _rest(bench, 100_000)
        plan = await _plan_of_claim(bench, queue)
        assert "ix_things_due" in plan
        assert "Seq Scan" not in plan

    async def test_looking_ahead_reads_due_rows_only(self, bench: Bench) -> None:
        await _rest(bench, 20_000)

        async def look(connection: AsyncConnection) -> None:
            await store.earliest(connection, QUEUE, bench.now())

        plan = await _plans(bench, look)
        assert "ix_things_due" in plan
        assert "Seq Scan" not in plan


async def _rest(bench: Bench, count: int) -> None:
    async with bench.base.write() as writer:
        await writer.execute(
            sa.text("INSERT INTO things (id, place) SELECT 'rest-' || n, 'a' FROM generate_series(1, :count) n"),
            {"count": count},
        )
        await writer.execute(sa.text("INSERT INTO things (id, place, due_at) VALUES ('due', 'a', now())"))
    async with bench.base.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(
            sa.text("VACUUM ANALYZE things")
        )


async def _plan_of_claim(bench: Bench, queue: columns.Queue) -> str:
    pattern = leases.Lease(row="", token=uuid.uuid4(), owner="o", expires_at=bench.now(), attempts=0)

    async def claim(connection: AsyncConnection) -> None:
        assert len(await store.claim(connection, queue, pattern, now=bench.now(), limit=16)) == 1

    return await _plans(bench, claim)


async def _plans(bench: Bench, run: Callable[[AsyncConnection], Awaitable[None]]) -> str:
    """Return the plans of all statements, as the server itself writes them down while they run."""
    async with bench.base.write() as writer:
        raw = (await writer.get_raw_connection()).driver_connection
        assert isinstance(raw, psycopg.AsyncConnection)
        notices: list[str] = []
        raw.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        await writer.execute(sa.text("LOAD 'auto_explain'"))
        await writer.execute(sa.text("SET auto_explain.log_min_duration = 0"))
        await writer.execute(sa.text("SET auto_explain.log_level = 'notice'"))
        await run(writer)
        await writer.execute(sa.text("RESET auto_explain.log_min_duration"))
    assert notices
    return "\n".join(notices)
