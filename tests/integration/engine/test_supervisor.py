"""Supervisors: what they do with rows, and what they never do."""

import asyncio
import contextlib
import socket
import sys
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from support import engine_bench
from tenantry.engine import store

Bench = engine_bench.Bench
Job = engine_bench.Job
until = engine_bench.until
GROUPED = engine_bench.GROUPED
THINGS = engine_bench.THINGS

QUICK = engine_bench.QUICK
policy = engine_bench.policy
short_nap = engine_bench.short_nap
forever = engine_bench.forever
all_rest = engine_bench.all_rest


class TestManySupervisors:
    async def test_work_on_every_row_once_and_never_two_on_one(self, bench: Bench) -> None:
        await bench.add(*[f"row-{number:03}" for number in range(150)])
        job = Job(does=short_nap)
        many = [bench.supervise(job, policy(concurrency=4), owner=f"o{number}") for number in range(6)]
        async with bench.running(*many):
            await until(lambda: all_rest(bench))
        assert {row.done for row in await bench.rows()} == {1}
        assert set(job.acts.values()) == {1}
        assert max(job.most_busy[f"row-{number:03}"] for number in range(150)) == 1

    async def test_keep_the_limit_of_a_group(self, bench: Bench) -> None:
        await bench.add(*[f"a-{number}" for number in range(12)], place="a")
        await bench.add(*[f"b-{number}" for number in range(12)], place="b")
        job = Job(does=short_nap)
        many = [bench.supervise(job, policy(), queue=GROUPED, owner=f"o{number}") for number in range(3)]
        async with bench.running(*many):
            await until(lambda: all_rest(bench))
        assert (job.most_busy["place a"], job.most_busy["place b"]) == (2, 2)

    async def test_find_places_that_others_gave_back(self, bench: Bench) -> None:
        await bench.add("a-0", "a-1", "a-2", place="a")
        taken = await bench.claim(limit=2, queue=GROUPED)
        job = Job()
        async with bench.running(bench.supervise(job, policy(), queue=GROUPED)):
            await until(lambda: bench.claims() >= 1)
            async with bench.base.write() as writer:
                await store.release(writer, GROUPED, taken[0], due_at=None, attempts=0)
            await until(lambda: job.acts["a-2"] == 1)


class TestOrder:
    async def test_longest_due_first_with_the_head_start_of_urgent_work(self, bench: Bench) -> None:
        await bench.add("new", due_in=-1)
        await bench.add("urgent", due_in=-60)
        await bench.add("old", due_in=-90)
        job = Job()
        async with bench.running(bench.supervise(job, policy(concurrency=1))):
            await until(lambda: all_rest(bench))
        assert job.order == ["old", "urgent", "new"]


class TestLeases:
    async def test_of_a_process_that_died_here_are_not_waited_for(self, bench: Bench) -> None:
        await bench.add("row")
        await bench.claim(lasts=3600)
        dead = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        await dead.wait()
        async with bench.base.write() as writer:
            await writer.execute(THINGS.update().values(lease_owner=f"{socket.gethostname()}:{dead.pid}"))
        job = Job()
        async with bench.running(bench.supervise(job, policy())):
            await until(lambda: all_rest(bench))
        assert job.acts["row"] == 1

    async def test_are_extended_while_the_work_lasts(self, bench: Bench) -> None:
        await bench.add("row")

        async def long(row: Any) -> None:
            del row
            await asyncio.sleep(0.7)

        job = Job(does=long)
        brief = policy(lease=timedelta(milliseconds=300))
        pair = [bench.supervise(job, brief, owner="a"), bench.supervise(job, brief, owner="b")]
        async with bench.running(*pair):
            await until(lambda: all_rest(bench))
        assert (job.acts["row"], (await bench.row("row")).done) == (1, 1)

    async def test_that_are_lost_end_the_work_and_write_nothing(self, bench: Bench) -> None:
        await bench.add("row")
        ended = asyncio.Event()

        async def long(row: Any) -> None:
            del row
            try:
                await asyncio.sleep(20)
            finally:
                ended.set()

        job = Job(does=long)
        async with bench.running(
            bench.supervise(job, policy(lease=timedelta(milliseconds=300), slow_poll=_HOUR)), wakes=False
        ):
            await until(lambda: job.acts["row"])
            await bench.expire("row")
            (thief,) = await bench.claim()
            await until(ended.is_set)
            await until(lambda: bench.steps("stale") == 1)
            row = await bench.row("row")
        assert (row.lease_token, row.done, row.attempts) == (thief.token, 0, 0)

    async def test_of_a_frozen_worker_cannot_be_written_back(self, bench: Bench) -> None:
        await bench.add("row")
        proceed = asyncio.Event()

        async def frozen(row: Any) -> None:
            del row
            await proceed.wait()

        job = Job(does=frozen)
        async with bench.running(bench.supervise(job, policy(slow_poll=_HOUR)), wakes=False):
            await until(lambda: job.acts["row"])
            await bench.expire("row")
            (thief,) = await bench.claim()
            proceed.set()
            await until(lambda: bench.steps("stale") == 1)
            row = await bench.row("row")
        assert (row.lease_token, row.done) == (thief.token, 0)

    async def test_end_of_a_killed_worker_and_another_takes_over(self, bench: Bench) -> None:
        await bench.add("row")
        assert len(await bench.claim(lasts=0.3)) == 1  # and its process is dead now
        job = Job()
        async with bench.running(bench.supervise(job, policy(slow_poll=_HOUR))):
            await until(lambda: job.acts["row"], seconds=2)

    async def test_outlive_a_heartbeat_that_the_database_missed(self, bench: Bench) -> None:
        await bench.add("row")

        async def cut_all_connections(row: Any) -> None:
            del row
            await asyncio.sleep(0.15)
            await _cut(bench)
            await asyncio.sleep(0.5)

        job = Job(does=cut_all_connections)
        async with bench.running(bench.supervise(job, policy(lease=timedelta(milliseconds=600)))):
            await until(lambda: bench.steps("done") == 1)
        assert (job.acts["row"], (await bench.row("row")).done) == (1, 1)


