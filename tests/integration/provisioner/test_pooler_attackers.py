"""What a pooler is tried with, as attackers and crowds would, and what it may not be told."""

import asyncio

import psycopg
import pytest

from support import pgbouncer, provisioner_stage
from support import provisioner_poolers as poolers
from tenantry.client import failures, provisioner
from tenantry.wire import installations, tokens

Stage = provisioner_stage.Stage
Status = installations.Status


class TestAttackers:
    async def test_reach_no_other_database(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        own, other = [poolers.given(stage, await stage.stable(name)) for name in ("acme", "globex")]
        for database in (other["name"], "postgres", "template1", own["name"].upper(), f"{own['name']} {other['name']}"):
            with pytest.raises(psycopg.OperationalError):
                await running.connect(own["user"], own["password"], database)
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            await running.connect(other["user"], own["password"])
        with pytest.raises(psycopg.OperationalError):
            await running.connect(other["user"], "")
        assert await poolers.serves(other)

    async def test_do_not_get_in_by_what_the_pooler_keeps(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = poolers.given(stage, await stage.stable("acme"))
        kept = poolers.verifier(stage, secret["user"])
        assert kept in (running.files / "users.txt").read_text()
        for password in (kept, kept.rpartition("$")[2], kept.rpartition(":")[2]):
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                await running.connect(secret["user"], password)
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                await psycopg.AsyncConnection.connect(secret["url"], password=password)

    async def test_do_not_reach_the_console(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = poolers.given(stage, await stage.stable("acme"))
        for user, password in ((secret["user"], secret["password"]), ("pgbouncer", ""), ("postgres", "postgres")):
            with pytest.raises(psycopg.OperationalError):
                await running.connect(user, password, "pgbouncer")
        with pytest.raises(psycopg.OperationalError):  # by its socket, but as another account than PgBouncer's
            await psycopg.AsyncConnection.connect(
                host=str(running.folder / "socket"), port=running.port, user="pgbouncer", dbname="pgbouncer"
            )

    async def test_find_no_password_in_the_files(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secret = poolers.given(stage, await stage.stable("acme"))
        kept = poolers.verifier(stage, secret["user"])
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
        async with provisioner.Provisioner(stage.url, await poolers.token(stage)) as client:
            assert await client.poolers.configuration("pg") is not None
            for question in (client.database_servers.list, client.installations.list, client.tokens.list):
                with pytest.raises(failures.ProblemError, match="has no scope"):
                    await question()


class TestTheBudget:
    async def test_is_kept_under_load(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        secrets_ = [poolers.given(stage, await stage.stable(name)) for name in ("acme", "globex")]
        third = await stage.create("initech")
        message = await poolers.waits(stage, "initech", "Nowhere")
        assert "pg: connections of the pooler (4 of 5 reserved, 2 wanted)" in message
        most, done = await _under_load(stage, secrets_, clients=25)
        assert done == 2 * 25 * 4
        assert max(most.values()) == 2
        assert sum(most.values()) <= poolers.BUDGET
        await poolers.change(stage, pooler_budget=6)
        await stage.until(third.id, Status.STABLE, seconds=20)
        assert await poolers.serves(poolers.given(stage, third))
        assert running.bouncer is not None

    async def test_cannot_be_what_makes_no_sense(self, stage: Stage, running: pgbouncer.Pooler) -> None:
        del running
        for name in ("acme", "globex"):
            await stage.stable(name)
        with pytest.raises(failures.ProblemError, match="4 connections of the pooler are given to installations on pg"):
            await poolers.change(stage, pooler_budget=3)
        with pytest.raises(failures.ProblemError, match="more than the 4000 connections of pg"):
            await poolers.change(stage, pooler_budget=4001)
        with pytest.raises(failures.ProblemError, match="more than the 4 connections of pg"):
            await poolers.change(stage, max_connections=4)
        with pytest.raises(failures.ProblemError, match="has a host"):
            await poolers.change(stage, pooler_host="")
        seen = await stage.client.database_servers.get("pg")
        assert (seen.pooler_budget, seen.pooled_connections) == (poolers.BUDGET, 4)


async def _under_load(stage: Stage, secrets_: list[dict[str, str]], *, clients: int) -> tuple[dict[str, int], int]:
    """Let many clients ask at once; return how many connections each role had at most, and how many were answered."""
    most = {each["user"]: 0 for each in secrets_}
    done = 0

    async def client(secret: dict[str, str]) -> None:
        nonlocal done
        async with await poolers.opened(secret) as connection:
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
