"""What is learnt from watching clusters: what they have lost, who watches, and what is left over on them."""

import uuid
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from support import provisioner_stage, runtime_twin
from tenantry.provisioner import tables
from tenantry.runtime import document
from tenantry.wire import installations

Stage = provisioner_stage.Stage
Status = installations.Status


async def events(stage: Stage, kind: str = "") -> list[Any]:
    """The events of a kind, oldest first."""
    async with stage.program.services.base.read() as reader:
        rows = (await reader.execute(tables.EVENTS.select().order_by(tables.EVENTS.c.sequence))).all()
    return [row for row in rows if row.type == f"installation.{kind}" or not kind]


async def cut_watch(stage: Stage, world: runtime_twin.World | None = None) -> None:
    """Break the watch off and wait until it was opened again."""
    world = world or stage.world
    before = world.calls["watch", ""]
    world.go_away()
    world.come_back()
    await provisioner_stage.poll(lambda: world.calls["watch", ""] > before)


class TestLost:
    async def test_at_rest_and_without_a_word_is_handed_over_again(self, stage: Stage) -> None:
        kept, lost = await stage.stable("kept"), await stage.stable("lost")
        stage.world.will = lambda _: None
        stage.world.forget(lost.id)
        await cut_watch(stage)
        seen = await stage.until("lost", Status.UNHEALTHY)
        assert (seen.reason, seen.message) == ("LostByCluster", "Its cluster had lost it; it is handed over again.")
        await stage.until_handed_over(lost.id)
        stage.world.report(lost.id, runtime_twin.well(stage.world.bundles[lost.id].installation))
        seen = await stage.until("lost", Status.STABLE)
        assert (seen.reason, seen.generation, seen.observed_generation) == ("", 1, 1)
        assert stage.world.started == {kept.id: 1, lost.id: 2}
        assert [each.subject_id for each in await events(stage, "lost")] == [lost.id]

    async def test_all_at_once_are_all_handed_over_again(self, stage: Stage) -> None:
        made = [await stage.stable(f"all-{number}") for number in range(5)]
        stage.world.forget()
        await cut_watch(stage)
        await provisioner_stage.poll(lambda: set(stage.world.bundles) == {each.id for each in made})
        for each in made:
            await stage.until(each.id, Status.STABLE)

    async def test_asleep_is_handed_over_again_and_goes_on_sleeping(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        await stage.client.installations.hibernate("acme")
        await stage.until("acme", Status.HIBERNATED)
        stage.world.forget(made.id)
        await cut_watch(stage)
        await provisioner_stage.poll(lambda: made.id in stage.world.bundles)
        assert stage.world.bundles[made.id].installation.spec.run_policy is document.RunPolicy.ASLEEP
        assert (await stage.client.installations.get("acme")).status is Status.HIBERNATED

    async def test_before_the_eyes_of_the_watch_is_handed_over_again(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        stage.world.vanish(made.id)
        await provisioner_stage.poll(lambda: made.id in stage.world.bundles)
        await stage.until("acme", Status.STABLE)
        assert len(await events(stage, "lost")) == 1

    async def test_as_wanted_is_deleted(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        stage.world.lingering = True
        await stage.client.installations.delete("acme", grace_seconds=0)
        await provisioner_stage.poll(lambda: stage.world.calls["delete", made.id])
        stage.world.forget(made.id)
        await cut_watch(stage)
        await stage.until(made.id, Status.DELETED)
        assert await events(stage, "lost") == []

    async def test_as_wanted_is_deleted_when_nothing_else_is_left_of_it(self, stage: Stage) -> None:
        """Such as its namespace: nobody saw its document go, and nobody else would ask for the rest."""
        made = await stage.stable("acme")
        stage.world.lingering = True
        await stage.client.installations.delete("acme", grace_seconds=0)
        await provisioner_stage.poll(lambda: stage.world.calls["delete", made.id])
        stage.world.remains.add(made.id)
        stage.world.forget(made.id)
        await cut_watch(stage)
        await stage.until(made.id, Status.DELETED)
        assert stage.world.remains == set()


class TestAWatchThatBreaksBeforeTheMark:
    async def test_changes_nothing(self, stage: Stage) -> None:
        lost = await stage.stable("acme")
        stage.world.forget(lost.id)
        stage.world.is_cut_before_mark = True
        await cut_watch(stage)
        await cut_watch(stage)
        assert (await stage.client.installations.get("acme")).status is Status.STABLE
        assert await events(stage, "lost") == []
        stage.world.is_cut_before_mark = False
        await provisioner_stage.poll(lambda: lost.id in stage.world.bundles)
        assert len(await events(stage, "lost")) == 1


class TestAReportThatIsNotUnderstood:
    async def test_ends_no_watch_and_is_of_one_that_is_there(self, stage: Stage) -> None:
        strange, usual = await stage.stable("strange"), await stage.stable("usual")
        stage.world.garbled.add(strange.id)
        await cut_watch(stage)
        watches = stage.world.calls["watch", ""]
        stage.world.tell(strange.id)
        document_ = stage.world.bundles[usual.id].installation
        stage.world.report(usual.id, runtime_twin.unwell(document_, document.Phase.DEGRADED, "CrashLooping"))
        await stage.until("usual", Status.UNHEALTHY)
        assert stage.world.calls["watch", ""] == watches
        assert (await stage.client.installations.get("strange")).status is Status.STABLE
        assert await events(stage, "lost") == []


class TestElection:
    async def test_of_two_processes_one_watches_and_reports_are_written_once(
        self, stage: Stage, place: provisioner_stage.Place
    ) -> None:
        async with provisioner_stage.opened(place, world=stage.world) as other:
            made = await other.stable("acme")
            document_ = stage.world.bundles[made.id].installation
            stage.world.report(made.id, runtime_twin.unwell(document_, document.Phase.DEGRADED, "CrashLooping"))
            await stage.until("acme", Status.UNHEALTHY)
            assert len(stage.world.watches) == stage.world.calls["watch", ""] == 1
            told = [each.summary for each in await events(stage, "progressed")]
            assert told.count("web: CrashLooping.") == 1

    async def test_goes_to_another_at_once_when_the_one_stops(
        self, place: provisioner_stage.Place, world: runtime_twin.World
    ) -> None:
        async with AsyncExitStack() as one, provisioner_stage.opened(place, world=world, supervised=[]) as stage:
            await stage.client.clusters.register(provisioner_stage.cluster("here"))
            await one.enter_async_context(provisioner_stage.opened(place, world=world, supervised=["watches"]))
            await provisioner_stage.poll(lambda: len(world.watches) == 1)
            async with provisioner_stage.opened(place, world=world, supervised=["watches"]):
                await one.aclose()
                await provisioner_stage.poll(lambda: world.calls["watch", ""] == 2, seconds=5)
                assert len(world.watches) == 1
        assert world.watches == set()

    async def test_of_a_dead_process_is_over_when_its_lease_is(
        self, place: provisioner_stage.Place, world: runtime_twin.World
    ) -> None:
        async with provisioner_stage.opened(place, world=world, supervised=["clusters"]) as stage:
            await stage.client.clusters.register(provisioner_stage.cluster("here"))
            await _leave_watches(stage, expires_in=timedelta(seconds=1.5))
            async with provisioner_stage.opened(place, world=world, supervised=["watches"]):
                assert not await _appears(lambda: world.watches, seconds=0.5)
                await provisioner_stage.poll(lambda: len(world.watches) == 1, seconds=5)

    async def test_lets_one_that_was_frozen_write_nothing(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        await _leave_watches(stage, expires_in=timedelta(minutes=1))
        document_ = stage.world.bundles[made.id].installation
        stage.world.report(made.id, runtime_twin.unwell(document_, document.Phase.DEGRADED, "CrashLooping"))
        await provisioner_stage.poll(lambda: not stage.world.watches)
        assert (await stage.client.installations.get("acme")).status is Status.STABLE


async def _appears(condition: Any, *, seconds: float) -> bool:
    try:
        await provisioner_stage.poll(condition, seconds=seconds)
    except TimeoutError:
        return False
    return True


async def _leave_watches(stage: Stage, *, expires_in: timedelta) -> None:
    """Let a process elsewhere hold every watch, and never be heard of again."""
    services = stage.program.services
    ends = services.around.clock.now() + expires_in
    values = {"lease_token": uuid.uuid4(), "lease_owner": "elsewhere:1", "lease_expires_at": ends, "due_at": ends}
    async with services.base.write() as writer:
        await writer.execute(tables.WATCHES.update().values(**values))


class TestLeftOver:
    async def test_on_a_cluster_that_comes_back_after_its_deletion_is_removed(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        bundle = stage.world.bundles[made.id]
        await stage.client.installations.delete("acme", grace_seconds=0)
        await stage.until(made.id, Status.DELETED)
        stage.world.bundles[made.id] = bundle
        stage.world.remains.add(made.id)
        await cut_watch(stage)
        await provisioner_stage.poll(lambda: made.id not in stage.world.bundles)
        await provisioner_stage.poll(lambda: not stage.world.remains)

    async def test_that_nobody_here_knows_is_left_alone(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        stage.world.bundles["ins-of-another"] = stage.world.bundles[made.id]
        await cut_watch(stage)
        await stage.stable("other")
        assert stage.world.calls["delete", "ins-of-another"] == 0

    async def test_of_an_installation_that_is_on_another_cluster_now_says_nothing(self, stage: Stage) -> None:
        second = await stage.add_cluster("second")
        made = await stage.stable("acme")
        assert made.cluster == "here"
        bundle = stage.world.bundles[made.id]
        second.bundles[made.id] = bundle
        second.report(made.id, runtime_twin.unwell(bundle.installation, document.Phase.FAILED, "CrashLooping"))
        second.forget(made.id)
        await cut_watch(stage, second)
        await stage.stable("other")
        assert (await stage.client.installations.get("acme")).status is Status.STABLE
        assert await events(stage, "lost") == []
