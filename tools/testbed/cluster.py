"""Brings a Kubernetes cluster up in a folder of its own and takes it down: the one thing that the rest is for.

    async with cluster.running(folder, nodes=3) as up:
        ... up.endpoint, up.token, up.kubeconfig ...

Everything can be reached on loopback, on ports that were free. What ends too early fails the start at once, with the
end of its log. However the block ends, all programs have ended after it; the folder stays for whoever wants to read
the logs.
"""

import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from tenantry.kernel import clock as clocks
from testbed import (
    api,
    authority,
    building,
    cache,
    credentials,
    furnishing,
    parts,
    programs,
    requirements,
    room,
    stages,
)
from testbed import layout as layouts
from testbed import nodes as pretended

Level = parts.Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that runs.

    Attributes:
        folder: where its files and logs are.
        endpoint: URL of the API server.
        ca: certificate of its authority, as PEM; also in the file `ca_file`.
        ca_file: likewise.
        token: bearer token of the administrator.
        kubeconfig: file for the administrator.
        signer: its authority, for who else is to be let in.
        programs: what it consists of, for tests that end or freeze some of it.
        place: where its real node is, if it has one.
    """

    folder: Path
    endpoint: str
    ca: bytes = field(repr=False)
    ca_file: Path
    token: str = field(repr=False)
    kubeconfig: Path
    signer: authority.Authority = field(repr=False)
    programs: programs.Programs
    place: room.Room | None = None

    @property
    def real_node(self) -> room.Room:
        """Where its real node is.

        Raises:
            PartsMissingError: it has none.
        """
        if self.place is None:
            raise building.PartsMissingError("This cluster has no real node.")
        return self.place

    def connected(self, token: str | None = None) -> AbstractAsyncContextManager[api.Api]:
        """Give a connection as the administrator, or as whom the token stands for."""
        return api.connected(self.endpoint, self.ca, token or self.token)


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    *,
    level: Level = Level.CONTROLLERS,
    nodes: int | Sequence[pretended.Pretended] = 1,
    node_patience: int | None = None,
) -> AsyncGenerator[Cluster]:
    """Run a cluster until the block ends.

    Args:
        folder: where its files go; empty or not there.
        level: how much of a cluster.
        nodes: pretended nodes, or how many of a kind that takes 250 pods each; for the level with controllers.
        node_patience: after so many seconds without a word from it, a real node is taken for away; the default is that
            of Kubernetes.

    Raises:
        PartsMissingError: some parts are not built, or not installed.
        ProgramEndedError: a program ended during the start; the message has the end of its log.
        ProgramSlowError: a program is not ready in time; likewise.
    """
    kept = cache.Cache(cache.default_folder())
    requirements.check(level, kept)
    async with contextlib.AsyncExitStack() as opened:
        place = await opened.enter_async_context(room.opened(folder / "room")) if level is Level.NODE else None
        address = place.address if place else None
        layout = layouts.choose(folder, node_address=address, node_patience=node_patience)
        layouts.prepare(layout)
        administrator = credentials.write(layout, clocks.SystemClock())
        asked = await opened.enter_async_context(api.connected(layout.endpoint, administrator.ca, administrator.token))
        made = programs.Programs(programs.described(kept, layout, asked, level=level, place=place))
        opened.push_async_callback(made.stop_all)
        if place is not None:
            opened.callback(room.end_pods, place)
        await made.start_all()
        up = _described(layout, administrator, made, place)
        await _furnish(up, asked, level, nodes, kept)
        yield up


def _described(
    layout: layouts.Layout, administrator: credentials.Administrator, made: programs.Programs, place: room.Room | None
) -> Cluster:
    return Cluster(
        folder=layout.folder,
        endpoint=layout.endpoint,
        ca=administrator.ca,
        ca_file=layout.certificate("ca"),
        token=administrator.token,
        kubeconfig=layout.kubeconfig("admin"),
        signer=administrator.signer,
        programs=made,
        place=place,
    )


async def _furnish(
    up: Cluster, asked: api.Api, level: Level, nodes: int | Sequence[pretended.Pretended], kept: cache.Cache
) -> None:
    match level:
        case Level.API:
            pass
        case Level.CONTROLLERS:
            wanted = pretended.alike(nodes) if isinstance(nodes, int) else nodes
            await furnishing.furnish(asked, wanted, stages.storage_class(kept.place(parts.STAGES)))
        case Level.NODE:
            await furnishing.furnish_node(asked, up.real_node, kept.place(parts.DNS) / parts.DNS.name)