_HOUR = timedelta(hours=1)


async def _cut(bench: Bench) -> None:
    """End all other connections to the database."""
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with bench.base.read() as reader:
        await reader.execute(sa.text(query))


class TestPokes:
    async def test_during_work_bring_the_row_back(self, bench: Bench) -> None:
        await bench.add("row")
        working, proceed = asyncio.Event(), asyncio.Event()

        async def wait(row: Any) -> None:
            del row
            working.set()
            await proceed.wait()

        job = Job(does=wait)
        async with bench.running(bench.supervise(job, policy(slow_poll=_HOUR))):
            await working.wait()
            await bench.poke("row")
            proceed.set()
            await until(lambda: job.acts["row"] == 2)
            await until(lambda: all_rest(bench))

    async def test_wake_a_supervisor_long_before_its_slow_poll(self, bench: Bench) -> None:
        job = Job()
        async with bench.running(bench.supervise(job, policy(slow_poll=_HOUR))):
            await until(lambda: bench.claims() >= 2)  # the first, and the one after listening began
            before = asyncio.get_running_loop().time()
            await bench.add("row")
            await until(lambda: job.acts["row"])
        assert asyncio.get_running_loop().time() - before < 2

    async def test_that_nobody_told_of_are_found_by_the_slow_poll(self, bench: Bench) -> None:
        job = Job()
        slow = policy(slow_poll=timedelta(milliseconds=200))
        async with bench.running(bench.supervise(job, slow), wakes=False):
            await until(lambda: bench.claims() >= 1)
            await bench.add("row")
            await until(lambda: job.acts["row"])

    async def test_a_row_that_is_due_later_is_taken_at_its_time(self, bench: Bench) -> None:
        await bench.add("row", due_in=0.4)
        job = Job()
        async with bench.running(bench.supervise(job, policy(slow_poll=_HOUR))):
            await until(lambda: job.acts["row"], seconds=2)
            assert bench.claims() <= 4

    async def test_arrive_again_after_the_listening_connection_was_cut(self, bench: Bench) -> None:
        job = Job()
        async with bench.running(bench.supervise(job, policy(slow_poll=_HOUR))):
            await until(lambda: _listeners(bench))
            await _cut(bench)
            await bench.add("while it was cut")
            await until(lambda: job.acts["while it was cut"])
            await bench.add("after")
            await until(lambda: job.acts["after"])


async def _listeners(bench: Bench) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    async with bench.base.read() as reader:
        return int(await reader.scalar(sa.text(query)) or 0)


