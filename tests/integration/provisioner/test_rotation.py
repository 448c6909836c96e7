"""Other credentials for an installation: the new ones open what the old ones opened, and those nothing any more."""

import asyncio
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from support import pgbouncer, provisioner_api, provisioner_stage, runtime_twin, s3_server
from support import provisioner_poolers as poolers
from tenantry.cli import explaining
from tenantry.client import failures
from tenantry.provisioner import tables
from tenantry.provisioner.adapters.s3 import connection, refusals
from tenantry.runtime import document
from tenantry.wire import infrastructure, installations

Stage = provisioner_stage.Stage
Status = installations.Status
Given = dict[str, str]


def given(stage: Stage, made: installations.Installation, what: str) -> Given:
    """What its cluster has for it."""
    secrets = {each.name: each.data for each in stage.world.bundles[made.id].secrets}
    return secrets[f"{made.id}-{what}"]


async def connects(secret: Given) -> bool:
    try:
        async with await psycopg.AsyncConnection.connect(secret["url"], connect_timeout=5) as opened:
            await opened.execute("SELECT 1")
    except psycopg.OperationalError as error:
        assert "password authentication failed" in str(error)  # noqa: PT017 - any other refusal is none
        return False
    return True


async def opens(secret: Given) -> bool:
    """Tell whether a key of the bucket still reads what is in it."""
    store = connection.Store(
        endpoint=secret["endpoint"],
        region=secret["region"],
        access_key=secret["accessKey"],
        secret_key=secret["secretKey"],
    )
    try:
        async with connection.Connections().opened(store, within=provisioner_stage.PATIENCE) as mine:
            await mine.s3.list_objects_v2(Bucket=secret["name"])
    except refusals.KeyRefusedError:
        return False
    return True


async def rotated(stage: Stage, made: installations.Installation, *rests: Status) -> installations.Installation:
    await stage.client.installations.rotate(made.name)
    return await stage.until(made.id, *(rests or (Status.STABLE,)), seconds=30)


def said(seen: installations.Installation) -> list[tuple[str, str, str]]:
    return [(str(each.status), each.reason, each.message) for each in seen.conditions if "Rotated" in each.type]


