"""Wires the agent together and serves it on its unix socket until it is asked to end."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncGenerator
from pathlib import Path
from types import FrameType

import structlog
import uvicorn

import tenantry
from tenantry.kernel import clock, randomness
from tenantry.local import control_groups, frontdoor, supervision
from tenantry.local.agent import (
    allocation,
    api,
    deployment,
    fleet,
    front_door,
    health,
    housekeeping,
    hub,
    jobs,
    keeper,
    limits,
    listeners,
    log_times,
    measures,
    observer,
    pool,
    ports,
    probing,
    routes,
    services,
    settings,
    storage,
    turns,
    versions,
)
from tenantry.local.packages import cache
from tenantry.runtime import document

log = structlog.get_logger()


class Server(uvicorn.Server):
    """A server that does not wait for watches when it is asked to end: their callers come back."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.force_exit = True


async def serve(chosen: settings.Settings) -> None:
    """Run the agent until it is asked to end."""
    listener = _listen(chosen.socket)
    async with running(chosen) as parts:
        config = uvicorn.Config(api.build(parts), log_level="warning", access_log=False, lifespan="off")
        await Server(config).serve(sockets=[listener])


@contextlib.asynccontextmanager
async def running(chosen: settings.Settings) -> AsyncGenerator[api.Parts]:
    """Bring the agent up without its interface: look at what runs, take it up, and care for it."""
    chosen.data.mkdir(mode=0o711, parents=True, exist_ok=True)
    workspaces = chosen.data / "workspaces"
    workspaces.mkdir(exist_ok=True)
    workspaces.chmod(0o711)  # whatever our umask says: workloads' users pass through it
    prober = probing.HttpProber()
    cared = fleet.Fleet()
    shared = _wire(chosen, cared, prober)
    try:
        async with _until_the_end() as group:
            await shared.versions.load()
            await shared.observer.look()
            await shared.routes.look()
            await cared.start(shared, group)
            checks = health.Health(prober, shared.clock, cared.workers)
            kept = keeper.Keeper(shared, is_wanted=chosen.has_standbys)
            for loop in (shared.versions.run(), shared.observer.run(), cared.mend(), checks.run(), kept.run()):
                group.create_task(loop)
            tidy = housekeeping.Housekeeping(shared.versions, cache.for_machine(chosen.cache), shared.clock)
            for loop in (tidy.run(), log_times.Watch(workspaces).run()):
                group.create_task(loop)
            yield api.Parts(
                fleet=cared,
                hub=shared.hub,
                versions=shared.versions,
                measures=shared.measures,
                facts=_facts(chosen, shared.machine.hierarchies),
            )
    finally:
        await prober.close()


def _wire(chosen: settings.Settings, cared: fleet.Fleet, prober: ports.Prober) -> services.Services:
    programs = supervision.Supervisord(chosen.supervisor_socket, chosen.supervisor_include)
    hierarchies = control_groups.detect()
    store = storage.Storage(chosen.data)
    present, standbys = hub.Hub(), pool.Pool()
    return services.Services(
        clock=clock.SystemClock(),
        store=store,
        programs=programs,
        jobs=jobs.LaunchedJobs(chosen.data / "jobs", stack=chosen.stack),
        prober=prober,
        listeners=listeners.KernelListeners(),
        limits=limits.MachineLimits(hierarchies),
        routes=routes.Routes(front_door.MachineFrontDoor(frontdoor.Frontdoor(chosen.frontdoor_socket))),
        versions=versions.Versions(store, cache.for_machine(chosen.cache), cared.application_changed),
        observer=observer.Observer(programs, cared.seen),
        allocator=allocation.Allocator(chosen.first_uid, first_port=_first_port()),
        turns=turns.Turns(chosen.starts_at_once),
        pool=standbys,
        hub=present,
        measures=measures.Measures(present, standbys),
        machine=deployment.Machine(stack=chosen.stack, hierarchies=hierarchies),
        folder=chosen.data,
    )


def _first_port() -> int:
    return allocation.PORTS.start + randomness.SystemRandomness().below(len(allocation.PORTS))


class _EndedError(Exception):
    """The block of a group is over."""


@contextlib.asynccontextmanager
async def _until_the_end() -> AsyncGenerator[asyncio.TaskGroup]:
    """A group whose tasks end with the block; a loop that fails ends the agent, and the supervisor starts it again."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
            raise _EndedError  # noqa: TRY301 - the way out of a task group
    except* _EndedError:
        pass


def _listen(path: Path) -> socket.socket:
    """Listen where nobody but our own user may knock."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(128)
    listener.setblocking(False)
    return listener


def _facts(chosen: settings.Settings, hierarchies: control_groups.Hierarchies) -> document.ClusterFacts:
    return document.ClusterFacts(
        kind="local",
        version=tenantry.__version__,
        cpu_millis=1000 * (os.cpu_count() or 1),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        address_template=chosen.address_template,
        limits=hierarchies.enforced(),
    )
