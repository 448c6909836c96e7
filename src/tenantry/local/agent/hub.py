"""Tells watchers what has changed, the newest only: a slow watcher misses steps, never the outcome."""

import asyncio
from collections.abc import AsyncGenerator, Mapping

from tenantry.runtime import contract, document

Told = contract.InstallationObserved | contract.Synced
"""One word of a watch; what is told here is always understood, since it comes from the same program."""


class Hub:
    """The installations as they were last reported, and those who watch them."""

    def __init__(self) -> None:
        self._present: dict[str, document.Installation] = {}
        self._watchers: set[_Watcher] = set()

    @property
    def present(self) -> Mapping[str, document.Installation]:
        """Every installation with its status."""
        return self._present

    def publish(self, installation: document.Installation) -> None:
        """Tell everybody how an installation is now."""
        name = installation.metadata.name
        if self._present.get(name) == installation:
            return
        self._present[name] = installation
        self._tell(contract.InstallationObserved(name=name, installation=installation))

    def publish_gone(self, name: str) -> None:
        """Tell everybody that an installation is gone."""
        if self._present.pop(name, None) is not None:
            self._tell(contract.InstallationObserved(name=name, installation=None))

    async def watch(self, *, heartbeat: float) -> AsyncGenerator[Told | None]:
        """Yield everything as it is now, the mark, then each change; None after so many seconds of silence."""
        watcher = _Watcher()
        for name, installation in self._present.items():
            watcher.tell(contract.InstallationObserved(name=name, installation=installation))
        watcher.mark()
        self._watchers.add(watcher)
        try:
            while True:
                yield await watcher.next(heartbeat)
        finally:
            self._watchers.discard(watcher)

    def _tell(self, observed: contract.InstallationObserved) -> None:
        for watcher in self._watchers:
            watcher.tell(observed)


_MARK = ""
"""The place of the mark among what waits; no installation has this name."""


class _Watcher:
    """What one watcher has not been told yet; its size is bounded by the number of installations.

    News of an installation in line take its place there, so that the mark never overtakes what was there before.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, Told] = {}
        self._news = asyncio.Event()

    def tell(self, observed: contract.InstallationObserved) -> None:
        self._waiting[observed.name] = observed
        self._news.set()

    def mark(self) -> None:
        self._waiting[_MARK] = contract.Synced()
        self._news.set()

    async def next(self, heartbeat: float) -> Told | None:
        if not self._waiting:
            self._news.clear()
            try:
                async with asyncio.timeout(heartbeat):
                    await self._news.wait()
            except TimeoutError:
                return None
        return self._waiting.pop(next(iter(self._waiting)))
