"""The programs of one cluster in their order: started in waves, ended the other way round.

etcd outlives the API server: one that loses its storage while it ends would hold on to its port.
"""

import asyncio
import contextlib
import functools
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import aiohttp

from tenantry.local import readiness
from testbed import api, building, cache, control_plane, furnishing, node, parts, passage, process, room, stages
from testbed import layout as layouts

_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"
_NAMESPACE = "/api/v1/namespaces/default"


class Programs:
    """Programs that tests may end, freeze and start again, by name."""

    def __init__(self, waves: Sequence[Sequence[process.Process]]) -> None:
        """Take them in waves: what is in a wave starts together, once all of the waves before are ready."""
        self._waves = waves
        self._programs = {each.name: each for wave in waves for each in wave}

    @property
    def names(self) -> Sequence[str]:
        """Their names, in the order in which they start."""
        return tuple(self._programs)

    def pid(self, name: str) -> int | None:
        """Return the process number of a program; None where it does not run."""
        return self._programs[name].pid

    def log(self, name: str) -> Path:
        """Return the log of a program."""
        return self._programs[name].log

    async def start(self, name: str) -> None:
        """Start a program that was ended, on the same port with the same data, and wait until it is ready.

        Raises:
            ProgramEndedError: it ended; the message has the end of its log.
            ProgramSlowError: it is not ready in time; likewise.
        """
        await self._programs[name].start()

    async def stop(self, name: str) -> None:
        """Ask a program to end, and wait for it."""
        await self._programs[name].stop()

    async def kill(self, name: str) -> None:
        """End a program by force, as a crash would."""
        await self._programs[name].kill()

    def freeze(self, name: str) -> None:
        """Let a program stand still: it holds its connections and answers nothing."""
        self._programs[name].signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a frozen program go on."""
        self._programs[name].signal(signal.SIGCONT)

    async def start_all(self) -> None:
        """Start all of them, wave after wave.

        Raises:
            ProgramEndedError: one ended; the message has the end of its log.
            ProgramSlowError: one is not ready in time; likewise.
        """
        for wave in self._waves:
            try:
                async with asyncio.TaskGroup() as group:
                    for each in wave:
                        group.create_task(each.start())
            except ExceptionGroup as found:
                raise found.exceptions[0] from None
        for each in self._programs.values():
            each.check()

    async def stop_all(self) -> None:
        """Stop all of them, the last first; those that were ended before are passed over."""
        for each in reversed(self._programs.values()):
            await each.stop()


def described(
    kept: cache.Cache, layout: layouts.Layout, asked: api.Api, *, level: parts.Level, place: room.Room | None = None
) -> Sequence[Sequence[process.Process]]:
    """Return the programs of a cluster in waves, none of them started.

    Args:
        kept: where the built programs are.
        layout: of the cluster.
        asked: a connection as the administrator.
        level: how much of a cluster.
        place: the room of a real node, where there is one: everything runs in it.
    """
    made = _Maker(kept, layout, asked, place)
    waves = [[*made.passages(), made.etcd()], [made.api_server()]]
    match level:
        case parts.Level.API:
            return waves
        case parts.Level.CONTROLLERS:
            return [*waves, [made.controller_manager(), made.scheduler(), made.kwok()]]
        case parts.Level.NODE:
            together = [made.controller_manager(), made.scheduler(), made.containerd()]
            # A proxy ends when its node gets an address, and policies are those of a node that is there.
            return [*waves, together, [made.kubelet()], [made.proxy(), made.policies()]]


class _Maker:
    """Describes the programs of one cluster."""

    def __init__(self, kept: cache.Cache, layout: layouts.Layout, asked: api.Api, place: room.Room | None) -> None:
        self._kept = kept
        self._layout = layout
        self._asked = asked
        self._place = place

    def passages(self) -> Iterator[process.Process]:
        if self._place is None:
            return
        ports = self._layout.ports.values()
        ends = [end(port) for port in ports for end in (passage.here, passage.there)]
        ends.append(passage.there(layouts.NODE_API_PORT, self._place.address))
        ends.append(passage.there(self._layout.ports["kube-apiserver"]))
        command = (sys.executable, "-I", passage.__file__, str(self._place.pid), *map(str, ends))
        listens = functools.partial(readiness.listens, layouts.HOST, max(ports))
        yield process.Process("passage", command, log=self._layout.log("passage"), ready=listens)

    def etcd(self) -> process.Process:
        command = control_plane.etcd(self._path(parts.ETCD), self._layout)
        return self._program("etcd", command, self._answers("etcd"))

    def api_server(self) -> process.Process:
        command = control_plane.api_server(self._path(parts.API_SERVER), self._layout)
        return self._program("kube-apiserver", command, functools.partial(_serves, self._asked, _NAMESPACE))

    def controller_manager(self) -> process.Process:
        command = control_plane.controller_manager(self._path(parts.CONTROLLER_MANAGER), self._layout)
        return self._program("kube-controller-manager", command, functools.partial(_serves, self._asked, _ACCOUNT))

    def scheduler(self) -> process.Process:
        command = control_plane.scheduler(self._path(parts.SCHEDULER), self._layout)
        listens = functools.partial(readiness.listens, layouts.HOST, self._layout.ports["kube-scheduler"])
        return self._program("kube-scheduler", command, listens)

    def kwok(self) -> process.Process:
        played = self._write("stages.yaml", stages.combined(self._folder(parts.STAGES)))
        return self._program(
            "kwok", control_plane.kwok(self._path(parts.KWOK), self._layout, played), self._answers("kwok")
        )

    def containerd(self) -> process.Process:
        place = self._real()
        networks = place.folder / "networks"
        networks.mkdir()
        (networks / "10-pods.conflist").write_text(node.network())
        settings = self._write("containerd.toml", node.containerd_settings(networks))
        connects = functools.partial(_connects, Path(f"{place.folder}{node.SOCKET}"))
        return self._program("containerd", node.containerd(settings), connects)

    def kubelet(self) -> process.Process:
        settings = self._write("kubelet.yaml", node.kubelet_settings(self._layout))
        command = node.kubelet(self._path(parts.KUBELET), self._layout, settings)
        return self._program("kubelet", command, functools.partial(furnishing.is_well, self._asked, node.NAME))

    def proxy(self) -> process.Process:
        place = self._real()
        settings = self._write("kube-proxy.yaml", node.proxy_settings(self._layout))
        listens = functools.partial(passage.listens, place.pid, place.address, node.PROXY_HEALTH)
        return self._program("kube-proxy", node.proxy(self._path(parts.PROXY), settings), listens)

    def policies(self) -> process.Process:
        place = self._real()
        command = node.policies(self._path(parts.POLICIES), self._layout)
        listens = functools.partial(passage.listens, place.pid, place.address, node.POLICIES_HEALTH)
        return self._program("kube-router", command, listens)

    def _real(self) -> room.Room:
        if self._place is None:
            raise building.PartsMissingError("This cluster has no real node.")
        return self._place

    def _program(
        self, name: str, command: control_plane.Command, ready: Callable[[], Awaitable[bool]]
    ) -> process.Process:
        entrance = self._place.entrance if self._place is not None else ()
        return process.Process(name, command, log=self._layout.log(name), ready=ready, entrance=entrance)

    def _answers(self, name: str) -> Callable[[], Awaitable[bool]]:
        return functools.partial(readiness.answers, "/readyz", port=self._layout.ports[name])

    def _write(self, name: str, text: str) -> Path:
        file = self._layout.folder / name
        file.write_text(text)
        return file

    def _path(self, part: parts.Part) -> Path:
        return self._folder(part) / part.name

    def _folder(self, part: parts.Part) -> Path:
        building.require([part], self._kept)
        return self._kept.place(part)


async def _serves(asked: api.Api, path: str) -> bool:
    with contextlib.suppress(api.ApiError, aiohttp.ClientError, OSError, TimeoutError):
        return await asked.is_ready() and await asked.has(path)
    return False


async def _connects(file: Path) -> bool:
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_unix_connection(file)
        writer.close()
        return True
    return False
