"""An update that fails goes back by itself where the manifest says that it may, and never to and fro."""

from typing import Any

import pytest

from support import provisioner_stage, runtime_twin
from tenantry.provisioner import tables
from tenantry.runtime import document
from tenantry.wire import installations

Stage = provisioner_stage.Stage
Status = installations.Status
Will = Any


def refusing(*versions: str) -> Will:
    """A cluster on which these versions do not start."""

    def will(given: document.Installation) -> document.InstallationStatus:
        if given.spec.version in versions:
            return runtime_twin.unwell(given, document.Phase.FAILED, "StartTimedOut")
        return runtime_twin.well(given)

    return will


async def update(stage: Stage, version: str, **more: Any) -> None:
    await stage.client.installations.update("acme", installations.UpdateInstallation(version=version, **more))


async def summaries(stage: Stage) -> list[str]:
    async with stage.program.services.base.read() as reader:
        rows = (await reader.execute(tables.EVENTS.select().order_by(tables.EVENTS.c.sequence))).all()
    return [row.summary for row in rows if row.subject_kind == "installation"]


class TestAnUpdateThatFails:
    async def test_goes_back_by_itself_and_says_why(self, stage: Stage) -> None:
        await stage.stable("acme", settings={"mode": "before"})
        stage.world.will = refusing("2.0")
        await update(stage, "2.0", size="large", settings={"mode": "after"})
        seen = await stage.until("acme", Status.STABLE)
        assert (seen.version, seen.serving_version, seen.size, seen.settings) == (
            "1.0", "1.0", "small", {"mode": "before"},
        )  # fmt: skip
        assert (seen.generation, seen.observed_generation) == (3, 3)
        assert (seen.reason, seen.message) == (
            "UpdateTakenBack",
            "The update from 1.0 to 2.0 failed and was taken back; 1.0 serves. web: StartTimedOut.",
        )
        told = await summaries(stage)
        assert "The update from 1.0 to 2.0 failed; it goes back to 1.0. web: StartTimedOut." in told
        assert told[-1] == seen.message

    async def test_can_be_asked_for_again_when_the_cause_is_mended(self, stage: Stage) -> None:
        await stage.stable("acme")
        stage.world.will = refusing("2.0")
        await update(stage, "2.0")
        await stage.until("acme", Status.STABLE)
        stage.world.will = runtime_twin.well
        await update(stage, "2.0")
        seen = await stage.until("acme", Status.STABLE)
        assert (seen.serving_version, seen.reason, seen.message) == ("2.0", "", "")

    async def test_stays_failed_where_the_manifest_does_not_allow_the_way_back(self, stage: Stage) -> None:
        await stage.stable("acme", version="2.0")
        stage.world.will = refusing("3.0")
        await update(stage, "3.0")
        seen = await stage.until("acme", Status.FAILED)
        assert (seen.version, seen.reason) == ("3.0", "StartTimedOut")
        assert "from 2.0 to 3.0" in seen.message
        assert "web: StartTimedOut." in seen.message
        assert "downgradesTo" in seen.message
        assert "retry" in seen.message
        stage.world.will = runtime_twin.well
        await stage.client.installations.retry("acme")
        assert (await stage.until("acme", Status.STABLE)).serving_version == "3.0"

    async def test_whose_way_back_fails_too_stays_failed_and_says_both(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        stage.world.will = refusing("1.0", "2.0")
        await update(stage, "2.0")
        seen = await stage.until("acme", Status.FAILED)
        assert (seen.version, seen.generation) == ("1.0", 3)
        assert seen.message == "The update from 1.0 to 2.0 failed, and so did the way back: web: StartTimedOut."
        assert stage.world.calls["apply", made.id] == 3
        await stage.client.installations.retry("acme")
        assert (await stage.until("acme", Status.FAILED)).version == "1.0"
        stage.world.will = runtime_twin.well
        await stage.client.installations.retry("acme")
        assert (await stage.until("acme", Status.STABLE)).reason == ""

    async def test_of_settings_alone_stays_failed(self, stage: Stage) -> None:
        await stage.stable("acme")
        stage.world.will = refusing("1.0")
        await stage.client.installations.update("acme", installations.UpdateInstallation(settings={"mode": "bad"}))
        seen = await stage.until("acme", Status.FAILED)
        assert (seen.message, seen.settings) == ("web: StartTimedOut.", {"mode": "bad"})

    async def test_at_the_wake_goes_back_too(self, stage: Stage) -> None:
        await stage.stable("acme")
        await stage.client.installations.hibernate("acme")
        await stage.until("acme", Status.HIBERNATED)
        await update(stage, "2.0")
        await stage.until("acme", Status.HIBERNATED)
        stage.world.will = lambda each: (
            runtime_twin.well(each) if each.spec.run_policy == "Asleep" else refusing("2.0")(each)
        )
        await stage.client.installations.wake("acme")
        seen = await stage.until("acme", Status.STABLE)
        assert (seen.version, seen.reason) == ("1.0", "UpdateTakenBack")

    @pytest.mark.parametrize("end", ["delete", "update"])
    async def test_gives_way_to_what_is_wanted_meanwhile(self, stage: Stage, end: str) -> None:
        await stage.stable("acme")
        stage.world.will = lambda each: None if each.spec.version == "1.0" else refusing("2.0")(each)
        await update(stage, "2.0")

        async def is_going_back() -> bool:
            return (await stage.client.installations.get("acme")).version == "1.0"

        await provisioner_stage.poll(is_going_back)
        seen = await stage.client.installations.get("acme")
        assert (seen.status, seen.reason) == (Status.UPDATING, "StartTimedOut")
        stage.world.will = runtime_twin.well
        if end == "delete":
            await stage.client.installations.delete("acme", grace_seconds=0)
            await stage.until(seen.id, Status.DELETED)
            return
        stage.world.report(seen.id, runtime_twin.well(stage.world.bundles[seen.id].installation))
        await stage.until("acme", Status.STABLE)
        await update(stage, "2.0")
        seen = await stage.until("acme", Status.STABLE)
        assert (seen.version, seen.reason) == ("2.0", "")