class TestTheDatabase:
    async def test_takes_the_new_password_and_the_old_one_no_more(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        before = given(stage, made, "database")
        async with await psycopg.AsyncConnection.connect(before["url"], autocommit=True) as thief:
            seen = await rotated(stage, made)
            after = given(stage, made, "database")
            assert {key for key in before if before[key] != after[key]} == {"password", "url"}
            assert await connects(after)
            assert not await connects(before)
            with pytest.raises(psycopg.OperationalError, match="terminating connection"):
                await thief.execute("SELECT 1")
        assert said(seen) == []

    async def test_lets_those_who_came_with_the_new_one_go_on(self, stage: Stage) -> None:
        stage.world.will = lambda _: None
        made = await stage.create("acme")
        await stage.until_handed_over(made.id)
        stage.world.will = runtime_twin.well
        stage.world.report(made.id, runtime_twin.well(stage.world.bundles[made.id].installation))
        await stage.until(made.id, Status.STABLE)
        stage.world.will = lambda _: None
        old = given(stage, made, "database")
        begun = await stage.client.installations.rotate("acme")
        await provisioner_stage.poll(lambda: given(stage, made, "database") != old)
        new = given(stage, made, "database")
        async with await psycopg.AsyncConnection.connect(new["url"], autocommit=True) as mine:
            known = stage.world.bundles[made.id].installation
            assert known.metadata.generation == begun.generation
            stage.world.report(made.id, runtime_twin.well(known))
            await stage.until(made.id, Status.STABLE)
            await mine.execute("SELECT 1")

    async def test_that_is_pooled_is_entered_with_the_new_password(
        self, stage: Stage, running: pgbouncer.Pooler
    ) -> None:
        made = await stage.stable("acme")
        before = poolers.given(stage, made)
        assert await poolers.serves(before)
        told = len(running.lines)
        await rotated(stage, made)
        after = poolers.given(stage, made)
        assert (after["poolerPort"], after["password"] == before["password"]) == (str(running.port), False)
        await running.until_told("PgBouncer has loaded it", after=told)
        assert await poolers.serves(after)
        assert await poolers.serves(after, "url")
        assert not await poolers.serves(before)
        assert not await poolers.serves(before, "url")

    async def test_that_is_pooled_is_left_by_those_who_logged_in_at_the_pooler_before_when_that_is_told_to(
        self, stage: Stage, running: pgbouncer.Pooler
    ) -> None:
        made = await stage.stable("acme")
        before = poolers.given(stage, made)
        async with await poolers.opened(before) as thief:
            await thief.execute("SELECT 1")
            await rotated(stage, made)
            await thief.execute("SELECT 1")  # PgBouncer asks for a password at the beginning only
            running.console(f"KILL {before['name']}")
            running.console(f"RESUME {before['name']}")
            with pytest.raises(psycopg.OperationalError):
                await thief.execute("SELECT 1")
        assert await poolers.serves(poolers.given(stage, made))


class TestTheBucket:
    @pytest.fixture
    async def stage(self, bare: Stage, object_store: s3_server.S3Server) -> Stage:
        """A provisioner whose buckets are on a store with users."""
        request: dict[str, Any] = {
            "kind": "iam",
            "endpoint": object_store.serving_endpoint,
            "iam_endpoint": object_store.endpoint,
            "access_key": object_store.access_key,
            "secret_key": object_store.secret_key,
        }
        await bare.register(infrastructure.RegisterObjectStore(name="s3", **request))
        return bare

    async def test_is_opened_by_both_keys_until_the_new_one_is_in_use(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        old = given(stage, made, "bucket")
        stage.world.will = lambda _: None  # its processes take their time
        await stage.client.installations.rotate("acme")
        await provisioner_stage.poll(lambda: given(stage, made, "bucket") != old)
        new = given(stage, made, "bucket")
        assert {key for key in old if old[key] != new[key]} == {"accessKey", "secretKey"}
        assert await opens(old)
        assert await opens(new)
        [(status, reason, message)] = said(await stage.client.installations.get("acme"))
        assert (status, reason) == ("False", "Made")
        assert "ends when it runs with the new ones" in message
        stage.world.report(made.id, runtime_twin.well(stage.world.bundles[made.id].installation))
        await stage.until(made.id, Status.STABLE)
        assert await opens(new)
        await provisioner_stage.poll(lambda: _refused(old))  # gateways learn of it one after another
        await self._delete(stage, made)

    async def test_of_one_that_does_not_come_up_keeps_its_old_key_until_it_does(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        first = given(stage, made, "bucket")
        stage.world.will = lambda each: runtime_twin.unwell(each, document.Phase.FAILED, "StartTimedOut")
        assert said(await rotated(stage, made, Status.FAILED))
        second = given(stage, made, "bucket")
        assert await opens(first)
        stage.world.will = runtime_twin.well
        assert said(await rotated(stage, made)) == []
        third = given(stage, made, "bucket")
        assert await opens(third)
        for old in (first, second):
            await provisioner_stage.poll(lambda old=old: _refused(old))
        await self._delete(stage, made)

    async def _delete(self, stage: Stage, made: installations.Installation) -> None:
        await stage.client.installations.delete("acme", grace_seconds=0)
        await stage.until(made.id, Status.DELETED)


async def _refused(secret: Given) -> bool:
    return not await opens(secret)


class TestOneThatSleeps:
    async def test_is_not_woken_and_wakes_with_the_new_ones(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        before = given(stage, made, "database")
        await stage.client.installations.hibernate("acme")
        await stage.until(made.id, Status.HIBERNATED)
        policies: list[document.RunPolicy] = []

        def will(each: document.Installation) -> document.InstallationStatus:
            policies.append(each.spec.run_policy)
            return runtime_twin.well(each)

        stage.world.will = will
        seen = await rotated(stage, made, Status.HIBERNATED)
        assert (seen.target, policies) == (installations.Target.HIBERNATED, [document.RunPolicy.ASLEEP])
        assert not await connects(before)
        await stage.client.installations.wake("acme")
        await stage.until(made.id, Status.STABLE)
        assert await connects(given(stage, made, "database"))


class TestARequest:
    async def test_is_told_of_in_events_with_who_asked_and_no_secret(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        after = (await stage.client.event_log.list(after=0, limit=1000)).items[-1].sequence
        await rotated(stage, made)
        events = (await stage.client.event_log.list(after=after, limit=1000)).items
        told = [(each.type, each.actor, each.summary) for each in events if each.subject_id == made.id]
        assert told[0] == ("installation.changed", "stage", "New credentials requested.")
        assert [
            summary for kind, _, summary in told if kind == "installation.progressed" and "redential" in summary
        ] == [
            "New credentials are drawn.",
            "New credentials work and are about to be handed over.",
            "The old credentials open nothing any more.",
        ]
        assert told[-1] == ("installation.changed", "supervisor", "Ready.")
        secrets = (given(stage, made, "database")["password"], given(stage, made, "bucket")["secretKey"])
        async with stage.program.services.base.read() as reader:
            kept = [
                str((await reader.execute(sa.select(table))).all())
                for table in (tables.EVENTS, tables.AUDIT_ENTRIES, tables.ANSWERS)
            ]
        assert not [each for each in secrets if each in str(kept)]

    async def test_that_is_repeated_asks_once_and_a_second_one_has_to_wait(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        stage.world.will = lambda _: None
        first = await stage.client.installations.rotate("acme", key="leak-of-tuesday")
        again = await stage.client.installations.rotate("acme", key="leak-of-tuesday")
        assert first.generation == again.generation == made.generation + 1
        with pytest.raises(failures.ProblemError, match="restarting; wait until that has ended"):
            await stage.client.installations.rotate("acme")

    async def test_of_what_has_neither_database_nor_bucket_is_refused(self, stage: Stage) -> None:
        await stage.client.applications.apply(provisioner_stage.application(needs={"volumes": [{"name": "data"}]}))
        await stage.stable("plain")
        with pytest.raises(failures.ProblemError, match="neither a database nor a bucket"):
            await stage.client.installations.rotate("plain")

    async def test_after_it_changed_meanwhile_is_refused(self, live: provisioner_api.Api) -> None:
        await live.stage.stable("acme")
        answer = await live.call("POST", "/v1/installations/acme/rotate", If_Match='"7777"', Idempotency_Key="stale")
        assert (answer.status, answer.code) == (412, "changed-meanwhile")


class TestAReason:
    async def test_to_wait_is_a_cluster_that_is_away_and_nothing_changes_before(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        before = given(stage, made, "database"), given(stage, made, "bucket")
        stage.world.go_away()
        await stage.client.installations.rotate("acme")

        async def waits() -> bool:
            return bool((await stage.client.installations.get("acme")).reason)

        await provisioner_stage.poll(waits)
        seen = await stage.client.installations.get("acme")
        assert (seen.status, seen.reason[-4:]) == (Status.RESTARTING, "Away")
        told = explaining.explain(seen)
        assert told[1:] == [
            f"Why: {seen.message}",
            *[line for line in told if "ClusterReachable" in line],
            "Waits for CredentialsRotated: New credentials are asked for; the old ones are still in use.",
        ]
        assert await connects(before[0])
        stage.world.come_back()
        await stage.until(made.id, Status.STABLE, seconds=30)
        assert not await connects(before[0])
        assert given(stage, made, "bucket") != before[1]

    async def test_to_stop_is_a_start_that_fails_and_another_try_finishes_it(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        before = given(stage, made, "database")
        stage.world.will = lambda each: runtime_twin.unwell(each, document.Phase.FAILED, "StartTimedOut")
        seen = await rotated(stage, made, Status.FAILED)
        assert (seen.reason, [reason for _, reason, _ in said(seen)]) == ("StartTimedOut", ["Made"])
        assert not await connects(before)
        stage.world.will = runtime_twin.well
        await stage.client.installations.retry("acme")
        assert said(await stage.until(made.id, Status.STABLE)) == []
        assert await connects(given(stage, made, "database"))

    async def test_to_leave_it_is_its_deletion_and_taking_that_back_goes_on(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        before = given(stage, made, "database")
        stage.world.go_away()
        await stage.client.installations.rotate("acme")
        await stage.client.installations.delete("acme")
        stage.world.come_back()
        await stage.until(made.id, Status.DISCARDED, seconds=30)
        assert await connects(before)
        await stage.client.installations.undelete("acme")
        await stage.until(made.id, Status.STABLE)
        assert not await connects(before)


async def test_nobody_is_refused_for_longer_than_the_hand_over_takes(stage: Stage) -> None:
    """Whoever connects all the time with what its cluster has is refused at most until its cluster has the new ones."""
    made = await stage.stable("acme")
    refused = 0
    task = asyncio.create_task(rotated(stage, made))
    while not task.done():
        secret = given(stage, made, "database")
        if not await connects(secret):
            refused += 1
            await provisioner_stage.poll(lambda secret=secret: given(stage, made, "database") != secret)
    await task
    assert refused <= 1
