"""The agent's ports in memory, with a fuse: at a chosen call nobody answers any more, as if the agent had died."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tenantry.application import manifest, rendering
from tenantry.kernel import clock
from tenantry.local import control_groups, program, supervision
from tenantry.local.agent import (
    allocation,
    deployment,
    fleet,
    hub,
    measures,
    model,
    observer,
    pool,
    ports,
    record,
    routes,
    services,
    storage,
    turns,
    versions,
)
from tenantry.runtime import document


class AgentDied(BaseException):
    """The life is over."""


class Fuse:
    """Counts calls; at the given one, and ever after, nobody gets an answer."""

    def __init__(self, *, before: int | None = None, after: int | None = None) -> None:
        self._before = before
        self._after = after
        self._calls = itertools.count(1)
        self.blown = asyncio.Event()

    async def guard(self, work: Callable[[], None]) -> None:
        call = self.next()
        if self.ends_before(call):
            self.blown.set()
            await asyncio.Event().wait()
        work()
        if self.ends_after(call):
            self.blown.set()
            await asyncio.Event().wait()

    def next(self) -> int:
        """Return the number of this call."""
        return next(self._calls)

    def ends_before(self, call: int) -> bool:
        """Tell whether the agent is dead before the call has any effect."""
        return call == self._before or self.blown.is_set()

    def ends_after(self, call: int) -> bool:
        """Tell whether the agent died when the call had its effect."""
        return call == self._after


@dataclass
class World:
    """What exists outside the agent, and outlives it."""

    folder: Path
    time: clock.Clock = field(default_factory=clock.SystemClock)
    specs: dict[str, program.ProgramSpec] = field(default_factory=dict[str, program.ProgramSpec])
    standbys: dict[str, int | None] = field(default_factory=dict[str, "int | None"])
    pids: dict[str, int | None] = field(default_factory=dict[str, "int | None"])
    stopped: set[str] = field(default_factory=set[str])
    routes: dict[str, model.Route] = field(default_factory=dict[str, model.Route])
    jobs: Counter[str] = field(default_factory=Counter[str])
    starts: Counter[str] = field(default_factory=Counter[str])
    job_status: dict[str, int | None] = field(default_factory=dict[str, "int | None"])
    unready: set[int] = field(default_factory=set[int])
    taken_ports: set[int] = field(default_factory=set[int])
    hanging_jobs: set[str] = field(default_factory=set[str])
    unprepared: set[str] = field(default_factory=set[str])
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(100))

    def start(self, name: str) -> None:
        if self.pids.get(name) is None:
            self.pids[name] = next(self.numbers)
            self.starts[name] += 1
        self.stopped.discard(name)

    def end(self, name: str) -> None:
        self.pids[name] = None
        self.stopped.add(name)

    def crash(self, name: str) -> None:
        """The process ends by itself, and the supervisor starts another."""
        self.pids[name] = next(self.numbers)

    def put(self, spec: program.ProgramSpec) -> None:
        if self.specs.get(spec.name) != spec:
            self.specs[spec.name] = spec
            self.end(spec.name)

    def let_wait(self, name: str) -> None:
        """A standby's process waits under this name."""
        self.start(name)
        self.standbys[name] = self.pids[name]

    def is_waiting(self, name: str) -> bool:
        return name in self.standbys and self.standbys[name] == self.pids.get(name)

    def become(self, spec: program.ProgramSpec) -> None:
        del self.standbys[spec.name]
        self.specs[spec.name] = spec

    def remove(self, name: str) -> None:
        self.specs.pop(name, None)
        self.pids.pop(name, None)
        self.stopped.discard(name)


class Programs:
    def __init__(self, world: World, fuse: Fuse) -> None:
        self._world, self._fuse = world, fuse

    async def put(self, spec: program.ProgramSpec) -> bool:
        is_new = self._world.specs.get(spec.name) != spec
        await self._fuse.guard(lambda: self._world.put(spec))
        return is_new

    async def become(self, spec: program.ProgramSpec) -> bool:
        if not self._world.is_waiting(spec.name):
            return False
        await self._fuse.guard(lambda: self._world.become(spec))
        return True

    async def remove(self, name: str) -> None:
        await self._fuse.guard(lambda: self._world.remove(name))

    async def start(self, name: str) -> None:
        await self._fuse.guard(lambda: self._world.start(name))

    async def stop(self, name: str) -> None:
        await self._fuse.guard(lambda: self._world.end(name))

    async def restart(self, name: str) -> None:
        await self.stop(name)
        await self.start(name)

    async def programs(self) -> Mapping[str, supervision.ProgramInfo]:
        states = supervision.ProgramState
        return {
            name: supervision.ProgramInfo(
                name=name,
                state=states.RUNNING if pid else states.STOPPED if name in self._world.stopped else states.EXITED,
                pid=pid,
            )
            for name, pid in self._world.pids.items()
        }


