"""The life of an installation, asked for over HTTP and carried out on a real database server and a real folder."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support import provisioner_stage, runtime_twin
from tenantry.client import installations as client_installations
from tenantry.kernel import errors
from tenantry.provisioner import tables
from tenantry.runtime import document
from tenantry.wire import infrastructure, installations

Stage = provisioner_stage.Stage
Status = installations.Status
Target = installations.Target


def conditions(seen: installations.Installation) -> dict[str, str]:
    return {each.type: each.status for each in seen.conditions}


async def things(stage: Stage) -> dict[str, list[str]]:
    """Everything that exists outside of the provisioner."""
    place = stage.place
    connection = await psycopg.AsyncConnection.connect(
        host=place.host, port=place.port, user=place.user, password=place.password, dbname="postgres"
    )
    async with connection:
        databases = await connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 't\\_%'")
        roles = await connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 't\\_%'")
        found = {
            "databases": [row[0] for row in await databases.fetchall()],
            "roles": [row[0] for row in await roles.fetchall()],
        }
    s3 = place.folder / "s3"
    return found | {
        "keys": _names(s3 / "keys"),
        "buckets": [str(each) for each in (s3 / "buckets").glob("*/*")],
        "documents": list(stage.world.bundles),
    }


def _names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()] if folder.exists() else []


async def counts(stage: Stage) -> dict[str, int]:
    return {kind: len(found) for kind, found in (await things(stage)).items()}


def each(number: int) -> dict[str, int]:
    return dict.fromkeys(("databases", "roles", "keys", "buckets", "documents"), number)


class TestALife:
    async def test_from_created_to_deleted(self, stage: Stage) -> None:
        made = await stage.create("acme", display_name="Acme", labels={"plan": "gold"})
        assert (made.status, made.target, made.cluster) == (Status.PROVISIONING, Target.RUNNING, "here")
        seen = await stage.until(made.id, Status.STABLE)
        assert (seen.serving_version, seen.url, seen.cluster) == ("1.0", "http://acme.localhost:8080", "here")
        assert conditions(seen) == {"Placed": "True", "DatabaseReady": "True", "BucketReady": "True"}
        assert await counts(stage) == each(1)

        await stage.client.installations.update("acme", installations.UpdateInstallation(version="2.0", size="large"))
        seen = await stage.until("acme", Status.STABLE)
        assert (seen.version, seen.serving_version, seen.size, seen.generation) == ("2.0", "2.0", "large", 2)

        before = seen.generation
        assert (await stage.client.installations.restart("acme")).status is Status.RESTARTING
        seen = await stage.until("acme", Status.STABLE)
        assert seen.observed_generation == before + 1
        assert stage.world.bundles[made.id].installation.spec.restarted_at is not None

        await stage.client.installations.hibernate("acme")
        assert (await stage.until("acme", Status.HIBERNATED)).target is Target.HIBERNATED
        await stage.client.installations.update("acme", installations.UpdateInstallation(size="small"))
        await stage.until("acme", Status.HIBERNATED)
        assert stage.world.bundles[made.id].installation.spec.run_policy is document.RunPolicy.ASLEEP
        await stage.client.installations.wake("acme")
        assert (await stage.until("acme", Status.STABLE)).target is Target.RUNNING

    async def test_from_stable_to_the_last_trace(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        await stage.client.installations.lock("acme")
        with pytest.raises(errors.ConflictError, match="locked"):
            await stage.client.installations.delete("acme")
        await stage.client.installations.unlock("acme")

        await stage.client.installations.delete("acme")
        discarded = await stage.until("acme", Status.DISCARDED)
        assert discarded.delete_after is not None
        with pytest.raises(errors.ConflictError):
            await stage.client.installations.lock("acme")
        await stage.client.installations.undelete("acme")
        seen = await stage.until("acme", Status.STABLE)
        assert (seen.target, seen.delete_after) == (Target.RUNNING, None)

        await stage.client.installations.delete("acme", grace_seconds=0)
        gone = await stage.until(made.id, Status.DELETED)
        assert gone.target is Target.DELETED
        assert await counts(stage) == each(0)
        assert (await stage.client.installations.availability("acme")).is_available
        with pytest.raises(errors.NotFoundError):
            await stage.client.installations.get("acme")
        again = await stage.stable("acme")
        assert again.id != made.id

    async def test_leaves_no_secret_in_its_row(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        await stage.client.installations.delete("acme", grace_seconds=0)
        await stage.until(made.id, Status.DELETED)
        async with stage.program.services.base.read() as reader:
            row = (await reader.execute(tables.INSTALLATIONS.select())).one()
        assert stage.program.services.around.vault.open_all(row.generated_secrets) == {}

    async def test_that_ends_before_it_was_placed(self, bare: Stage) -> None:
        await bare.client.applications.apply(provisioner_stage.application())
        made = await bare.create("acme")
        await bare.client.installations.delete("acme")
        await bare.until(made.id, Status.DISCARDED)
        await bare.client.installations.undelete("acme")
        await bare.client.installations.delete("acme", grace_seconds=0)
        await bare.until(made.id, Status.DELETED)

    async def test_of_many_at_once(self, stage: Stage) -> None:
        await asyncio.gather(*[stage.create(f"many-{number}") for number in range(20)])
        chosen = client_installations.Selection(status=Status.STABLE)

        async def all_stable() -> bool:
            return len((await stage.client.installations.list(chosen)).items) == 20

        await provisioner_stage.poll(all_stable, seconds=30, every=0.1)
        assert await counts(stage) == each(20)
        assert set(stage.world.started.values()) == {1}


class TestHandover:
    async def test_brings_secrets_beside_the_document_and_never_in_it(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        bundle = stage.world.bundles[made.id]
        data = {each.name.removeprefix(f"{made.id}-"): each.data for each in bundle.secrets}
        assert set(data) == {"database", "bucket", "generated"}
        text = bundle.installation.model_dump_json()
        for secret in (data["database"]["password"], data["bucket"]["secretKey"], data["generated"]["adminPassword"]):
            assert secret not in text
            assert secret not in repr(bundle)
        connection = await psycopg.AsyncConnection.connect(data["database"]["url"])
        async with connection:
            await connection.execute("CREATE TABLE notes (id int)")

    async def test_brings_secrets_that_the_manifest_declared_later(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        first = _generated(stage, made.id)
        secrets = [{"name": "adminPassword"}, {"name": "signingKey", "length": 40}]
        await stage.client.applications.apply(provisioner_stage.application(secrets=secrets))
        await stage.client.installations.restart("acme")
        await stage.until("acme", Status.STABLE)
        second = _generated(stage, made.id)
        assert (second["adminPassword"], len(second["signingKey"])) == (first["adminPassword"], 40)
        await stage.client.installations.restart("acme")
        await stage.until("acme", Status.STABLE)
        assert _generated(stage, made.id) == second

    async def test_of_an_installation_that_its_cluster_has_lost_while_it_was_made_happens_again(
        self, stage: Stage
    ) -> None:
        stage.world.will = lambda _: None
        made = await stage.create("acme")
        await stage.until_handed_over(made.id)
        stage.world.will = runtime_twin.well
        stage.world.vanish(made.id)
        await stage.until(made.id, Status.STABLE)


def _generated(stage: Stage, installation_id: str) -> dict[str, str]:
    return next(each.data for each in stage.world.bundles[installation_id].secrets if each.name.endswith("-generated"))


class TestReality:
    async def test_a_start_that_fails_says_why_and_can_be_tried_again(self, stage: Stage) -> None:
        stage.world.will = lambda each: runtime_twin.unwell(each, document.Phase.FAILED, "StartTimedOut")
        made = await stage.create("acme")
        seen = await stage.until(made.id, Status.FAILED)
        assert (seen.reason, seen.message, seen.last_log_lines) == ("StartTimedOut", "web: StartTimedOut.", ["boom"])
        stage.world.will = runtime_twin.well
        await stage.client.installations.retry("acme")
        seen = await stage.until("acme", Status.STABLE)
        assert (seen.reason, seen.message) == ("", "")

    async def test_unwell_and_well_again(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        document_ = stage.world.bundles[made.id].installation
        stage.world.report(made.id, runtime_twin.unwell(document_, document.Phase.DEGRADED, "CrashLooping"))
        seen = await stage.until("acme", Status.UNHEALTHY)
        assert (seen.reason, seen.last_log_lines) == ("CrashLooping", ["boom"])
        stage.world.report(made.id, runtime_twin.well(document_))
        assert (await stage.until("acme", Status.STABLE)).reason == ""
        stage.world.report(made.id, runtime_twin.unwell(document_, document.Phase.FAILED, "CrashLooping"))
        await stage.until("acme", Status.FAILED)
        stage.world.report(made.id, runtime_twin.well(document_))
        await stage.until("acme", Status.STABLE)

    async def test_a_new_one_waits_for_the_only_cluster_with_the_reason(self, stage: Stage) -> None:
        stage.world.go_away()

        async def is_away() -> bool:
            return (await stage.client.clusters.get("here")).status is infrastructure.Status.UNREACHABLE

        await provisioner_stage.poll(is_away)
        made = await stage.create("acme")

        async def waits() -> bool:
            return (await stage.client.installations.get("acme")).reason == "Nowhere"

        await provisioner_stage.poll(waits)
        seen = await stage.client.installations.get("acme")
        assert "here: unreachable (The cluster does not answer.)" in seen.message
        await _set_due(stage, made.id, hours=1)
        stage.world.come_back()
        seen = await stage.until(made.id, Status.STABLE)
        assert seen.reason == ""

    async def test_a_hibernation_that_failed_can_be_tried_again_or_taken_back(self, stage: Stage) -> None:
        await stage.stable("acme")
        stage.world.will = lambda each: runtime_twin.unwell(each, document.Phase.FAILED, "StopTimedOut")
        for way in ("retry", "wake"):
            stage.world.will = lambda each: runtime_twin.unwell(each, document.Phase.FAILED, "StopTimedOut")
            await stage.client.installations.hibernate("acme")
            await stage.until("acme", Status.FAILED)
            with pytest.raises(errors.ConflictError):
                await stage.client.installations.restart("acme")
            stage.world.will = runtime_twin.well
            await getattr(stage.client.installations, way)("acme")
            wanted = Status.HIBERNATED if way == "retry" else Status.STABLE
            await stage.until("acme", wanted)
            if way == "retry":
                await stage.client.installations.wake("acme")
                await stage.until("acme", Status.STABLE)

    async def test_a_cluster_that_refuses_to_switch_off_does_not_stop_a_deletion(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        stage.world.will = lambda each: runtime_twin.unwell(each, document.Phase.FAILED, "StopTimedOut")
        await stage.client.installations.delete("acme", grace_seconds=1)
        await stage.until(made.id, Status.DELETED)
        assert await counts(stage) == each(0)

    async def test_deletion_waits_for_what_lingers(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        stage.world.lingering = True
        stage.world.remains.add(made.id)
        await stage.client.installations.delete("acme", grace_seconds=0)
        await provisioner_stage.poll(lambda: stage.world.calls["delete", made.id])
        found = await things(stage)
        assert len(found["databases"]) == len(found["buckets"]) == 1
        stage.world.vanish(made.id)
        await stage.until(made.id, Status.DELETED)
        assert await counts(stage) == each(0)
        assert stage.world.remains == set()


async def _set_due(stage: Stage, installation_id: str, *, hours: int) -> None:
    """Let the next try be far away, as after many failed ones."""
    later = stage.program.services.around.clock.now() + timedelta(hours=hours)

    async def is_free() -> bool:
        async with stage.program.services.base.write() as writer:
            table = tables.INSTALLATIONS
            changed = await writer.execute(
                table.update().where(table.c.id == installation_id, table.c.lease_token.is_(None)).values(due_at=later)
            )
            return changed.rowcount == 1

    await provisioner_stage.poll(is_free)


class TestNowhere:
    @pytest.mark.parametrize("noun", ["clusters", "database_servers", "object_stores"])
    async def test_says_why_and_goes_on_when_there_is_a_place(self, stage: Stage, noun: str) -> None:
        calls: Any = getattr(stage.client, noun)
        (only,) = await calls.list()
        await calls.cordon(only.name)
        made = await stage.create("acme")

        async def waits() -> bool:
            return (await stage.client.installations.get("acme")).reason == "Nowhere"

        await provisioner_stage.poll(waits)
        seen = await stage.client.installations.get("acme")
        assert f"{only.name}: cordoned" in seen.message
        assert (seen.status, conditions(seen)["Placed"]) == (Status.PROVISIONING, "False")
        await _set_due(stage, made.id, hours=1)
        await calls.uncordon(only.name)
        assert (await stage.until(made.id, Status.STABLE)).reason == ""

    async def test_goes_on_when_a_cluster_is_registered(self, bare: Stage) -> None:
        await bare.client.applications.apply(provisioner_stage.application(needs={"volumes": [{"name": "data"}]}))
        made = await bare.create("acme")

        async def waits() -> bool:
            return (await bare.client.installations.get("acme")).message == "No clusters are registered."

        await provisioner_stage.poll(waits)
        await _set_due(bare, made.id, hours=1)
        await bare.client.clusters.register(infrastructure.RegisterCluster(name="here", endpoint="unix:///twin"))
        await bare.until(made.id, Status.STABLE)

    async def test_goes_on_when_another_is_deleted(self, bare: Stage) -> None:
        await bare.client.applications.apply(provisioner_stage.application(needs={"volumes": [{"name": "data"}]}))
        await bare.client.clusters.register(
            infrastructure.RegisterCluster(name="here", endpoint="unix:///twin", max_installations=1)
        )
        first = await bare.stable("first")
        second = await bare.create("second")

        async def waits() -> bool:
            return (
                "here: installations (1 of 1 reserved, 1 wanted)"
                in (await bare.client.installations.get("second")).message
            )

        await provisioner_stage.poll(waits)
        await _set_due(bare, second.id, hours=1)
        await bare.client.installations.delete("first", grace_seconds=0)
        await bare.until(first.id, Status.DELETED)
        await bare.until(second.id, Status.STABLE)

    async def test_a_burst_never_takes_more_places_than_there_are(self, bare: Stage) -> None:
        await bare.client.applications.apply(provisioner_stage.application(needs={"volumes": [{"name": "data"}]}))
        await bare.client.clusters.register(
            infrastructure.RegisterCluster(name="here", endpoint="unix:///twin", max_installations=4)
        )
        await bare.until_available()
        await asyncio.gather(*[bare.create(f"many-{number}") for number in range(10)])

        async def settled() -> bool:
            page = await bare.client.installations.list(limit=50)
            return sum(bool(each.message) or each.status is Status.STABLE for each in page.items) == 10

        await provisioner_stage.poll(settled)
        page = await bare.client.installations.list(limit=50)
        assert sum(each.status is Status.STABLE for each in page.items) == 4
        assert len(bare.world.bundles) == 4
