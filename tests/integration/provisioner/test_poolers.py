"""A PgBouncer before a database server: real ones, and the program that stands beside it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest

from support import pgbouncer, provisioner_lives, provisioner_stage
from tenantry.client import failures, provisioner
from tenantry.wire import infrastructure, installations, tokens

Stage = provisioner_stage.Stage
Status = installations.Status

POOLED: dict[str, Any] = {**provisioner_stage.NEEDS, "database": {"connections": 6, "pooling": {"mode": "transaction"}}}
BUDGET = 5


@pytest.fixture
async def pooler(stage: Stage) -> AsyncIterator[pgbouncer.Pooler]:
    """A pooler before the stage's database server, whose applications go through it."""
    async with pgbouncer.placed() as placed:
        await stage.client.applications.apply(provisioner_stage.application(needs=POOLED))
        await change(stage, pooler_host=placed.host, pooler_port=placed.port, pooler_budget=BUDGET)
        yield placed


@pytest.fixture
async def running(stage: Stage, pooler: pgbouncer.Pooler) -> pgbouncer.Pooler:
    """One that runs."""
    await pooler.stand_beside(stage.url, await token(stage))
    await pooler.until_told("Written")
    pooler.start()
    await pooler.until_up()
    await pooler.until_told("PgBouncer has loaded it")
    return pooler


async def change(stage: Stage, **changes: Any) -> infrastructure.DatabaseServer:
    return await stage.client.database_servers.update("pg", infrastructure.UpdateDatabaseServer(**changes))


async def token(stage: Stage) -> str:
    asked = tokens.CreateToken(name="pooler", scopes=[tokens.Scope.POOLERS_READ])
    return (await stage.client.tokens.create(asked)).secret


def given(stage: Stage, made: installations.Installation) -> dict[str, str]:
    """What an installation was handed over of its database."""
    return next(each.data for each in stage.world.bundles[made.id].secrets if each.name.endswith("-database"))


async def test_lets_a_new_installation_in(stage: Stage, running: pgbouncer.Pooler) -> None:
    made = await stage.stable("acme")
    secret = given(stage, made)
    assert (secret["poolerHost"], secret["poolerPort"]) == (running.host, str(running.port))
    assert secret["port"] != secret["poolerPort"]
    async with await psycopg.AsyncConnection.connect(secret["poolerUrl"]) as connection:
        row = await (await connection.execute("SELECT current_user, current_database()")).fetchone()
    assert row == (secret["user"], secret["name"])


async def waits(stage: Stage, name: str, reason: str) -> str:
    """Return what an installation waits for, once it says so."""

    async def says_so() -> bool:
        return (await stage.client.installations.get(name)).reason == reason

    await provisioner_stage.poll(says_so, seconds=20)
    return (await stage.client.installations.get(name)).message


async def condition(stage: Stage, name: str) -> tuple[str, str, str]:
    """What is said of an installation and its pooler."""
    conditions_ = (await stage.client.installations.get(name)).conditions
    [found] = [each for each in conditions_ if each.type == "PoolerReady"]
    return str(found.status), found.reason, found.message


async def settled(stage: Stage, made: installations.Installation, *, is_pooled: bool) -> dict[str, str]:
    """Return what it was handed over, once that is so and it is stable."""

    def is_so() -> bool:
        return ("poolerUrl" in given(stage, made)) is is_pooled

    await provisioner_stage.poll(is_so)
    await stage.until(made.id, Status.STABLE)
    return given(stage, made)


async def opened(secret: dict[str, str], url: str = "poolerUrl") -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(secret[url], autocommit=True, connect_timeout=5)


async def serves(secret: dict[str, str], url: str = "poolerUrl") -> bool:
    try:
        async with asyncio.timeout(5), await opened(secret, url) as connection:
            row = await (await connection.execute("SELECT current_user")).fetchone()
    except (psycopg.Error, TimeoutError):  # PgBouncer lets clients wait for a server that refuses it
        return False
    return row == (secret["user"],)


