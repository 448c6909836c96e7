"""Looks at all processes of the machine at once, so that an idle fleet costs one question a second."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from tenantry.kernel import errors
from tenantry.local import supervision
from tenantry.local.agent import deployment, ports

log = structlog.get_logger()

INTERVAL = timedelta(seconds=1)
Infos = Mapping[str, supervision.ProgramInfo]


class Observer:
    """The programs of all installations as they were last seen."""

    def __init__(self, programs: ports.Programs, seen: Callable[[], None]) -> None:
        """Take whom to ask and whom to tell after each look."""
        self._programs = programs
        self._seen = seen
        self._looking = asyncio.Lock()
        self._by_slot: dict[str, dict[str, supervision.ProgramInfo]] = {}

    @property
    def slots(self) -> Mapping[str, Infos]:
        """Slot → workload → what was seen."""
        return self._by_slot

    def infos(self, slot: str) -> Infos:
        """Return the workloads of one installation as they were last seen."""
        return self._by_slot.get(slot, {})

    async def look(self) -> None:
        """Ask now. What is seen is never older than the call, and never replaced by something older."""
        async with self._looking:
            found = await self._programs.programs()
            self._by_slot = _by_slot(found)
            self._seen()

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(INTERVAL.total_seconds())
            try:
                await self.look()
            except errors.TenantryError as error:
                log.warning("supervisor not seen", code=error.code)


def _by_slot(found: Infos) -> dict[str, dict[str, supervision.ProgramInfo]]:
    sorted_out: dict[str, dict[str, supervision.ProgramInfo]] = {}
    for name, info in found.items():
        if (owner := deployment.owner(name)) is not None:
            sorted_out.setdefault(owner[0], {})[owner[1]] = info
    return sorted_out
