"""The agent is killed before and after every call it makes; the next life converges, and nothing is there twice."""

import asyncio
import itertools
from pathlib import Path

import pytest

from support import agent_twins, tiny
from tenantry.local.agent import pool
from tenantry.runtime import document

NAME = "ins-a"
PROGRAMS = {f"ins.{NAME}.web", f"ins.{NAME}.clock"}
DOCUMENTS = {
    "create": tiny.bundle(NAME),
    "settings": tiny.bundle(NAME, generation=2, settings={"mode": "other"}),
    "update": tiny.bundle(NAME, generation=2, version="2.0"),
    "asleep": tiny.bundle(NAME, generation=2, runPolicy="Asleep"),
}


def is_settled(life: agent_twins.Life, generation: int) -> bool:
    status = life.status(NAME)
    if status is None or status.observed_generation != generation:
        return False
    worker = life.fleet.get(NAME)
    is_noted = worker is not None and worker.case.memory.served_attempt == worker.case.wanted().attempt
    return status.phase is document.Phase.ASLEEP or (status.phase is document.Phase.READY and is_noted)


async def prepare(world: agent_twins.World, *, is_made: bool) -> None:
    """Live once without trouble: the application is known, and the installation stands if it is to."""
    async with agent_twins.live(world) as life:
        await life.shared.versions.apply(tiny.application())
        if is_made:
            await life.fleet.apply(DOCUMENTS["create"])
            await agent_twins.until(lambda: is_settled(life, 1))
    world.jobs.clear()


async def live_until_crash(world: agent_twins.World, fuse: agent_twins.Fuse, change: str) -> bool:
    """Make the change; tells whether the fuse blew on the way."""
    async with agent_twins.live(world, fuse=fuse) as life:
        acting = asyncio.ensure_future(act(life, change))
        await agent_twins.until_or_blown(lambda: acting.done() and has_come_about(life, change), fuse)
        acting.cancel()
        await asyncio.wait({acting})
        assert acting.cancelled() or not acting.exception() or fuse.blown.is_set()
    return fuse.blown.is_set()


async def act(life: agent_twins.Life, change: str) -> None:
    if change == "delete":
        await life.fleet.delete(NAME)
    else:
        await life.fleet.apply(DOCUMENTS[change])


def has_come_about(life: agent_twins.Life, change: str) -> bool:
    if change == "delete":
        return life.fleet.get(NAME) is None
    return is_settled(life, DOCUMENTS[change].installation.metadata.generation)


async def converge(world: agent_twins.World, change: str) -> None:
    """Live again; whoever handed the document over does so again, as it must when it got no answer."""
    async with agent_twins.live(world) as life:
        await act(life, change)
        await agent_twins.until(lambda: has_come_about(life, change))


def check(world: agent_twins.World, change: str) -> None:
    running = {name for name, pid in world.pids.items() if pid is not None}
    if change == "delete":
        assert not world.pids
        assert not world.routes
        assert not (world.folder / "workspaces" / NAME).exists()
        assert not list((world.folder / "installations").iterdir())
        return
    assert set(world.pids) == PROGRAMS
    assert running == (set() if change == "asleep" else PROGRAMS)
    assert set(world.routes) == (set() if change == "asleep" else {NAME})
    versions = {spec.environment["VERSION"] for name, spec in world.specs.items() if name.endswith(".web")}
    assert versions == {DOCUMENTS[change].installation.spec.version}


JOBS = {
    "create": {"initialise", "administrator", "check"},
    "settings": {"check"},
    "update": {"migrate", "check"},
    "asleep": set[str](),
    "delete": set[str](),
}


@pytest.mark.parametrize("change", [*DOCUMENTS, "delete"])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_converges_wherever_the_agent_was_killed(change: str, moment: str, tmp_path: Path) -> None:
    for call in itertools.count(1):
        world = agent_twins.World(tmp_path / str(call))
        await prepare(world, is_made=change != "create")
        fuse = agent_twins.Fuse(before=call) if moment == "before" else agent_twins.Fuse(after=call)
        has_crashed = await live_until_crash(world, fuse, change)
        await converge(world, change)
        check(world, change)
        assert set(world.jobs) == JOBS[change]
        # A job whose end was not noted is run again, as the manifest says it must bear; no other is.
        assert sum(world.jobs.values()) <= len(JOBS[change]) + has_crashed
        if not has_crashed:
            assert call > (1 if change == "asleep" else 2)
            return


SLOT = "standby-1"
MOVED = {f"ins.{SLOT}.web", f"ins.{SLOT}.clock"}


async def move_in_until_crash(world: agent_twins.World, fuse: agent_twins.Fuse) -> bool:
    """Create the installation where a standby waits; tells whether the fuse blew on the way."""
    async with agent_twins.live(world, fuse=fuse) as life:
        kind = pool.Kind(application="tiny", version="1.0", digest=life.shared.versions.digest("tiny"))
        ports = life.shared.allocator.ports(SLOT, ["http"])
        life.shared.pool.add(pool.Standby(kind=kind, slot=SLOT, ports=ports, uid=None, workloads=("web",)))
        world.let_wait(f"ins.{SLOT}.web")
        acting = asyncio.ensure_future(act(life, "create"))
        await agent_twins.until_or_blown(lambda: acting.done() and is_settled(life, 1), fuse)
        acting.cancel()
        await asyncio.wait({acting})
    return fuse.blown.is_set()


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_converges_wherever_the_agent_was_killed_while_somebody_moved_in(moment: str, tmp_path: Path) -> None:
    for call in itertools.count(1):
        world = agent_twins.World(tmp_path / str(call))
        await prepare(world, is_made=False)
        fuse = agent_twins.Fuse(before=call) if moment == "before" else agent_twins.Fuse(after=call)
        has_crashed = await move_in_until_crash(world, fuse)
        await converge(world, "create")
        assert {name for name, pid in world.pids.items() if pid} == set(world.pids)
        assert set(world.pids) in (PROGRAMS, MOVED)
        assert not [name for name in world.pids if world.is_waiting(name)]
        assert set(world.routes) == {NAME}
        if not has_crashed:
            assert set(world.pids) == MOVED
            assert call > 2
            return


async def test_a_further_life_changes_nothing(tmp_path: Path) -> None:
    world = agent_twins.World(tmp_path)
    await prepare(world, is_made=True)
    before = (dict(world.pids), dict(world.starts), dict(world.routes))
    async with agent_twins.live(world) as life:
        await agent_twins.until(lambda: is_settled(life, 1))
        assert life.status(NAME) is not None
    assert (dict(world.pids), dict(world.starts), dict(world.routes)) == before
    assert not world.jobs


async def test_strays_of_an_unknown_installation_are_removed(tmp_path: Path) -> None:
    world = agent_twins.World(tmp_path)
    await prepare(world, is_made=True)
    world.pids["ins.ins-gone.web"] = 7
    world.pids["caddy"] = 8
    world.routes["ins-gone"] = world.routes[NAME]
    async with agent_twins.live(world):
        await agent_twins.until(lambda: set(world.routes) == {NAME})
    assert set(world.pids) == PROGRAMS | {"caddy"}


async def test_a_missing_route_and_a_missing_program_are_put_again(tmp_path: Path) -> None:
    world = agent_twins.World(tmp_path)
    await prepare(world, is_made=True)
    world.routes.clear()
    world.remove(f"ins.{NAME}.web")
    async with agent_twins.live(world) as life:
        await agent_twins.until(
            lambda: set(world.routes) == {NAME} and world.pids.get(f"ins.{NAME}.web") and is_settled(life, 1)
        )
    assert set(world.jobs) <= {"check"}
