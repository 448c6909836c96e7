"""Control groups: which limits this machine lets us enforce, and what a program's groups are to contain.

Found out by trying, not by asking for versions: a folder is made and its files are looked at. Hierarchies of version 1
and the one of version 2 are both understood. Groups lie below our own group where the hierarchy shows it, so that a
limit that was put on all of us still holds. Where memory cannot be limited, the launcher falls back to `RLIMIT_DATA`.
"""

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tenantry.local import launch

ROOT = Path("/sys/fs/cgroup")
"""Where Linux shows its control groups."""

DEFAULT_WEIGHT = 100
"""Share of the processor that everybody has who asks for nothing (version 2's scale, 1 to 10,000)."""

_SHARES_OF_DEFAULT_WEIGHT = 1024
_CONTROLLERS = {"memory": "memory.limit_in_bytes", "cpu": "cpu.shares", "pids": "pids.max"}
_CONTROLLERS_V2 = {"memory": "memory.max", "cpu": "cpu.weight", "pids": "pids.max"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a program may use; None: as much as there is."""

    memory_bytes: int | None = None
    cpu_weight: int | None = None
    open_files: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchies:
    """Where groups can be made on this machine.

    Attributes:
        folders: controller (`memory`, `cpu`, `pids`) → the folder below which our groups are made.
        is_unified: the folders belong to version 2.
    """

    folders: dict[str, Path]
    is_unified: bool = False

    def enforced(self) -> list[str]:
        """Name the limits that hold here, as `ClusterFacts.limits` does."""
        names = ["memory"] if "memory" in self.folders else []
        names += ["cpu"] if "cpu" in self.folders else []
        names += ["openFiles"]
        return [*names, "user"] if os.geteuid() == 0 else names

    def groups(self, name: str, limits: Limits) -> list[launch.ControlGroup]:
        """Return the groups that a program of this name joins, each folder once.

        Args:
            name: the path of the group below ours: `STACK/INSTALLATION`.
            limits: what it may use.
        """
        settings: dict[str, dict[str, str]] = {}
        for controller, values in _settings(limits, is_unified=self.is_unified).items():
            if values and (folder := self.folders.get(controller)):
                settings.setdefault(str(folder / name), {}).update(values)
        return [launch.ControlGroup(folder=folder, settings=values) for folder, values in settings.items()]

    def data_bytes(self, limits: Limits) -> int | None:
        """Return the fallback for memory: None where a control group limits it."""
        return None if "memory" in self.folders else limits.memory_bytes


def detect(root: Path = ROOT, own: Path = Path("/proc/self/cgroup")) -> Hierarchies:
    """Find out by trial where control groups can be made."""
    paths = _own_paths(own)
    folders = {
        controller: folder
        for controller, file in _CONTROLLERS.items()
        if (folder := _usable(root / controller, paths.get(controller, ""), file))
    }
    if folders:
        return Hierarchies(folders=folders)
    unified = {name: root for name, file in _CONTROLLERS_V2.items() if _usable(root, "", file)}
    return Hierarchies(folders=unified, is_unified=bool(unified))


def named(name: str, root: Path = ROOT) -> list[Path]:
    """Return the groups of this name in every hierarchy, wherever our own group was when they were made."""
    roots = [folder for controller in _CONTROLLERS if (folder := root / controller).is_dir()] or [root]
    return [Path(path) / name for top in roots for path, folders, _ in os.walk(top) if name in folders]


def processes(groups: Iterable[Path]) -> set[int]:
    """Return the pids in these groups and those below them."""
    found: set[int] = set()
    for folder in groups:
        for file in (folder, *_below(folder)):
            with contextlib.suppress(OSError):
                found.update(int(pid) for pid in (file / "cgroup.procs").read_text().split())
    return found


def remove(groups: Iterable[Path]) -> bool:
    """End what still runs in these groups and remove them; tells whether all are gone. May be called again."""
    folders = list(groups)
    for pid in processes(folders):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for folder in folders:
        for group in (*_below(folder), folder):
            with contextlib.suppress(OSError):
                group.rmdir()
    return not any(folder.exists() for folder in folders)


def _settings(limits: Limits, *, is_unified: bool) -> dict[str, dict[str, str]]:
    files = _CONTROLLERS_V2 if is_unified else _CONTROLLERS
    weight = limits.cpu_weight
    if weight is not None and not is_unified:
        weight = max(2, weight * _SHARES_OF_DEFAULT_WEIGHT // DEFAULT_WEIGHT)
    wanted = {"memory": limits.memory_bytes, "cpu": weight, "pids": limits.processes}
    return {
        controller: {files[controller]: str(value)} if value is not None else {} for controller, value in wanted.items()
    }


def _own_paths(own: Path) -> dict[str, str]:
    paths: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            paths.update(dict.fromkeys(controllers.split(","), path.strip("/")))
    return paths


def _usable(hierarchy: Path, own: str, file: str) -> Path | None:
    base = hierarchy / own if (hierarchy / own).is_dir() else hierarchy
    trial = base / f"tenantry-trial-{os.getpid()}"
    try:
        trial.mkdir()
    except OSError:
        return None
    try:
        return base if os.access(trial / file, os.W_OK) else None
    finally:
        with contextlib.suppress(OSError):
            trial.rmdir()


def _below(folder: Path) -> Iterator[Path]:
    """Yield the groups below, the deepest first, as they must be removed."""
    for path, _, _ in os.walk(folder, topdown=False):
        if Path(path) != folder:
            yield Path(path)