class TestStopping:
    async def test_finishes_what_is_under_way_and_claims_nothing_more(self, bench: Bench) -> None:
        await bench.add("row", "next")
        job = Job(does=short_nap)
        one = bench.supervise(job, policy(concurrency=1))
        task = asyncio.create_task(one.run())
        await until(lambda: job.acts)
        one.stop()
        async with asyncio.timeout(5):
            await task
        assert Counter(row.done for row in await bench.rows()) == {1: 1, 0: 1}
        assert all([await engine_bench.is_free(bench, name) for name in ("row", "next")])

    async def test_hands_back_what_does_not_end_in_time(self, bench: Bench) -> None:
        await bench.add("row")
        job = Job(does=forever)
        one = bench.supervise(job, policy(stop_grace=timedelta(milliseconds=50)))
        task = asyncio.create_task(one.run())
        await until(lambda: job.acts["row"])
        one.stop()
        async with asyncio.timeout(5):
            await task
        assert [lease.row for lease in await bench.claim()] == ["row"]

    async def test_ends_although_a_step_loses_its_cancellation(self, bench: Bench) -> None:
        """As code does that waits under a timeout in a way that swallows one."""
        await bench.add("row")

        async def deaf(row: Any) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await forever(row)
            await forever(row)

        job = Job(does=deaf)
        one = bench.supervise(job, policy(stop_grace=timedelta(0)))
        task = asyncio.create_task(one.run())
        await until(lambda: job.acts["row"])
        one.stop()
        async with asyncio.timeout(8):
            await task
        assert [lease.row for lease in await bench.claim()] == ["row"]

    async def test_cancellation_hands_back_at_once_and_tells_others(self, bench: Bench) -> None:
        await bench.add(*[f"row-{number}" for number in range(10)])
        first, second = Job(does=forever), Job()
        task = asyncio.create_task(bench.supervise(first, policy()).run())
        await until(lambda: len(first.acts) == 10)
        async with bench.running(bench.supervise(second, policy(slow_poll=_HOUR))):
            await until(lambda: bench.claims() >= 3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: len(second.acts) == 10, seconds=3)
            await until(lambda: all_rest(bench))
        assert {row.attempts for row in await bench.rows()} == {0}

    async def test_cancellation_at_any_moment_leaves_no_lease_behind(self, bench: Bench) -> None:
        await bench.add(*[f"row-{number}" for number in range(3)])
        job = Job(does=forever)
        for number in range(30):
            task = asyncio.create_task(bench.supervise(job, policy()).run())
            await asyncio.sleep(number / 2000)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert [row.lease_token for row in await bench.rows()] == [None] * 3, number

    async def test_tells_others_of_rows_that_it_leaves_due(self, bench: Bench) -> None:
        await bench.add("row")
        working, proceed = asyncio.Event(), asyncio.Event()

        async def wait(row: Any) -> None:
            del row
            working.set()
            await proceed.wait()

        async def again(connection: AsyncConnection, row: Any) -> datetime | None:
            del connection
            return bench.now() if row.done == 0 else None

        leaving, staying = Job(does=wait, applies=again), Job()
        one = bench.supervise(leaving, policy())
        task = asyncio.create_task(one.run())
        await working.wait()
        async with bench.running(bench.supervise(staying, policy(slow_poll=_HOUR, lease=_HOUR))):
            await until(lambda: bench.claims() >= 3)
            one.stop()
            proceed.set()
            async with asyncio.timeout(5):
                await task
            await until(lambda: staying.acts["row"], seconds=3)


class TestIdleness:
    async def test_costs_the_same_however_many_rows_rest(self, bench: Bench) -> None:
        counts: list[float] = []
        for total in (100, 100_000):
            async with bench.base.write() as writer:
                await writer.execute(
                    sa.text(
                        "INSERT INTO things (id) SELECT 'r' || n FROM generate_series(1, :n) n ON CONFLICT DO NOTHING"
                    ),
                    {"n": total},
                )
            before = bench.claims()
            async with bench.running(bench.supervise(Job(), policy(slow_poll=timedelta(milliseconds=200)))):
                await asyncio.sleep(1.0)  # what is counted is a rate
                counts.append(bench.claims() - before)
        assert all(4 <= count <= 9 for count in counts), counts  # one a poll (150 to 250 ms), and two at the start

    async def test_a_full_house_asks_for_nothing(self, bench: Bench) -> None:
        await bench.add("a", "b", "c")
        job = Job(does=forever)
        quick = policy(concurrency=2, slow_poll=timedelta(milliseconds=20), stop_grace=timedelta(0))
        async with bench.running(bench.supervise(job, quick)):
            await until(lambda: len(job.acts) == 2)
            before = bench.claims()
            await bench.poke("c")
            await asyncio.sleep(0.2)
            assert bench.claims() == before

    async def test_a_database_that_is_away_ends_nothing(self, bench: Bench) -> None:
        async with bench.base.write() as writer:
            await writer.execute(sa.text("ALTER TABLE things RENAME TO elsewhere"))
        job = Job()
        async with bench.running(bench.supervise(job, policy())):
            await until(lambda: bench.claims() >= 1)
            async with bench.base.write() as writer:
                await writer.execute(sa.text("ALTER TABLE elsewhere RENAME TO things"))
            await bench.add("row")
            await until(lambda: job.acts["row"])
