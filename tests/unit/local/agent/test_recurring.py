"""Jobs on a schedule: when they run, when they do not, and what ends them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support import agent_twins, tiny
from tenantry.kernel import clock
from tenantry.runtime import document

NAME = "ins-a"
Phase = document.Phase
MOMENT = timedelta(milliseconds=20)
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def tidying(**more: Any) -> dict[str, Any]:
    job = {"name": "tidy", "schedule": "* * * * *", "command": [tiny.PYTHON, "-c", "", "tidy"], **more}
    return {**tiny.SPEC["jobs"], "scheduled": [job]}


@pytest.fixture
def time() -> clock.ManualClock:
    return clock.ManualClock(NOON - MOMENT)


@pytest.fixture
def world(tmp_path: Path, time: clock.ManualClock) -> agent_twins.World:
    return agent_twins.World(tmp_path, time=time)


@pytest.fixture
async def life(world: agent_twins.World) -> AsyncIterator[agent_twins.Life]:
    async with agent_twins.live(world) as lived:
        await lived.shared.versions.apply(tiny.application(jobs=tidying()))
        yield lived


async def comes_to(life: agent_twins.Life, phase: Phase, *, generation: int = 1, **changes: Any) -> None:
    await life.fleet.apply(tiny.bundle(NAME, generation=generation, **changes))

    def is_there() -> bool:
        status = life.status(NAME)
        return status is not None and (status.phase, status.observed_generation) == (phase, generation)

    await agent_twins.until(is_there)


async def due_at(life: agent_twins.Life, moment: datetime) -> None:
    """Wait until the job waits for this moment."""
    worker = life.fleet.get(NAME)
    assert worker is not None
    await agent_twins.until(lambda: worker.recurring.due == {"tidy": moment})


async def count(life: agent_twins.Life, outcome: str) -> float:
    samples = life.shared.measures.exposition().decode().splitlines()
    name = f'tenantry_agent_scheduled_jobs_total{{outcome="{outcome}"}} '
    return next((float(each.removeprefix(name)) for each in samples if each.startswith(name)), 0.0)


async def test_it_runs_when_it_is_due_and_not_before(
    life: agent_twins.Life, world: agent_twins.World, time: clock.ManualClock
) -> None:
    await comes_to(life, Phase.READY)
    await due_at(life, NOON)
    assert not world.jobs["tidy"]
    time.advance(MOMENT)
    await due_at(life, NOON + MINUTE)
    assert (world.jobs["tidy"], await count(life, "done")) == (1, 1)


async def test_one_that_is_due_while_it_still_runs_is_left_out(
    life: agent_twins.Life, world: agent_twins.World, time: clock.ManualClock
) -> None:
    world.hanging_jobs.add("tidy")
    await comes_to(life, Phase.READY)
    await due_at(life, NOON)
    time.advance(MOMENT)
    await agent_twins.until(lambda: world.jobs["tidy"])
    time.advance(3 * MINUTE)
    await comes_to(life, Phase.READY, generation=2, displayName="Other")
    assert world.jobs["tidy"] == 1


async def test_asleep_what_runs_is_ended_and_nothing_is_due(
    life: agent_twins.Life, world: agent_twins.World, time: clock.ManualClock
) -> None:
    world.hanging_jobs.add("tidy")
    await comes_to(life, Phase.READY)
    await due_at(life, NOON)
    time.advance(MOMENT)
    await agent_twins.until(lambda: world.jobs["tidy"])
    await comes_to(life, Phase.ASLEEP, generation=2, runPolicy="Asleep")
    assert (await count(life, "done"), await count(life, "failed")) == (0, 0)
    world.hanging_jobs.clear()
    time.advance(2 * MINUTE - MOMENT)
    await comes_to(life, Phase.READY, generation=3)
    await due_at(life, NOON + 2 * MINUTE)
    assert world.jobs["tidy"] == 1


async def test_another_version_ends_what_runs_of_the_one_before(
    life: agent_twins.Life, world: agent_twins.World, time: clock.ManualClock
) -> None:
    world.hanging_jobs.add("tidy")
    await comes_to(life, Phase.READY)
    await due_at(life, NOON)
    time.advance(MOMENT)
    await agent_twins.until(lambda: world.jobs["tidy"])
    await comes_to(life, Phase.READY, generation=2, version="2.0")
    await due_at(life, NOON + MINUTE)
    assert await count(life, "done") == 0


async def test_one_that_fails_is_counted_and_leaves_the_rest_alone(
    life: agent_twins.Life, world: agent_twins.World, time: clock.ManualClock
) -> None:
    world.job_status["tidy"] = 3
    await comes_to(life, Phase.READY)
    await due_at(life, NOON)
    time.advance(MOMENT)
    await due_at(life, NOON + MINUTE)
    status = life.status(NAME)
    assert status is not None
    assert (status.phase, await count(life, "failed")) == (Phase.READY, 1)
