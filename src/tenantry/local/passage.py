"""Tells whether other users can reach a file: as root, workloads and the database run as users of their own."""

import stat
from pathlib import Path


def closed_at(path: Path) -> Path | None:
    """Return the first folder above the path, or the path itself, that other users may not pass or read."""
    if closed := closed_above(path):
        return closed
    needed = stat.S_IROTH | stat.S_IXOTH
    return None if path.stat().st_mode & needed == needed else path


def closed_above(path: Path) -> Path | None:
    """Return the first folder above the path that is there and that other users may not pass."""
    for folder in reversed(path.parents):
        if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None
