"""Namespaces and control groups of one node, so that what it mounts, routes and limits stays out of the machine's own.

The first process in the room holds everything: when it ends, which it does when we do, the kernel ends every process in
the room, and mounts, addresses and rules are gone with them. Control groups are removed afterwards; what a killed run
left of them is empty, and is removed by the next.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tenantry.kernel import errors
from testbed import process

ADDRESS = "10.77.0.2"
_PREFIX = 24
_HIERARCHIES = Path("/sys/fs/cgroup")
_SCRIPT = Path(__file__).with_name("room.sh")
_NAME = "tenantry-test-"
_OWN = (
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/cni",
    "/var/log/pods",
    "/var/log/containers",
    "/run/containerd",
    "/run/netns",
    "/etc/cni",
)
"""Folders of the system that programs of a node write to: each room has its own."""
_WITHIN = timedelta(seconds=20)
_LOOK_EVERY = 0.05
_JOIN = 'for each in $1; do echo $$ > "$each/cgroup.procs"; done; shift; exec "$@"'


class RoomBusyError(errors.TemporaryError):
    """A node's room could not be cleared."""

    code = "room-busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room that is open.

    Attributes:
        pid: its first process, as this machine counts.
        folder: the node's own files.
        groups: its control groups, one in each hierarchy.
    """

    pid: int
    folder: Path
    groups: Sequence[Path]

    @property
    def address(self) -> str:
        """The node's address, in the room."""
        return ADDRESS

    @property
    def entrance(self) -> Sequence[str]:
        """What a command begins with to run in the room; it starts the command as a child and waits for it."""
        groups = " ".join(map(str, self.groups))
        return ("/bin/sh", "-c", _JOIN, "enter", groups, "nsenter", f"--target={self.pid}", *_ALL_BUT_USER, "--")


_ALL_BUT_USER = ("--mount", "--net", "--uts", "--ipc", "--cgroup", "--pid")


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncGenerator[Room]:
    """Open a room until the block ends; every process in it has ended then.

    Args:
        folder: for the node's own files; made, so it must not be there.

    Raises:
        ProgramEndedError: the room could not be furnished; the message has the end of its log.
    """
    groups = _prepare(folder)
    furnished = folder / "furnished"

    async def is_furnished() -> bool:
        return furnished.exists()

    holder = process.Process("room", _command(folder, groups), log=folder / "room.log", ready=is_furnished)
    try:
        await holder.start(within=_WITHIN)
        yield Room(pid=_first(holder), folder=folder, groups=groups)
    finally:
        await holder.kill()
        await _until_removed(groups)


def end_pods(place: Room) -> None:
    """End all processes of pods by force: an API server that ends would wait for those that watch it."""
    for group in place.groups:
        for folder, _, _ in os.walk(group / "kubepods"):  # passes over what kubelet removes meanwhile
            for pid in _members(Path(folder)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def sweep() -> None:
    """Remove the control groups that killed runs left: those whose maker has ended, and with no process in them."""
    for hierarchy in _hierarchies().values():
        for left in hierarchy.glob(f"{_NAME}*"):
            if not is_made_by_somebody(left.name):
                with contextlib.suppress(OSError):
                    _thaw(left)
                    _remove(left)


def is_made_by_somebody(name: str) -> bool:
    """Tell whether whoever made the control group of this name still runs: it may be about to use it."""
    maker = name.removeprefix(_NAME).partition("-")[0]
    return Path("/proc", maker).exists()


def _prepare(folder: Path) -> Sequence[Path]:
    folder.mkdir(mode=0o700, parents=True)
    sweep()
    return _make_groups(f"{_NAME}{os.getpid()}-{folder.parent.name}")


def _command(folder: Path, groups: Sequence[Path]) -> Sequence[str]:
    new = ("unshare", *_ALL_BUT_USER, "--fork", "--kill-child", "--mount-proc", "--propagation=private")
    inside = ("/bin/sh", str(_SCRIPT), str(folder), f"{ADDRESS}/{_PREFIX}", " ".join(_OWN))
    return ("/bin/sh", "-c", _JOIN, "enter", " ".join(map(str, groups)), *new, "--", *inside)


def _first(holder: process.Process) -> int:
    if holder.pid is None or not (found := process.children(holder.pid)):
        raise RoomBusyError(f"The room has ended.\n{holder.tail()}")
    return found[0]


def _hierarchies() -> dict[str, Path]:
    """Return our own control group in each hierarchy of the first version."""
    found: dict[str, Path] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, names, path = line.split(":", 2)
        folder = _HIERARCHIES / names.removeprefix("name=")
        if number != "0" and folder.is_dir():
            found[names] = folder / path.lstrip("/")
    return found


def _make_groups(name: str) -> Sequence[Path]:
    made: list[Path] = []
    for hierarchy, own in _hierarchies().items():
        group = own / name
        group.mkdir()
        made.append(group)
        if hierarchy == "cpuset":  # nothing runs in one that has no processors and no memory
            for setting in ("cpuset.cpus", "cpuset.mems"):
                (group / setting).write_text((own / setting).read_text())
    return made


async def _until_removed(groups: Sequence[Path]) -> None:
    left = list(groups)
    try:
        async with asyncio.timeout(_WITHIN.total_seconds()):
            while left := [each for each in left if not _is_removed(each)]:  # noqa: ASYNC110 - the kernel ends processes
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError:
        raise RoomBusyError(f"Control groups are still in use: {', '.join(map(str, left))}") from None


def _is_removed(group: Path) -> bool:
    try:
        _remove(group)
    except OSError:
        return not group.exists()
    return True


def _members(group: Path) -> list[int]:
    """Return who is in a control group, as far as we see them and it is still there."""
    with contextlib.suppress(OSError):
        return [pid for pid in map(int, (group / "cgroup.procs").read_text().split()) if pid]
    return []


def _thaw(group: Path) -> None:
    """Let what a killed run had frozen go on, which is to end: it was killed, and notices that now."""
    for state in group.glob("**/freezer.state"):
        state.write_text("THAWED")


def _remove(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        Path(folder).rmdir()
