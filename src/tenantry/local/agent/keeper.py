"""Keeps one standby ready for each application that can have one, while nothing else is to be done.

A standby costs memory and, once, the time of the imports; so it is made when no installation starts or changes, for the
version that new installations get. What a standby cannot do (its modules do not load) is tried once and logged.
"""

import asyncio
import shutil
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

import structlog

from tenantry.application import manifest, upgrades, values
from tenantry.kernel import errors
from tenantry.local import assignment, standby
from tenantry.local.agent import deployment, logs, pool, services

log = structlog.get_logger()

PREFIX = "standby-"
"""Slots of standbys, and of installations that moved into one."""

_INTERVAL = timedelta(seconds=1)
_LOOK = timedelta(milliseconds=50)
_PATIENCE = timedelta(seconds=60)


class NotLoadedError(errors.TemporaryError):
    """A standby did not load its modules."""

    code = "standby-not-loaded"


class Keeper:
    """Makes standbys and removes those that nobody can use."""

    def __init__(self, shared: services.Services, *, is_wanted: bool = True) -> None:
        """Take the shared parts, and whether standbys are wanted on this machine."""
        self._shared = shared
        self._is_wanted = is_wanted
        self._given_up: set[pool.Kind] = set()

    async def run(self) -> None:
        """Keep standbys for ever; what an earlier life of the agent left goes first."""
        await asyncio.to_thread(self._clear)
        while True:
            try:
                await self.tend()
            except errors.TenantryError as error:
                log.warning("standbys not tended", code=error.code)
            await asyncio.sleep(_INTERVAL.total_seconds())

    async def tend(self) -> None:
        """Remove what nobody can use, and make what is missing if there is nothing else to do."""
        wanted = self._wanted()
        waiting = list(self._shared.pool.waiting())
        for each in waiting:
            if each.kind not in wanted:
                await self._remove(each.slot, each.workloads)
        present = {each.kind for each in waiting}
        missing = next((kind for kind in wanted if kind not in present | self._given_up), None)
        if missing is not None and self._shared.turns.is_idle:
            await self._make(missing, wanted[missing])

    def _wanted(self) -> Mapping[pool.Kind, manifest.Application]:
        versions = self._shared.versions
        wanted: dict[pool.Kind, manifest.Application] = {}
        for application in versions.applications() if self._is_wanted else ():
            name, version = application.metadata.name, upgrades.default_version(application.spec)
            if _workloads(application) and versions.package(name, version).path is not None:
                wanted[pool.Kind(application=name, version=version, digest=versions.digest(name))] = application
        return wanted

    async def _make(self, kind: pool.Kind, application: manifest.Application) -> None:
        slot = self._free_slot()
        names = tuple(each.name for each in _workloads(application))
        self._shared.pool.reserve(slot)
        try:
            # Somebody may move in from here on: what is half loaded is ready sooner than what has not begun.
            self._shared.pool.add(await self._started(kind, application, slot))
            await self._until_loaded(slot, names)
        except errors.TenantryError as error:
            await self._give_up(kind, slot, names, error)
            return
        log.info("standby waits", application=kind.application, version=kind.version, slot=slot)

    async def _give_up(self, kind: pool.Kind, slot: str, names: tuple[str, ...], error: errors.TenantryError) -> None:
        lines = await asyncio.to_thread(logs.tail, self._shared.workspace(slot).logs, 3)
        last = [line.text for line in lines]
        log.warning("standby not made", application=kind.application, code=error.code, last_lines=last)
        self._given_up.add(kind)
        if slot in self._shared.pool.slots:
            await self._remove(slot, names)

    async def _started(self, kind: pool.Kind, application: manifest.Application, slot: str) -> pool.Standby:
        shared = self._shared
        package = shared.versions.package(kind.application, kind.version).path
        if package is None:
            raise NotLoadedError("Its package has gone meanwhile.")
        place = deployment.Place(
            slot=slot,
            package=package,
            workspace=shared.workspace(slot),
            ports=shared.allocator.ports(slot, values.port_names(application.spec)),
            uid=shared.allocator.uid(slot),
        )
        await asyncio.to_thread(_furnish, place)
        for spec in deployment.standbys(application.spec, place=place, machine=shared.machine):
            await shared.programs.put(spec)
            await shared.programs.start(spec.name)
        names = tuple(each.name for each in _workloads(application))
        return pool.Standby(kind=kind, slot=slot, ports=dict(place.ports), uid=place.uid, workloads=names)

    async def _until_loaded(self, slot: str, names: Iterable[str]) -> None:
        programs = [deployment.program_name(slot, name) for name in names]
        sockets = [self._shared.workspace(slot).home / assignment.socket_name(program) for program in programs]
        first = await self._pids(programs)
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                while slot in self._shared.pool.slots and not all(map(assignment.is_waiting, sockets)):
                    await asyncio.sleep(_LOOK.total_seconds())
                    if await self._pids(programs) != first:
                        raise NotLoadedError("Its process ended.")
        except TimeoutError as error:
            raise NotLoadedError("It took too long.") from error

    async def _pids(self, programs: Iterable[str]) -> dict[str, int | None]:
        found = await self._shared.programs.programs()
        return {name: found[name].pid if name in found else None for name in programs}

    async def _remove(self, slot: str, names: Iterable[str]) -> None:
        shared = self._shared
        shared.pool.withdraw(slot)
        for name in names:
            await shared.programs.remove(deployment.program_name(slot, name))
        await shared.limits.remove(deployment.group_name(shared.machine, slot))
        await asyncio.to_thread(shutil.rmtree, shared.workspace(slot).folder, ignore_errors=True)
        shared.allocator.release(slot)
        shared.pool.release(slot)

    def _clear(self) -> None:
        for folder in (self._shared.folder / "workspaces").glob(f"{PREFIX}*"):
            if not self._shared.allocator.knows(folder.name):
                shutil.rmtree(folder, ignore_errors=True)

    def _free_slot(self) -> str:
        number = 1
        while (slot := f"{PREFIX}{number}") in self._shared.pool.slots or self._shared.workspace(slot).folder.exists():
            number += 1
        return slot


def _workloads(application: manifest.Application) -> list[manifest.Workload]:
    return [each for each in application.spec.workloads if each.standby is not None]


def _furnish(place: deployment.Place) -> None:
    place.workspace.make_folders(uid=place.uid, volumes=())
    program_file = deployment.standby_file(place)
    program_file.write_bytes(Path(standby.__file__).read_bytes())
    program_file.chmod(0o644)
