"""Keeps the machine's cache of packages small while the agent lives: names what is used, has the rest removed."""

import asyncio
from datetime import timedelta
from pathlib import Path

import structlog

from tenantry.application import manifest
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.local.agent import model, versions
from tenantry.local.packages import cache

log = structlog.get_logger()

_EVERY = timedelta(hours=6)
"""Often enough that a use is told long before a package counts as unused."""


class Housekeeping:
    """The care for the cache."""

    def __init__(self, known: versions.Versions, packages: cache.PackageCache, clock: clocks.Clock) -> None:
        """Take the versions that may be started, where their packages are, and the time."""
        self._versions = known
        self._packages = packages
        self._clock = clock

    async def run(self) -> None:
        """Sweep now and then, for ever."""
        while True:
            await self.sweep()
            await asyncio.sleep(_EVERY.total_seconds())

    async def sweep(self) -> None:
        """Name what is used and remove what no stack uses; what is used and is gone is prepared again."""
        used: list[Path] = []
        for application in self._versions.applications():
            found = {
                each.version: await asyncio.to_thread(self._find, each.package) for each in application.spec.versions
            }
            used += filter(None, found.values())
            if any(path is None and self._is_prepared(application.metadata.name, each) for each, path in found.items()):
                log.warning("package gone", application=application.metadata.name)
                await self._versions.apply(application)
        try:
            removed = await self._packages.sweep(used, self._clock.now())
        except OSError:
            log.exception("packages not swept")
            return
        for package in removed:
            log.info("package removed", folder=package.folder.name, bytes=package.size_bytes)

    def _find(self, package: manifest.Package) -> Path | None:
        try:
            return self._packages.find(package)
        except errors.TenantryError:  # one that cannot be prepared here is nowhere
            return None

    def _is_prepared(self, application: str, version: str) -> bool:
        return self._versions.package(application, version).state is model.PackageState.PREPARED
