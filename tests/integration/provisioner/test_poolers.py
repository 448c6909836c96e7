"""A PgBouncer before a database server: real ones, and the program that stands beside it."""

import asyncio
import signal
from contextlib import AsyncExitStack

import psycopg

from support import pgbouncer, provisioner_lives, provisioner_stage
from support import provisioner_poolers as poolers
from tenantry.provisioner import tables
from tenantry.wire import installations

Stage = provisioner_stage.Stage
Status = installations.Status


async def test_lets_a_new_installation_in(stage: Stage, running: pgbouncer.Pooler) -> None:
    made = await stage.stable("acme")
    secret = poolers.given(stage, made)
    assert (secret["poolerHost"], secret["poolerPort"]) == (running.host, str(running.port))
    assert secret["port"] != secret["poolerPort"]
    async with await psycopg.AsyncConnection.connect(secret["poolerUrl"]) as connection:
        row = await (await connection.execute("SELECT current_user, current_database()")).fetchone()
    assert row == (secret["user"], secret["name"])


class TestAnInstallation:
    async def test_is_not_ready_before_the_pooler_lets_it_in(self, stage: Stage, pooler: pgbouncer.Pooler) -> None:
        made = await stage.create("acme")
        where = f"The pooler at {pooler.host}:{pooler.port}"
        assert await poolers.waits(stage, "acme", "PoolerAway") == f"{where} does not answer."
        assert made.id not in stage.world.bundles
        assert await poolers.condition(stage, "acme") == ("False", "PoolerAway", f"{where} does not answer.")
        (pooler.files / "tenantry.ini").write_text("auth_file = /dev/null\nauth_type = scram-sha-256\n[databases]\n")
        (pooler.files / "tenantry.ini").chmod(0o644)
        pooler.start()
        await pooler.until_up()
        assert await poolers.waits(stage, "acme", "PoolerBehind") == f"{where} does not know the database yet."
        assert made.id not in stage.world.bundles
        await pooler.stand_beside(stage.url, await poolers.token(stage))
        seen = await stage.until(made.id, Status.STABLE, seconds=30)
        assert (seen.reason, seen.message) == ("", "")
        assert await poolers.condition(stage, "acme") == ("True", "LetIn", "The pooler lets it in.")
        assert await poolers.serves(poolers.given(stage, made))

    async def test_that_was_there_before_goes_through_it_with_its_next_restart(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        before = poolers.given(stage, made)
        kept = poolers.verifier(stage, before["user"])
        async with pgbouncer.placed() as pooler:
            await poolers.change(stage, pooler_host=pooler.host, pooler_port=pooler.port, pooler_budget=poolers.BUDGET)
            await stage.client.applications.apply(provisioner_stage.application(needs=poolers.POOLED))
            await pooler.stand_beside(stage.url, await poolers.token(stage))
            await pooler.until_told("Written: 1 databases, 2 of 5 connections.")
            pooler.start()
            await pooler.until_up()
            await pooler.until_told("PgBouncer has loaded it")
            assert poolers.given(stage, made) == before  # and nothing of it was touched
            assert await poolers.serves(before, "url")
            await stage.client.installations.restart("acme")
            secret = await poolers.settled(stage, made, is_pooled=True)
            assert await poolers.serves(secret)
            assert await poolers.serves(secret, "url")
            assert {key: secret[key] for key in before} == before
            assert poolers.verifier(stage, before["user"]) != kept
            assert (
                f'"{secret["user"]}" "{poolers.verifier(stage, secret["user"])}"'
                in (pooler.files / "users.txt").read_text()
            )

    async def test_leaves_a_pooler_that_has_no_budget_any_more(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        made = await stage.stable("acme")
        secret = poolers.given(stage, made)
        await poolers.change(stage, pooler_budget=0)
        told = len(running.lines)
        assert await poolers.serves(secret)
        await stage.client.installations.restart("acme")
        assert await poolers.serves(await poolers.settled(stage, made, is_pooled=False), "url")
        await running.until_told("Written: 0 databases", after=told)
        await running.until_told("PgBouncer has loaded it", after=told)
        assert not await poolers.serves(secret)
        seen = await stage.client.database_servers.get("pg")
        assert (seen.pooler_budget, seen.pooled_connections) == (0, 0)

    async def test_gets_the_part_that_its_application_asks_for_now(
        self, stage: Stage, running: pgbouncer.Pooler
    ) -> None:
        made = await stage.stable("acme")
        told = len(running.lines)
        pooling = {"mode": "session", "connections": 4}
        needs = {**poolers.POOLED, "database": {"connections": 6, "pooling": pooling}}
        await stage.client.applications.apply(provisioner_stage.application(needs=needs))
        await running.until_told("Written: 1 databases, 4 of 5 connections.", after=told)
        assert "pool_mode=session pool_size=4" in (running.files / "tenantry.ini").read_text()
        needs["database"]["pooling"] = {"mode": "session", "connections": 5}
        needs["database"]["connections"] = 7
        await stage.client.applications.apply(provisioner_stage.application(needs=needs))
        await running.until_told("Written: 1 databases, 5 of 5 connections.", after=told)
        needs["database"]["pooling"] = {"mode": "session", "connections": 6}
        await stage.client.applications.apply(provisioner_stage.application(needs=needs))
        assert await poolers.serves(poolers.given(stage, made))
        await stage.client.installations.restart("acme")  # there is no such part, and too small a one does not do
        secret = await poolers.settled(stage, made, is_pooled=False)
        assert await poolers.serves(secret, "url")
        await running.until_told("Written: 0 databases, 0 of 5 connections.", after=told)

    async def test_goes_to_another_pooler_once_that_lets_it_in(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        made = await stage.stable("acme")
        async with pgbouncer.placed() as other:
            await poolers.change(stage, pooler_port=other.port)
            await stage.client.installations.restart("acme")
            assert str(other.port) in await poolers.waits(stage, "acme", "PoolerAway")
            assert poolers.given(stage, made)["poolerPort"] == str(running.port)
            assert await poolers.serves(poolers.given(stage, made))
            await other.stand_beside(stage.url, await poolers.token(stage))
            await other.until_told("Written")
            other.start()
            await other.until_up()

            def is_there() -> bool:
                return poolers.given(stage, made)["poolerPort"] == str(other.port)

            await provisioner_stage.poll(is_there, seconds=20)
            await stage.until(made.id, Status.STABLE)
            assert await poolers.serves(poolers.given(stage, made))

    async def test_that_is_deleted_is_out_of_the_pooler_though_that_holds_connections(
        self, stage: Stage, running: pgbouncer.Pooler
    ) -> None:
        made, other = await stage.stable("acme"), await stage.stable("globex")
        secret = poolers.given(stage, made)
        async with await poolers.opened(secret) as connection:
            await connection.execute("SELECT 1")
            assert [row for row in running.console("SHOW SERVERS") if row[2] == secret["name"]]
            await running.step_aside()  # so that PgBouncer goes on with what is not so any more
            await stage.client.installations.delete("acme", grace_seconds=0)
            await stage.until(made.id, Status.DELETED, seconds=20)
            assert not await poolers.serves(secret)
        told = len(running.lines)
        await running.stand_beside(stage.url, await poolers.token(stage))
        await running.until_told("Written: 1 databases", after=told)
        assert secret["name"] not in (running.files / "tenantry.ini").read_text()
        assert secret["name"] not in (running.files / "users.txt").read_text()
        assert await poolers.serves(poolers.given(stage, other))


class TestReloads:
    async def test_take_nothing_from_a_client_in_a_transaction(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = poolers.given(stage, await stage.stable("acme"))
        async with await running.connect(secret["user"], secret["password"]) as connection:
            await connection.execute("CREATE TABLE notes (word text)")
            await connection.commit()
            told = len(running.lines)
            await connection.execute("INSERT INTO notes VALUES ('kept')")
            other = await stage.stable("globex")
            await running.until_told("PgBouncer has loaded it", after=told)
            assert await poolers.serves(poolers.given(stage, other))
            await connection.execute("INSERT INTO notes VALUES ('too')")
            await connection.commit()
            rows = await (await connection.execute("SELECT word FROM notes ORDER BY 1")).fetchall()
            assert rows == [("kept",), ("too",)]

    async def test_happen_only_where_something_changed(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        await stage.stable("acme")
        await running.until_told("Written: 1 databases")

        def count() -> int:
            return running.log.count("RELOAD")

        await provisioner_stage.poll(lambda: len([line for line in running.lines if "has loaded it" in line]) == 2)
        assert count() == 2
        await running.step_aside()
        told = len(running.lines)
        await running.stand_beside(stage.url, await poolers.token(stage))  # finds all as it should be
        await stage.stable("globex")
        await running.until_told("PgBouncer has loaded it", after=told)
        assert running.lines[told:] == ["Written: 2 databases, 4 of 5 connections.", "PgBouncer has loaded it."]
        assert count() == 3

    async def test_are_made_up_for_by_whoever_comes_after_one_that_was_killed(
        self, stage: Stage, running: pgbouncer.Pooler
    ) -> None:
        await running.step_aside()
        told = len(running.lines)
        made = await stage.create("acme")
        await running.stand_beside(stage.url, await poolers.token(stage), "--socket-directory", "/nonexistent")
        await running.until_told("PgBouncer's console at /nonexistent", after=told)
        await running.step_aside(signal.SIGKILL)  # it has written, and nothing was loaded
        written = {each: each.stat().st_mtime_ns for each in running.files.iterdir() if each.name != ".loaded"}
        assert not [row for row in running.console("SHOW DATABASES") if str(row[0]).startswith("t_")]
        told = len(running.lines)
        await running.stand_beside("http://127.0.0.1:9", "nothing")  # the provisioner is away, too
        await running.until_told("PgBouncer has loaded it", after=told)
        assert {each: each.stat().st_mtime_ns for each in written} == written
        await stage.until(made.id, Status.STABLE, seconds=20)
        assert await poolers.serves(poolers.given(stage, made))


class TestOutages:
    async def test_of_the_pooler_end_with_it(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = poolers.given(stage, await stage.stable("acme"))
        running.kill()
        assert not await poolers.serves(secret)
        assert await poolers.serves(secret, "url")
        await poolers.change(stage, max_databases=400)  # it is looked at at once

        async def message() -> str:
            return (await stage.client.database_servers.get("pg")).message

        async def is_told() -> bool:
            return await message() == f"The pooler at {running.host}:{running.port} does not answer."

        await provisioner_stage.poll(is_told)
        running.start()
        await running.until_up()
        assert await poolers.serves(secret)
        await poolers.change(stage, max_databases=500)

        async def is_well() -> bool:
            return "pooler" not in await message()

        await provisioner_stage.poll(is_well)

    async def test_of_the_provisioner_are_none_of_the_poolers(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = poolers.given(stage, await stage.stable("acme"))
        await running.step_aside()
        files = {each: each.read_bytes() for each in running.files.iterdir()}
        told = len(running.lines)
        await running.stand_beside("http://127.0.0.1:9", "nothing")
        await running.until_told("cannot be reached", after=told)
        assert await poolers.serves(secret)
        assert {each: each.read_bytes() for each in running.files.iterdir()} == files


async def test_a_provisioner_that_dies_at_any_step_is_made_up_for(place: provisioner_stage.Place) -> None:
    others = ["preparations", "clusters", "database-servers", "object-stores"]
    # It is made, handed over, and settles. A step that fails is counted too, so the pooler has to know it before.
    fuses = [provisioner_lives.Fuse(before=number) for number in (2, 3)]
    fuses += [provisioner_lives.Fuse(after=number) for number in (1, 2, 3)]
    async with provisioner_stage.opened(place, supervised=others) as stage, pgbouncer.placed() as pooler:
        await stage.register()
        await stage.client.applications.apply(provisioner_stage.application(needs=poolers.POOLED))
        await poolers.change(stage, pooler_host=pooler.host, pooler_port=pooler.port, pooler_budget=2 * len(fuses))
        await pooler.stand_beside(stage.url, await poolers.token(stage))
        await pooler.until_told("Written")
        pooler.start()
        await pooler.until_up()
        for number, fuse in enumerate(fuses):
            told = len(pooler.lines)
            made = await stage.create(f"acme-{number}")
            await pooler.until_told(f"Written: {number + 1} databases", after=told)
            await pooler.until_told("PgBouncer has loaded it", after=told)
            async with AsyncExitStack() as dead, asyncio.timeout(60):
                await dead.enter_async_context(provisioner_lives.life(stage, fuse))
                await fuse.blown.wait()
                await provisioner_lives.let_leases_end(stage)
                async with provisioner_lives.life(stage):
                    await stage.until(made.id, Status.STABLE, seconds=30)
                    await provisioner_stage.poll(lambda: _rest(stage))  # or the next life would count their steps
            assert await poolers.serves(poolers.given(stage, made))
        seen = await stage.client.database_servers.get("pg")
        assert seen.pooled_connections == seen.pooler_budget == 2 * len(fuses)


async def _rest(stage: Stage) -> bool:
    """Tell whether no installation has anything to do."""
    table = tables.INSTALLATIONS
    async with stage.program.services.base.read() as reader:
        rows = (await reader.execute(table.select())).all()
    return all(row.due_at is None and row.lease_token is None for row in rows)
