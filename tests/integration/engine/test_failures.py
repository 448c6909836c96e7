"""Supervisors: what becomes of a step that fails."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from support import engine_bench
from tenantry.kernel import errors

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


class TestFailures:
    async def test_temporary_ones_are_tried_again_with_longer_waits(self, bench: Bench) -> None:
        await bench.add("row")
        tries = 0

        async def third_time_lucky(row: Any) -> None:
            nonlocal tries
            tries += 1
            assert row.attempts == tries - 1
            if tries < 3:
                raise errors.TemporaryError("Not now.")

        job = Job(does=third_time_lucky)
        async with bench.running(bench.supervise(job, policy())):
            await until(lambda: all_rest(bench))
        row = await bench.row("row")
        assert (tries, row.done, row.attempts, row.said) == (3, 1, 0, "Not now.")
        assert [failure.attempts for failure in job.failures] == [1, 2]

    async def test_a_stated_delay_counts(self, bench: Bench) -> None:
        await bench.add("row")

        async def later(row: Any) -> None:
            del row
            raise errors.TemporaryError("In an hour.", delay=timedelta(hours=1))

        job = Job(does=later)
        async with bench.running(bench.supervise(job, policy())):
            await until(lambda: job.failures)
            await until(lambda: engine_bench.is_free(bench, "row"))
        assert (await bench.row("row")).due_at > bench.now() + timedelta(minutes=59)

    @pytest.mark.parametrize("kind", [errors.PermanentError, errors.CustomerMustActError])
    async def test_permanent_ones_rest(self, bench: Bench, kind: type[errors.TenantryError]) -> None:
        await bench.add("row")

        async def refuse(row: Any) -> None:
            del row
            raise kind("Never.")

        job = Job(does=refuse)
        async with bench.running(bench.supervise(job, policy())):
            await until(lambda: all_rest(bench))
        row = await bench.row("row")
        assert (row.said, row.done, job.acts["row"]) == ("Never.", 0, 1)
        assert bench.steps("failed") == 1

    async def test_of_several_at_once_one_that_lasts_counts(self, bench: Bench) -> None:
        await bench.add("row")

        async def both(row: Any) -> None:
            del row
            raise ExceptionGroup("two", [errors.TemporaryError("Now."), errors.PermanentError("Never.")])

        job = Job(does=both)
        async with bench.running(bench.supervise(job, policy())):
            await until(lambda: all_rest(bench))
        assert [str(failure.error) for failure in job.failures] == ["Never."]

    @pytest.mark.parametrize(
        "error", [RuntimeError("password=hunter2"), TimeoutError(), ConnectionError(), ExceptionGroup("", [KeyError()])]
    )
    async def test_unexpected_ones_end_nothing_and_say_only_their_kind(self, bench: Bench, error: Exception) -> None:
        await bench.add("bad")
        is_raising = True

        async def raise_it(row: Any) -> None:
            if row.id == "bad" and is_raising:
                raise error

        job = Job(does=raise_it)
        async with bench.running(bench.supervise(job, policy())):
            await until(lambda: job.failures)
            await bench.add("good")
            await until(lambda: job.acts["good"])
            is_raising = False
            await until(lambda: all_rest(bench))
        row = await bench.row("bad")
        assert row.done == 1
        assert type(error).__name__ in row.said
        assert "hunter2" not in row.said

    async def test_an_apply_that_raises_is_rolled_back_and_rejected(self, bench: Bench) -> None:
        await bench.add("row")

        async def nowhere(connection: AsyncConnection, row: Any) -> datetime | None:
            await connection.execute(THINGS.update().values(place="written before the error"))
            if row.attempts == 0:
                raise errors.TemporaryError("No place.")
            return None

        job = Job(applies=nowhere)
        async with bench.running(bench.supervise(job, policy())):
            await until(lambda: job.failures)
            await until(lambda: engine_bench.is_free(bench, "row"))
            seen = await bench.row("row")
            await until(lambda: all_rest(bench))
        assert seen.said == "No place."
        assert (await bench.row("row")).done == 1

    async def test_a_database_error_while_writing_is_tried_again_soon_and_not_shown(self, bench: Bench) -> None:
        await bench.add("row")

        async def too_slow(connection: AsyncConnection, row: Any) -> datetime | None:
            if row.attempts == 0:
                await connection.execute(sa.text("SET LOCAL statement_timeout = 20"))
                await connection.execute(sa.text("SELECT pg_sleep(5)"))
            return None

        job = Job(applies=too_slow)
        async with bench.running(bench.supervise(job, policy())):
            await until(lambda: all_rest(bench))
        row = await bench.row("row")
        assert (row.done, row.said, job.failures) == (1, "", [])
        assert bench.steps("unwritten") == 1

    async def test_a_row_that_cannot_be_read_waits_longer_each_time(self, bench: Bench) -> None:
        await bench.add("row")

        class Unreadable(Job):
            async def load(self, connection: AsyncConnection, row: str) -> Any:
                found = await super().load(connection, row)
                if found.attempts < 2:
                    raise ValueError(row)
                return found

        job = Unreadable()
        async with bench.running(bench.supervise(job, policy())):
            await until(lambda: all_rest(bench))
        assert (bench.steps("raised"), job.acts["row"]) == (2, 1)

    async def test_a_row_that_is_no_more_is_nothing_to_do(self, bench: Bench) -> None:
        await bench.add("row")

        class Deleting(Job):
            async def load(self, connection: AsyncConnection, row: str) -> Any:
                async with bench.base.write() as writer:
                    await writer.execute(THINGS.delete().where(THINGS.c.id == row))
                return await super().load(connection, row)

        async with bench.running(bench.supervise(Deleting(), policy())):
            await until(lambda: bench.steps("nothing") == 1)