class FrontDoor:
    def __init__(self, world: World, fuse: Fuse) -> None:
        self._world, self._fuse = world, fuse

    async def put_route(self, name: str, route: model.Route) -> None:
        await self._fuse.guard(lambda: self._world.routes.update({name: route}))

    async def delete_route(self, name: str) -> None:
        await self._fuse.guard(lambda: self._world.routes.pop(name, None) and None)

    async def list_routes(self) -> Mapping[str, model.Route]:
        return dict(self._world.routes)


class Packages:
    def __init__(self, world: World) -> None:
        self._world = world

    def find(self, package: manifest.Package) -> Path | None:
        python = package.pip.python if package.pip else ""
        return None if python in self._world.unprepared else Path("/packages/tiny")

    async def prepare(self, package: manifest.Package, report: ports.Report) -> Path:
        report("preparing")
        while (found := self.find(package)) is None:  # noqa: ASYNC110 - the test decides when
            await asyncio.sleep(0.005)
        return found


class Jobs:
    def __init__(self, world: World, fuse: Fuse) -> None:
        self._world, self._fuse = world, fuse

    async def run(self, job: program.ProgramSpec, timeout: float) -> ports.JobResult:  # noqa: ASYNC109 - part of the job
        assert timeout > 0
        word = job.command[-1]
        await self._fuse.guard(lambda: self._world.jobs.update([word]))
        if word in self._world.hanging_jobs:
            await asyncio.Event().wait()
        return ports.JobResult(exit_status=self._world.job_status.get(word, 0))


class Prober:
    def __init__(self, world: World) -> None:
        self._world = world

    async def ask(self, probe: rendering.Probe) -> bool:
        return probe.port not in self._world.unready


class Listeners:
    def owners(self, port: int) -> set[int]:
        assert port
        return set()


class Limits:
    async def remove(self, group: str) -> None:
        assert group.startswith("tenantry-")


class Storage(storage.Storage):
    """The real one; when the fuse blows at a save, the agent is dead before the save or right after it."""

    def __init__(self, folder: Path, fuse: Fuse, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(folder)
        self._fuse, self._loop = fuse, loop

    def save_memory(self, name: str, memory: record.Record) -> None:
        call = self._fuse.next()
        if self._fuse.ends_before(call):
            self._die()
        super().save_memory(name, memory)
        if self._fuse.ends_after(call):
            self._die()

    def _die(self) -> None:
        # A thread cannot be left hanging as a coroutine can; the error ends the life.
        self._loop.call_soon_threadsafe(self._fuse.blown.set)
        raise AgentDied


@dataclass(frozen=True)
class Life:
    """One life of the agent."""

    fleet: fleet.Fleet
    shared: services.Services

    def status(self, name: str) -> document.InstallationStatus | None:
        found = self.shared.hub.present.get(name)
        return found.status if found else None


@asynccontextmanager
async def live(world: World, *, fuse: Fuse | None = None, places: int = 2) -> AsyncGenerator[Life]:
    """A life of the agent, ended without goodbye."""
    fuse = fuse or Fuse()
    cared = fleet.Fleet()
    shared = _wire(world, fuse, cared, places)
    group_ended = asyncio.Event()
    started = asyncio.Event()

    async def body() -> None:
        async with asyncio.TaskGroup() as group:
            await shared.versions.load()
            group.create_task(shared.versions.run())
            await shared.observer.look()
            await shared.routes.look()
            await cared.start(shared, group)
            started.set()
            await group_ended.wait()

    living = asyncio.ensure_future(body())
    waiting = asyncio.ensure_future(started.wait())
    blown = asyncio.ensure_future(fuse.blown.wait())
    await asyncio.wait({living, waiting, blown}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield Life(cared, shared)
    finally:
        for task in (living, waiting, blown):
            task.cancel()
        await asyncio.wait({living})
        if not living.cancelled() and (error := living.exception()) is not None and not fuse.blown.is_set():
            raise error


def _wire(world: World, fuse: Fuse, cared: fleet.Fleet, places: int) -> services.Services:
    programs = Programs(world, fuse)
    store = Storage(world.folder, fuse, asyncio.get_running_loop())
    present, standbys = hub.Hub(), pool.Pool()
    return services.Services(
        clock=world.time,
        store=store,
        programs=programs,
        jobs=Jobs(world, fuse),
        prober=Prober(world),
        limits=Limits(),
        listeners=Listeners(),
        routes=routes.Routes(FrontDoor(world, fuse)),
        versions=versions.Versions(store, Packages(world), cared.application_changed),
        observer=observer.Observer(programs, cared.seen),
        allocator=allocation.Allocator(None, is_free=lambda port: port not in world.taken_ports),
        turns=turns.Turns(places),
        pool=standbys,
        hub=present,
        measures=measures.Measures(present, standbys),
        machine=deployment.Machine(stack="stk", hierarchies=control_groups.Hierarchies(folders={})),
        folder=world.folder,
    )


async def until(condition: Callable[[], object], *, seconds: float = 5.0) -> None:
    """Wait until the condition holds; what is waited for happens in this very process."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - any change of state may be the one
            await asyncio.sleep(0.002)


async def until_or_blown(condition: Callable[[], object], fuse: Fuse) -> None:
    await until(lambda: fuse.blown.is_set() or condition())


Act = Callable[[Life], Awaitable[object]]
