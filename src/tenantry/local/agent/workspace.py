"""The folders and files of one installation, with modes that let its own user in and nobody else.

The configuration is the agent's and may only be read; `volumes`, `home` and `tmp` belong to the installation's user;
logs are the agent's alone. Its methods block and may be called again at any point.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tenantry.application import rendering


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where everything of one installation is."""

    folder: Path

    @property
    def configuration(self) -> Path:
        """Files that its workloads may read."""
        return self.folder / "config"

    @property
    def home(self) -> Path:
        """Where its processes start."""
        return self.folder / "home"

    @property
    def temporary(self) -> Path:
        """Its own folder for temporary files."""
        return self.folder / "tmp"

    @property
    def logs(self) -> Path:
        """What its processes print."""
        return self.folder / "logs"

    def volume(self, name: str) -> Path:
        """Return the folder of a volume."""
        return self.folder / "volumes" / name

    def make_folders(self, *, uid: int | None, volumes: Iterable[str]) -> None:
        """Make the folders that are missing and set who may enter them."""
        for folder in (self.folder, self.folder / "volumes"):
            folder.mkdir(mode=0o711, parents=True, exist_ok=True)
            folder.chmod(0o711)
        self.logs.mkdir(mode=0o700, exist_ok=True)
        for folder in (self.home, self.temporary, *(self.volume(name) for name in volumes)):
            folder.mkdir(mode=0o700, exist_ok=True)
            if uid is not None:
                os.chown(folder, uid, uid, follow_symlinks=False)

    def write_files(self, files: Iterable[rendering.File], *, uid: int | None) -> None:
        """Replace the configuration by these files; what is not among them is removed."""
        self.configuration.mkdir(mode=0o750, exist_ok=True)
        _give_to_group(self.configuration, uid, mode=0o750)
        kept: set[Path] = set()
        for file in files:
            path = Path(file.path)
            self._make_parents(path, uid)
            _write(path, file.content, uid)
            kept.add(path)
        for path in sorted(self.configuration.rglob("*"), reverse=True):
            if path.is_file() and path not in kept:
                path.unlink()

    def remove(self, *, retained: Path | None) -> None:
        """Remove everything; volumes go to `retained` first, where that is given, and belong to us from then on."""
        volumes = self.folder / "volumes"
        if retained is not None and volumes.exists() and not retained.exists():
            retained.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            volumes.rename(retained)
            _take_over(retained)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _make_parents(self, path: Path, uid: int | None) -> None:
        for parent in reversed(path.relative_to(self.configuration).parents[:-1]):
            folder = self.configuration / parent
            folder.mkdir(mode=0o750, exist_ok=True)
            _give_to_group(folder, uid, mode=0o750)


def _write(path: Path, content: str, uid: int | None) -> None:
    # No fsync: after a crash of the machine every file is written again before anything starts.
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    _give_to_group(temporary, uid, mode=0o640)
    temporary.replace(path)


def _give_to_group(path: Path, uid: int | None, *, mode: int) -> None:
    if uid is not None:
        os.chown(path, os.geteuid(), uid)
    path.chmod(mode)


def _take_over(folder: Path) -> None:
    owner = os.geteuid()
    for _, folders, files, descriptor in os.fwalk(folder):
        for name in (*folders, *files):
            os.chown(name, owner, owner, dir_fd=descriptor, follow_symlinks=False)
    folder.chmod(0o700)
