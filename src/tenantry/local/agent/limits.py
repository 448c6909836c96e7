"""Control groups of installations as the agent's port."""

import asyncio
from datetime import timedelta
from pathlib import Path

from tenantry.local import control_groups

_PATIENCE = timedelta(seconds=5)
_INTERVAL = 0.02


class MachineLimits:
    """Removes control groups; the launcher makes them."""

    def __init__(self, hierarchies: control_groups.Hierarchies) -> None:
        """Take where groups are made on this machine."""
        self._folders: set[Path] = set(hierarchies.folders.values())

    async def remove(self, group: str) -> None:
        # A group cannot be removed before the kernel has taken its last process away.
        groups = [folder / group for folder in self._folders]
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                while not await asyncio.to_thread(control_groups.remove, groups):  # noqa: ASYNC110 - no event
                    await asyncio.sleep(_INTERVAL)
        except TimeoutError:
            return
