"""Files that are there whole or not at all, whatever is killed when."""

import os
import tempfile
from pathlib import Path

SECRET = 0o600
"""For the owner only."""


def write(path: Path, content: bytes, *, mode: int = SECRET) -> None:
    """Replace the file's content in one step; its folder must exist.

    Written beside it, forced to disk, then renamed: a reader sees the old content or the new.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
