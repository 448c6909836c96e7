"""The preparation of versions: what is said of it, another try, and what is replaced meanwhile."""

from typing import Any

from support import provisioner_stage
from tenantry.application import manifest
from tenantry.provisioner import tables
from tenantry.wire import applications

Stage = provisioner_stage.Stage
Phase = manifest.VersionPhase
Status = applications.Status


def coming_to(phase: Phase, message: str = "", *, only: str = "") -> Any:
    """What becomes of versions: of all, or of one while the others are prepared."""

    def prepare(version: manifest.Version) -> manifest.VersionStatus:
        if only and version.version != only:
            return manifest.VersionStatus(version=version.version, phase=Phase.PREPARED)
        return manifest.VersionStatus(version=version.version, phase=phase, message=message)

    return prepare


async def until(stage: Stage, status: Status) -> applications.Application:
    async def is_so() -> bool:
        return (await stage.client.applications.get("tiny")).status is status

    await provisioner_stage.poll(is_so)
    return await stage.client.applications.get("tiny")


async def told(stage: Stage) -> list[str]:
    async with stage.program.services.base.read() as reader:
        rows = (await reader.execute(tables.EVENTS.select().order_by(tables.EVENTS.c.sequence))).all()
    return [row.summary for row in rows if row.subject_kind == "application"]


class TestAPreparationThatFails:
    async def test_says_why(self, stage: Stage) -> None:
        stage.world.preparing = coming_to(Phase.FAILED, "No such package.", only="2.0")
        await stage.client.applications.apply(provisioner_stage.application(title="Tinier"))
        seen = await until(stage, Status.FAILED)
        assert seen.message == "here: 2.0: No such package."
        assert {each.version: each.phase for each in seen.versions} == {
            "1.0": Phase.PREPARED, "2.0": Phase.FAILED, "3.0": Phase.PREPARED,
        }  # fmt: skip
        assert (await told(stage))[-1] == "Tinier on here: failed. 2.0: No such package."

    async def test_is_tried_again_when_the_same_is_applied_again(self, stage: Stage) -> None:
        stage.world.preparing = coming_to(Phase.FAILED, "The index does not answer.")
        application = provisioner_stage.application(title="Tinier")
        await stage.client.applications.apply(application)
        generation = (await until(stage, Status.FAILED)).generation
        stage.world.preparing = coming_to(Phase.PREPARED)
        await stage.client.applications.apply(application)
        seen = await until(stage, Status.AVAILABLE)
        assert (seen.generation, seen.message) == (generation, "")

    async def test_of_a_version_that_is_taken_out_fails_nothing_any_more(self, stage: Stage) -> None:
        stage.world.preparing = coming_to(Phase.FAILED, "No such package.", only="3.0")
        await stage.client.applications.apply(provisioner_stage.application(title="Tinier"))
        await until(stage, Status.FAILED)
        await stage.client.applications.apply(
            provisioner_stage.application(versions=provisioner_stage.VERSIONS[:2], title="Tinier")
        )
        seen = await until(stage, Status.AVAILABLE)
        assert (seen.message, [each.version for each in seen.versions]) == ("", ["1.0", "2.0"])


class TestAPreparationThatIsReplaced:
    async def test_leaves_no_trace(self, stage: Stage) -> None:
        """While the old one is asked about, a new one is applied; what is told of the old one is not written."""
        stage.world.preparing = coming_to(Phase.PREPARING, "Downloading.")
        await stage.client.applications.apply(provisioner_stage.application(title="Old"))

        async def is_told() -> bool:
            seen = await stage.client.applications.get("tiny")
            return {each.message for each in seen.versions} == {"Downloading."}

        await provisioner_stage.poll(is_told)
        before = stage.world.calls["get_application", "tiny"]
        stage.world.freeze()
        await provisioner_stage.poll(lambda: stage.world.calls["get_application", "tiny"] > before)
        stage.world.preparing = coming_to(Phase.PREPARED)
        await stage.client.applications.apply(provisioner_stage.application(title="New"))
        stage.world.thaw()
        seen = await until(stage, Status.AVAILABLE)
        assert (seen.title, {each.message for each in seen.versions}) == ("New", {""})
        assert stage.world.applications["tiny"].spec.title == "New"
        assert stage.world.applications["tiny"].metadata.generation == seen.generation