def verifier(stage: Stage, role: str) -> str:
    """What the server keeps of a role's password."""
    with psycopg.connect(
        host=stage.place.host, port=stage.place.port, user=stage.place.user, password=stage.place.password
    ) as connection:
        row = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [role]).fetchone()
    assert row is not None
    return str(row[0])


class TestAnInstallation:
    async def test_is_not_ready_before_the_pooler_lets_it_in(self, stage: Stage, pooler: pgbouncer.Pooler) -> None:
        made = await stage.create("acme")
        where = f"The pooler at {pooler.host}:{pooler.port}"
        assert await waits(stage, "acme", "PoolerAway") == f"{where} does not answer."
        assert made.id not in stage.world.bundles
        assert await condition(stage, "acme") == ("False", "PoolerAway", f"{where} does not answer.")
        (pooler.files / "tenantry.ini").write_text("auth_file = /dev/null\nauth_type = scram-sha-256\n[databases]\n")
        (pooler.files / "tenantry.ini").chmod(0o644)
        pooler.start()
        await pooler.until_up()
        assert await waits(stage, "acme", "PoolerBehind") == f"{where} does not know the database yet."
        assert made.id not in stage.world.bundles
        await pooler.stand_beside(stage.url, await token(stage))
        seen = await stage.until(made.id, Status.STABLE, seconds=30)
        assert (seen.reason, seen.message) == ("", "")
        assert await condition(stage, "acme") == ("True", "LetIn", "The pooler lets it in.")
        assert await serves(given(stage, made))

    async def test_that_was_there_before_goes_through_it_with_its_next_restart(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        before = given(stage, made)
        kept = verifier(stage, before["user"])
        async with pgbouncer.placed() as pooler:
            await change(stage, pooler_host=pooler.host, pooler_port=pooler.port, pooler_budget=BUDGET)
            await stage.client.applications.apply(provisioner_stage.application(needs=POOLED))
            await pooler.stand_beside(stage.url, await token(stage))
            await pooler.until_told("Written: 1 databases, 2 of 5 connections.")
            pooler.start()
            await pooler.until_up()
            await pooler.until_told("PgBouncer has loaded it")
            assert given(stage, made) == before  # and nothing of it was touched
            assert await serves(before, "url")
            await stage.client.installations.restart("acme")
            secret = await settled(stage, made, is_pooled=True)
            assert await serves(secret)
            assert await serves(secret, "url")
            assert {key: secret[key] for key in before} == before
            assert verifier(stage, before["user"]) != kept
            assert f'"{secret["user"]}" "{verifier(stage, secret["user"])}"' in (pooler.files / "users.txt").read_text()

    async def test_leaves_a_pooler_that_has_no_budget_any_more(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        made = await stage.stable("acme")
        secret = given(stage, made)
        await change(stage, pooler_budget=0)
        told = len(running.lines)
        assert await serves(secret)
        await stage.client.installations.restart("acme")
        assert await serves(await settled(stage, made, is_pooled=False), "url")
        await running.until_told("Written: 0 databases", after=told)
        await running.until_told("PgBouncer has loaded it", after=told)
        assert not await serves(secret)
        seen = await stage.client.database_servers.get("pg")
        assert (seen.pooler_budget, seen.pooled_connections) == (0, 0)

    async def test_gets_the_part_that_its_application_asks_for_now(
        self, stage: Stage, running: pgbouncer.Pooler
    ) -> None:
        made = await stage.stable("acme")
        told = len(running.lines)
        pooling = {"mode": "session", "connections": 4}
        needs = {**POOLED, "database": {"connections": 6, "pooling": pooling}}
        await stage.client.applications.apply(provisioner_stage.application(needs=needs))
        await running.until_told("Written: 1 databases, 4 of 5 connections.", after=told)
        assert "pool_mode=session pool_size=4" in (running.files / "tenantry.ini").read_text()
        needs["database"]["pooling"] = {"mode": "session", "connections": 5}
        needs["database"]["connections"] = 7
        await stage.client.applications.apply(provisioner_stage.application(needs=needs))
        await running.until_told("Written: 1 databases, 5 of 5 connections.", after=told)
        needs["database"]["pooling"] = {"mode": "session", "connections": 6}
        await stage.client.applications.apply(provisioner_stage.application(needs=needs))
        assert await serves(given(stage, made))
        await stage.client.installations.restart("acme")  # there is no such part, and too small a one does not do
        secret = await settled(stage, made, is_pooled=False)
        assert await serves(secret, "url")
        await running.until_told("Written: 0 databases, 0 of 5 connections.", after=told)

    async def test_goes_to_another_pooler_once_that_lets_it_in(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        made = await stage.stable("acme")
        async with pgbouncer.placed() as other:
            await change(stage, pooler_port=other.port)
            await stage.client.installations.restart("acme")
            assert str(other.port) in await waits(stage, "acme", "PoolerAway")
            assert given(stage, made)["poolerPort"] == str(running.port)
            assert await serves(given(stage, made))
            await other.stand_beside(stage.url, await token(stage))
            await other.until_told("Written")
            other.start()
            await other.until_up()

            def is_there() -> bool:
                return given(stage, made)["poolerPort"] == str(other.port)

            await provisioner_stage.poll(is_there, seconds=20)
            await stage.until(made.id, Status.STABLE)
            assert await serves(given(stage, made))

    async def test_that_is_deleted_is_out_of_the_pooler_though_that_holds_connections(
        self, stage: Stage, running: pgbouncer.Pooler
    ) -> None:
        made, other = await stage.stable("acme"), await stage.stable("globex")
        secret = given(stage, made)
        async with await opened(secret) as connection:
            await connection.execute("SELECT 1")
            assert [row for row in running.console("SHOW SERVERS") if row[2] == secret["name"]]
            await running.step_aside()  # so that PgBouncer goes on with what is not so any more
            await stage.client.installations.delete("acme", grace_seconds=0)
            await stage.until(made.id, Status.DELETED, seconds=20)
            assert not await serves(secret)
        told = len(running.lines)
        await running.stand_beside(stage.url, await token(stage))
        await running.until_told("Written: 1 databases", after=told)
        assert secret["name"] not in (running.files / "tenantry.ini").read_text()
        assert secret["name"] not in (running.files / "users.txt").read_text()
        assert await serves(given(stage, other))


class TestAttackers:
    async def test_reach_no_other_database(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        own, other = [given(stage, await stage.stable(name)) for name in ("acme", "globex")]
        for database in (other["name"], "postgres", "template1", own["name"].upper(), f"{own['name']} {other['name']}"):
            with pytest.raises(psycopg.OperationalError):
                await running.connect(own["user"], own["password"], database)
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            await running.connect(other["user"], own["password"])
        with pytest.raises(psycopg.OperationalError):
            await running.connect(other["user"], "")
        assert await serves(other)

    async def test_do_not_get_in_by_what_the_pooler_keeps(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = given(stage, await stage.stable("acme"))
        kept = verifier(stage, secret["user"])
        assert kept in (running.files / "users.txt").read_text()
        for password in (kept, kept.rpartition("$")[2], kept.rpartition(":")[2]):
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                await running.connect(secret["user"], password)
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                await psycopg.AsyncConnection.connect(secret["url"], password=password)

    async def test_do_not_reach_the_console(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = given(stage, await stage.stable("acme"))
        for user, password in ((secret["user"], secret["password"]), ("pgbouncer", ""), ("postgres", "postgres")):
            with pytest.raises(psycopg.OperationalError):
                await running.connect(user, password, "pgbouncer")
        with pytest.raises(psycopg.OperationalError):  # by its socket, but as another account than PgBouncer's
            await psycopg.AsyncConnection.connect(
                host=str(running.folder / "socket"), port=running.port, user="pgbouncer", dbname="pgbouncer"
            )

    async def test_find_no_password_in_the_files(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = given(stage, await stage.stable("acme"))
        kept = verifier(stage, secret["user"])
        files = [each for each in running.files.iterdir() if each.is_file()]
        assert {each.stat().st_mode & 0o777 for each in files} == {0o600}
        assert not [each for each in files if secret["password"] in each.read_text()]
        events = [event.model_dump_json() async for event in stage.client.events()]
        for text in (running.log, "\n".join(running.lines), "\n".join(events)):
            assert secret["password"] not in text
            assert kept not in text

    async def test_with_the_poolers_token_learn_nothing_else(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        del running
        asked = tokens.CreateToken(name="other", scopes=[tokens.Scope.INFRASTRUCTURE_READ])
        other = (await stage.client.tokens.create(asked)).secret
        async with provisioner.Provisioner(stage.url, other) as client:
            with pytest.raises(failures.ProblemError, match="poolers:read"):
                await client.poolers.configuration("pg")
        async with provisioner.Provisioner(stage.url, await token(stage)) as client:
            assert await client.poolers.configuration("pg") is not None
            for question in (client.database_servers.list, client.installations.list, client.tokens.list):
                with pytest.raises(failures.ProblemError, match="has no scope"):
                    await question()


class TestTheBudget:
    async def test_is_kept_under_load(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secrets_ = [given(stage, await stage.stable(name)) for name in ("acme", "globex")]
        third = await stage.create("initech")
        message = await waits(stage, "initech", "Nowhere")
        assert "pg: connections of the pooler (4 of 5 reserved, 2 wanted)" in message
        most, done = await _under_load(stage, secrets_, clients=25)
        assert done == 2 * 25 * 4
        assert max(most.values()) == 2
        assert sum(most.values()) <= BUDGET
        await change(stage, pooler_budget=6)
        await stage.until(third.id, Status.STABLE, seconds=20)
        assert await serves(given(stage, third))
        assert running.bouncer is not None

    async def test_cannot_be_what_makes_no_sense(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        del running
        for name in ("acme", "globex"):
            await stage.stable(name)
        with pytest.raises(failures.ProblemError, match="4 connections of the pooler are given to installations on pg"):
            await change(stage, pooler_budget=3)
        with pytest.raises(failures.ProblemError, match="more than the 4000 connections of pg"):
            await change(stage, pooler_budget=4001)
        with pytest.raises(failures.ProblemError, match="more than the 4 connections of pg"):
            await change(stage, max_connections=4)
        with pytest.raises(failures.ProblemError, match="has a host"):
            await change(stage, pooler_host="")
        seen = await stage.client.database_servers.get("pg")
        assert (seen.pooler_budget, seen.pooled_connections) == (BUDGET, 4)


async def _under_load(stage: Stage, secrets_: list[dict[str, str]], *, clients: int) -> tuple[dict[str, int], int]:
    """Let many clients ask at once; return how many connections each role had at most, and how many were answered."""
    most = {each["user"]: 0 for each in secrets_}
    done = 0

    async def client(secret: dict[str, str]) -> None:
        nonlocal done
        async with await opened(secret) as connection:
            for _ in range(4):
                await connection.execute("SELECT pg_sleep(0.01)")
                done += 1

    async def look() -> None:
        asked = "SELECT usename, count(*) FROM pg_stat_activity WHERE usename = ANY(%s) GROUP BY 1"
        async with await psycopg.AsyncConnection.connect(
            host=stage.place.host,
            port=stage.place.port,
            user=stage.place.user,
            password=stage.place.password,
            autocommit=True,
        ) as connection:
            while done < len(secrets_) * clients * 4:
                for name, count in await (await connection.execute(asked, [list(most)])).fetchall():
                    most[name] = max(most[name], count)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(look())
        for secret in secrets_:
            for _ in range(clients):
                group.create_task(client(secret))
    return most, done


class TestReloads:
    async def test_take_nothing_from_a_client_in_a_transaction(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = given(stage, await stage.stable("acme"))
        async with await running.connect(secret["user"], secret["password"]) as connection:
            await connection.execute("CREATE TABLE notes (word text)")
            await connection.commit()
            told = len(running.lines)
            await connection.execute("INSERT INTO notes VALUES ('kept')")
            other = await stage.stable("globex")
            await running.until_told("PgBouncer has loaded it", after=told)
            assert await serves(given(stage, other))
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
        await running.stand_beside(stage.url, await token(stage))  # finds all as it should be
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
        await running.stand_beside(stage.url, await token(stage), "--socket-directory", "/nonexistent")
        await running.until_told("PgBouncer's console at /nonexistent", after=told)
        await running.step_aside(signal.SIGKILL)  # it has written, and nothing was loaded
        written = {each: each.stat().st_mtime_ns for each in running.files.iterdir() if each.name != ".loaded"}
        assert not [row for row in running.console("SHOW DATABASES") if str(row[0]).startswith("t_")]
        told = len(running.lines)
        await running.stand_beside("http://127.0.0.1:9", "nothing")  # the provisioner is away, too
        await running.until_told("PgBouncer has loaded it", after=told)
        assert {each: each.stat().st_mtime_ns for each in written} == written
        await stage.until(made.id, Status.STABLE, seconds=20)
        assert await serves(given(stage, made))


class TestOutages:
    async def test_of_the_pooler_end_with_it(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = given(stage, await stage.stable("acme"))
        running.kill()
        assert not await serves(secret)
        assert await serves(secret, "url")
        await change(stage, max_databases=400)  # it is looked at at once

        async def message() -> str:
            return (await stage.client.database_servers.get("pg")).message

        async def is_told() -> bool:
            return await message() == f"The pooler at {running.host}:{running.port} does not answer."

        await provisioner_stage.poll(is_told)
        running.start()
        await running.until_up()
        assert await serves(secret)
        await change(stage, max_databases=500)

        async def is_well() -> bool:
            return "pooler" not in await message()

        await provisioner_stage.poll(is_well)

    async def test_of_the_provisioner_are_none_of_the_poolers(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = given(stage, await stage.stable("acme"))
        await running.step_aside()
        files = {each: each.read_bytes() for each in running.files.iterdir()}
        told = len(running.lines)
        await running.stand_beside("http://127.0.0.1:9", "nothing")
        await running.until_told("cannot be reached", after=told)
        assert await serves(secret)
        assert {each: each.read_bytes() for each in running.files.iterdir()} == files


async def test_a_provisioner_that_dies_at_any_step_is_made_up_for(place: provisioner_stage.Place) -> None:
    others = ["preparations", "clusters", "database-servers", "object-stores"]
    fuses = [provisioner_lives.Fuse(before=number) for number in (2, 3, 4)]
    fuses += [provisioner_lives.Fuse(after=number) for number in (1, 2, 3, 4)]
    async with provisioner_stage.opened(place, supervised=others) as stage, pgbouncer.placed() as pooler:
        await stage.register()
        await stage.client.applications.apply(provisioner_stage.application(needs=POOLED))
        await change(stage, pooler_host=pooler.host, pooler_port=pooler.port, pooler_budget=2 * len(fuses))
        await pooler.stand_beside(stage.url, await token(stage))
        await pooler.until_told("Written")
        pooler.start()
        await pooler.until_up()
        for number, fuse in enumerate(fuses):
            made = await stage.create(f"acme-{number}")
            async with AsyncExitStack() as dead, asyncio.timeout(60):
                await dead.enter_async_context(provisioner_lives.life(stage, fuse))
                await fuse.blown.wait()
                await provisioner_lives.let_leases_end(stage)
                async with provisioner_lives.life(stage):
                    await stage.until(made.id, Status.STABLE, seconds=30)
            assert await serves(given(stage, made))
        seen = await stage.client.database_servers.get("pg")
        assert seen.pooled_connections == seen.pooler_budget == 2 * len(fuses)
