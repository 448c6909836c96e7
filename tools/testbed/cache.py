"""Where built parts are kept: one folder for each part, version and recipe, whole or not there.

It lies outside the tree, so that every checkout shares it. A part is made in a folder beside its place and renamed into
it; whoever makes it holds a lock, so that two who want the same part make it once.
"""

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

from testbed import parts

STAMP = "stamp.json"
"""Written into each folder: versions, toolchain, and what making it cost."""


def default_folder() -> Path:
    """Return the folder of this user's cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "tenantry" / "testbed"


class Cache:
    """Finds parts that are there and takes in those that are made."""

    def __init__(self, folder: Path) -> None:
        """Keep parts in a folder, which need not exist."""
        self._folder = folder

    def find(self, part: parts.Part) -> Path | None:
        """Return the folder of a part where it is there."""
        folder = self.place(part)
        return folder if (folder / STAMP).exists() else None

    def place(self, part: parts.Part) -> Path:
        """Return the folder where a part is, once it is there."""
        return self._folder / parts.key(part)

    def stamp(self, part: parts.Part) -> Mapping[str, str | float]:
        """Return what was written down when the part was made.

        Raises:
            FileNotFoundError: it is not there.
        """
        return json.loads((self.place(part) / STAMP).read_text())

    def take(
        self, part: parts.Part, make: Callable[[Path], Mapping[str, str | float]], wait: Callable[[], None]
    ) -> Path:
        """Return the folder of a part, making it first where it is missing.

        Args:
            part: which one.
            make: fills the folder that it is given and returns the stamp.
            wait: told when another process is making the part and we wait for it.
        """
        if found := self.find(part):
            return found
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked(part, wait):
            return self.find(part) or self._made(part, make)

    def _made(self, part: parts.Part, make: Callable[[Path], Mapping[str, str | float]]) -> Path:
        place = self.place(part)
        prefix = f".{place.name}-"
        for left in self._folder.glob(f"{prefix}*"):  # by somebody who was killed: we hold the lock
            shutil.rmtree(left)
        making = Path(tempfile.mkdtemp(prefix=prefix, dir=self._folder))
        try:
            stamp = make(making)
            (making / STAMP).write_text(json.dumps(stamp, indent=2) + "\n")
            making.chmod(0o755)
            making.rename(place)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return place

    @contextlib.contextmanager
    def _locked(self, part: parts.Part, wait: Callable[[], None]) -> Generator[None]:
        descriptor = os.open(self._folder / f"{part.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                wait()
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
