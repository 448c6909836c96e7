"""One installation through its life: what is done, in which order, and what is said about it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support import agent_twins, tiny
from tenantry.kernel import clock
from tenantry.local.agent import fleet
from tenantry.runtime import document

NAME = "ins-a"
WEB = f"ins.{NAME}.web"
Phase = document.Phase


@pytest.fixture
def time() -> clock.ManualClock:
    return clock.ManualClock(datetime(2026, 11, 24, tzinfo=UTC))


@pytest.fixture
def world(tmp_path: Path, time: clock.ManualClock) -> agent_twins.World:
    return agent_twins.World(tmp_path, time=time)


@pytest.fixture
async def life(world: agent_twins.World) -> AsyncIterator[agent_twins.Life]:
    async with agent_twins.live(world) as lived:
        await lived.shared.versions.apply(tiny.application())
        yield lived


async def comes_to(life: agent_twins.Life, phase: Phase, *, generation: int = 1) -> document.InstallationStatus:
    def is_there() -> bool:
        status = life.status(NAME)
        return status is not None and (status.phase, status.observed_generation) == (phase, generation)

    await agent_twins.until(is_there)
    status = life.status(NAME)
    assert status is not None
    return status


async def look(life: agent_twins.Life) -> None:
    await life.shared.observer.look()


def reason(status: document.InstallationStatus, kind: document.ConditionType) -> str:
    return next(each.reason for each in status.conditions if each.type is kind)


async def make(life: agent_twins.Life) -> None:
    await life.fleet.apply(tiny.bundle(NAME))
    await comes_to(life, Phase.READY)


class TestStart:
    async def test_says_ready_with_every_condition_for_the_generation(self, life: agent_twins.Life) -> None:
        await life.fleet.apply(tiny.bundle(NAME, generation=7))
        status = await comes_to(life, Phase.READY, generation=7)
        assert {each.type for each in status.conditions} == set(document.ConditionType)
        assert {each.status for each in status.conditions} == {document.ConditionStatus.TRUE}
        assert {each.observed_generation for each in status.conditions} == {7}
        assert status.serving_version == "1.0"

    async def test_waits_for_an_application_that_is_not_known(self, world: agent_twins.World) -> None:
        async with agent_twins.live(world) as life:
            await life.fleet.apply(tiny.bundle(NAME))
            status = await comes_to(life, Phase.PENDING)
            assert reason(status, document.ConditionType.PREPARED) == "VersionUnknown"
            await life.shared.versions.apply(tiny.application())
            await comes_to(life, Phase.READY)

    async def test_waits_for_the_package(self, world: agent_twins.World, life: agent_twins.Life) -> None:
        world.unprepared.add(">=3.12")
        slow = [{"version": "1.0", "package": {"pip": {"lock": "", "python": ">=3.12"}}}]
        await life.shared.versions.apply(tiny.application(generation=2, versions=slow))
        await life.fleet.apply(tiny.bundle(NAME))
        await comes_to(life, Phase.PENDING)
        world.unprepared.clear()
        await comes_to(life, Phase.READY)

    async def test_waits_for_its_turn(self, world: agent_twins.World) -> None:
        world.hanging_jobs.add("initialise")
        async with agent_twins.live(world, places=1) as life:
            await life.shared.versions.apply(tiny.application())
            await life.fleet.apply(tiny.bundle("ins-b"))
            await agent_twins.until(lambda: world.jobs["initialise"] == 1)
            await life.fleet.apply(tiny.bundle(NAME))
            status = await comes_to(life, Phase.PENDING)
            assert reason(status, document.ConditionType.READY) == "Queued"
            world.hanging_jobs.clear()
            await life.fleet.delete("ins-b")
            await comes_to(life, Phase.READY)

    async def test_what_follows_a_start_keeps_nobody_waiting(self, world: agent_twins.World) -> None:
        world.hanging_jobs.add("check")
        async with agent_twins.live(world, places=1) as life:
            await life.shared.versions.apply(tiny.application())
            await life.fleet.apply(tiny.bundle("ins-b"))
            await agent_twins.until(lambda: world.jobs["check"] == 1)
            await life.fleet.apply(tiny.bundle(NAME))
            await agent_twins.until(lambda: world.jobs["check"] == 2)

    async def test_exchanges_a_port_that_a_stranger_took(
        self, world: agent_twins.World, life: agent_twins.Life
    ) -> None:
        await make(life)
        await life.fleet.apply(tiny.bundle(NAME, generation=2, runPolicy="Asleep"))
        await comes_to(life, Phase.ASLEEP, generation=2)
        taken = int(world.specs[WEB].environment["PORT"])
        world.taken_ports.add(taken)
        await life.fleet.apply(tiny.bundle(NAME, generation=3))
        status = await comes_to(life, Phase.READY, generation=3)
        assert int(world.specs[WEB].environment["PORT"]) != taken
        assert status.endpoints[0].address.rsplit(":")[-1] == world.specs[WEB].environment["PORT"]
        assert world.routes[NAME].upstream == status.endpoints[0].address

    async def test_fails_when_it_takes_too_long_and_leaves_nothing_running(
        self, world: agent_twins.World, life: agent_twins.Life, time: clock.ManualClock
    ) -> None:
        world.unready.update(range(21_000, 21_100))
        await life.fleet.apply(tiny.bundle(NAME))
        await agent_twins.until(lambda: world.pids.get(WEB) and life.shared.turns)
        await comes_to(life, Phase.PROGRESSING)
        await agent_twins.until(lambda: life.status(NAME) and world.starts[WEB])
        time.advance(timedelta(seconds=5))
        status = await comes_to(life, Phase.FAILED)
        assert reason(status, document.ConditionType.WORKLOADS_READY) == "StartTimedOut"
        await agent_twins.until(lambda: not any(world.pids.values()))
        world.unready.clear()
        await life.fleet.apply(tiny.bundle(NAME, generation=2))
        await comes_to(life, Phase.READY, generation=2)

    async def test_tries_a_failed_job_again_and_then_says_failed(
        self, world: agent_twins.World, life: agent_twins.Life, time: clock.ManualClock
    ) -> None:
        world.job_status["initialise"] = 1
        await life.fleet.apply(tiny.bundle(NAME))
        for tries in (1, 2, 3):
            await agent_twins.until(lambda tries=tries: world.jobs["initialise"] == tries)
            await agent_twins.until(lambda tries=tries: failures(life) == tries)
            assert failures(life) == tries
            time.advance(timedelta(minutes=6))
            poke(life)
        await agent_twins.until(lambda: world.jobs["initialise"] == 4)
        status = await comes_to(life, Phase.FAILED)
        assert reason(status, document.ConditionType.INITIALISED) == "InitialiseFailed"
        world.job_status.clear()
        time.advance(timedelta(minutes=6))
        poke(life)
        await comes_to(life, Phase.READY)

    async def test_says_what_is_wrong_with_a_document(self, life: agent_twins.Life) -> None:
        await life.fleet.apply(tiny.bundle(NAME, size="huge"))
        status = await comes_to(life, Phase.FAILED)
        assert reason(status, document.ConditionType.READY) == "SizeUnknown"
        await life.fleet.apply(tiny.bundle(NAME, generation=2))
        await comes_to(life, Phase.READY, generation=2)


def failures(life: agent_twins.Life) -> int:
    worker = life.fleet.get(NAME)
    failure = worker.case.memory.failure if worker else None
    return failure.count if failure else 0


def poke(life: agent_twins.Life) -> None:
    worker = life.fleet.get(NAME)
    assert worker is not None
    worker.poke()


class TestChange:
    async def test_restarts_only_what_reads_what_has_changed(
        self, world: agent_twins.World, life: agent_twins.Life
    ) -> None:
        await make(life)
        before = dict(world.pids)
        await life.fleet.apply(tiny.bundle(NAME, generation=2, settings={"mode": "other"}))
        await comes_to(life, Phase.READY, generation=2)
        assert world.pids[WEB] != before[WEB]
        assert world.pids[f"ins.{NAME}.clock"] == before[f"ins.{NAME}.clock"]
        assert not world.jobs["migrate"]

    async def test_restarts_all_when_asked(self, world: agent_twins.World, life: agent_twins.Life) -> None:
        await make(life)
        before = dict(world.pids)
        asked = tiny.bundle(NAME, generation=2, restartedAt="2026-11-24T10:00:00Z")
        await life.fleet.apply(asked)
        await comes_to(life, Phase.READY, generation=2)
        assert not set(before.values()) & set(world.pids.values())

    async def test_ignores_an_older_generation(self, life: agent_twins.Life) -> None:
        await life.fleet.apply(tiny.bundle(NAME, generation=3))
        await comes_to(life, Phase.READY, generation=3)
        answer = await life.fleet.apply(tiny.bundle(NAME, generation=2, version="2.0"))
        assert (answer.metadata.generation, answer.spec.version) == (3, "1.0")

    async def test_migrates_with_nothing_running_before_another_version(
        self, world: agent_twins.World, life: agent_twins.Life
    ) -> None:
        await make(life)
        world.hanging_jobs.add("migrate")
        await life.fleet.apply(tiny.bundle(NAME, generation=2, version="2.0"))
        await agent_twins.until(lambda: world.jobs["migrate"])
        assert not any(world.pids.values())
        world.hanging_jobs.clear()
        await life.fleet.apply(tiny.bundle(NAME, generation=3, runPolicy="Asleep"))
        await comes_to(life, Phase.ASLEEP, generation=3)
        await life.fleet.apply(tiny.bundle(NAME, generation=4, version="2.0"))
        status = await comes_to(life, Phase.READY, generation=4)
        assert status.serving_version == "2.0"

    async def test_sleeps_and_wakes_without_a_job_of_the_first_start(
        self, world: agent_twins.World, life: agent_twins.Life
    ) -> None:
        await make(life)
        await life.fleet.apply(tiny.bundle(NAME, generation=2, runPolicy="Asleep"))
        await comes_to(life, Phase.ASLEEP, generation=2)
        assert not any(world.pids.values())
        assert not world.routes
        await life.fleet.apply(tiny.bundle(NAME, generation=3))
        await comes_to(life, Phase.READY, generation=3)
        assert (world.jobs["initialise"], world.jobs["administrator"]) == (1, 1)


class TestTrouble:
    async def test_an_exit_is_counted_and_it_comes_back(self, world: agent_twins.World, life: agent_twins.Life) -> None:
        await make(life)
        world.unready.update(range(21_000, 21_100))
        world.crash(WEB)
        await look(life)
        status = await comes_to(life, Phase.DEGRADED)
        assert status.restarts == 1
        world.unready.clear()
        await comes_to(life, Phase.READY)

    async def test_restarts_are_forgotten_when_it_was_well_for_long(
        self, world: agent_twins.World, life: agent_twins.Life, time: clock.ManualClock
    ) -> None:
        await make(life)
        world.crash(WEB)
        await look(life)
        await agent_twins.until(lambda: restarts(life) == 1 and life.status(NAME))
        await agent_twins.until(lambda: well_since(life) is not None)
        time.advance(timedelta(minutes=11))
        poke(life)
        await agent_twins.until(lambda: restarts(life) == 0)

    async def test_a_crash_loop_is_held_and_tried_again_later(
        self, world: agent_twins.World, life: agent_twins.Life, time: clock.ManualClock
    ) -> None:
        await make(life)
        for _ in range(5):
            world.crash(WEB)
            await look(life)
        status = await comes_to(life, Phase.DEGRADED)
        await agent_twins.until(lambda: world.pids[WEB] is None)
        assert world.pids[f"ins.{NAME}.clock"]
        status = await comes_to(life, Phase.DEGRADED)
        assert reason(status, document.ConditionType.WORKLOADS_READY) == "CrashLooping"
        time.advance(timedelta(minutes=2))
        poke(life)
        await comes_to(life, Phase.READY)

    async def test_a_failing_health_check_restarts_the_workload(
        self, world: agent_twins.World, life: agent_twins.Life
    ) -> None:
        await make(life)
        before = world.pids[WEB]
        worker = life.fleet.get(NAME)
        assert worker is not None
        for _ in range(2):
            worker.case.sight.mark_health("web", is_well=False, threshold=2)
        worker.poke()
        await agent_twins.until(lambda: world.pids[WEB] != before and world.pids[WEB])
        await agent_twins.until(lambda: restarts(life) == 1)


def restarts(life: agent_twins.Life) -> int:
    worker = life.fleet.get(NAME)
    return worker.case.memory.restarts if worker else -1


def well_since(life: agent_twins.Life) -> datetime | None:
    worker = life.fleet.get(NAME)
    return worker.case.memory.well_since if worker else None


class TestRemoval:
    async def test_does_not_wait_for_a_job(self, world: agent_twins.World, life: agent_twins.Life) -> None:
        world.hanging_jobs.add("initialise")
        await life.fleet.apply(tiny.bundle(NAME))
        await agent_twins.until(lambda: world.jobs["initialise"])
        await life.fleet.delete(NAME)
        await agent_twins.until(lambda: life.fleet.get(NAME) is None)
        assert NAME not in life.shared.hub.present

    async def test_twice_is_once(self, life: agent_twins.Life) -> None:
        await make(life)
        await life.fleet.delete(NAME)
        await life.fleet.delete(NAME)
        await agent_twins.until(lambda: life.fleet.get(NAME) is None)
        await life.fleet.delete(NAME)

    async def test_refuses_a_document_until_it_is_gone(self, life: agent_twins.Life) -> None:
        await make(life)
        await life.fleet.delete(NAME)
        with pytest.raises(fleet.BeingDeletedError):
            await life.fleet.apply(tiny.bundle(NAME, generation=2))

    async def test_keeps_volumes_where_the_policy_says_so(
        self, world: agent_twins.World, life: agent_twins.Life
    ) -> None:
        await life.fleet.apply(tiny.bundle(NAME, deletionPolicy="Retain"))
        await comes_to(life, Phase.READY)
        (world.folder / "workspaces" / NAME / "volumes" / "data" / "picture").write_text("kept")
        await life.fleet.delete(NAME)
        await agent_twins.until(lambda: life.fleet.get(NAME) is None)
        kept = list((world.folder / "retained").glob(f"{NAME}-*/data/picture"))
        assert [path.read_text() for path in kept] == ["kept"]
        assert not (world.folder / "workspaces" / NAME).exists()
