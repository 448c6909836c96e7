"""All installations of this machine: takes documents in, gives each a worker, and mends what drifts.

Whatever ran or stood before the agent began is either somebody's, and is taken up, or nobody's, and is removed.
"""

import asyncio
from collections.abc import Iterable

import structlog

from tenantry.kernel import errors
from tenantry.local.agent import deployment, record, services, worker
from tenantry.runtime import document

log = structlog.get_logger()

DRIFT_INTERVAL = 5.0


class BeingDeletedError(errors.TemporaryError):
    """An installation of this name is being removed. Try again when it is gone."""

    code = "being-deleted"
    status = 409


class Fleet:
    """The installations and their workers."""

    def __init__(self) -> None:
        self._workers: dict[str, worker.Worker] = {}
        self._taking = asyncio.Lock()
        self._group: asyncio.TaskGroup | None = None
        self._services: services.Services | None = None

    def workers(self) -> Iterable[worker.Worker]:
        """Return everybody's worker."""
        return list(self._workers.values())

    def seen(self) -> None:
        """The supervisor was looked at."""
        for each in self.workers():
            each.seen()

    def application_changed(self, name: str) -> None:
        """An application, or the preparation of a version, has changed."""
        for each in self.workers():
            if each.case.bundle.installation.spec.application == name:
                each.poke()

    async def start(self, shared: services.Services, group: asyncio.TaskGroup) -> None:
        """Take up what an earlier life knew, and remove what is nobody's.

        Args:
            shared: the parts that all installations share.
            group: where workers live.
        """
        self._services, self._group = shared, group
        known = await asyncio.to_thread(shared.store.load_installations)
        for name, (_, memory) in known.items():
            shared.allocator.remember(memory.slot or name, memory.ports, memory.uid)
        for name, (bundle, memory) in known.items():
            # At once and as it was last: whoever asks before its worker has looked must not hear that it is gone.
            shared.hub.publish(self._employ(name, bundle, memory).case.reported())
        await self.sweep()

    async def apply(self, bundle: document.InstallationBundle) -> document.Installation:
        """Accept a document; an older generation is ignored.

        Raises:
            BeingDeletedError: the installation is being removed.
        """
        name = bundle.installation.metadata.name
        async with self._taking:
            present = self._workers.get(name)
            if present is not None and present.case.memory.is_deleting:
                raise BeingDeletedError
            if present is not None and _is_older(bundle, present.case.bundle):
                return present.case.reported()
            await asyncio.to_thread(self._shared.store.save_bundle, bundle)
            if present is None:
                present = self._employ(name, bundle, record.Record())
            else:
                present.submit(bundle)
            reported = present.case.reported()
            self._shared.hub.publish(reported)
            return reported

    async def delete(self, name: str) -> None:
        """Begin a removal; nothing happens where there is no such installation."""
        async with self._taking:
            present = self._workers.get(name)
            if present is not None and not present.case.memory.is_deleting:
                await present.delete()

    def get(self, name: str) -> worker.Worker | None:
        """Return the worker of an installation."""
        return self._workers.get(name)

    async def mend(self) -> None:
        """Look for drift again and again: routes that are not as they were, and programs that are nobody's."""
        while True:
            await asyncio.sleep(DRIFT_INTERVAL)
            try:
                await self.sweep()
            except errors.TenantryError as error:
                log.warning("drift not seen", code=error.code)

    async def sweep(self) -> None:
        """Look for drift once."""
        for name in await self._shared.routes.look():
            if (present := self._workers.get(name)) is not None:
                present.poke()
        for name in [name for name in self._shared.routes.known if name not in self._workers]:
            log.warning("stray route removed", installation=name)
            await self._shared.routes.delete(name)
        for slot, infos in dict(self._shared.observer.slots).items():
            if slot not in self._inhabited() | self._shared.pool.slots:
                await self._remove_strays(slot, infos)

    def _inhabited(self) -> set[str]:
        return {each.case.slot for each in self._workers.values()}

    async def _remove_strays(self, slot: str, workloads: Iterable[str]) -> None:
        log.warning("stray programs removed", slot=slot)
        for workload in list(workloads):
            await self._shared.programs.remove(deployment.program_name(slot, workload))
        await self._shared.limits.remove(deployment.group_name(self._shared.machine, slot))

    @property
    def _shared(self) -> services.Services:
        if self._services is None:
            raise errors.TemporaryError("The agent is starting.")
        return self._services

    def _employ(self, name: str, bundle: document.InstallationBundle, memory: record.Record) -> worker.Worker:
        if self._group is None:
            raise errors.TemporaryError("The agent is starting.")
        employed = worker.Worker(bundle, memory, shared=self._shared)
        self._workers[name] = employed
        self._group.create_task(self._care(name, employed), name=f"worker {name}")
        return employed

    async def _care(self, name: str, employed: worker.Worker) -> None:
        await employed.run()
        async with self._taking:
            del self._workers[name]
        self._shared.hub.publish_gone(name)
        log.info("installation gone", installation=name)


def _is_older(bundle: document.InstallationBundle, present: document.InstallationBundle) -> bool:
    return bundle.installation.metadata.generation < present.installation.metadata.generation
