"""A network between the portal and the provisioner that a test can cut: a relay of TCP connections on one port."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import yarl


class Relay:
    """Passes connections on to an address; while it is cut, it has no connections and nobody listens."""

    def __init__(self, target: str) -> None:
        self._target = yarl.URL(target)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """Its own address, which stays the same."""
        return f"http://127.0.0.1:{self._port}"

    async def mend(self) -> None:
        """Listen, on the same port as ever."""
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Stop listening, and break every connection."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(self._target.host, self._target.port)
            ends = {writer, far_writer}
            self._open |= ends
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_copy(reader, far_writer))
                    group.create_task(_copy(far_reader, writer))
            finally:
                self._open -= ends
                for end in ends:
                    end.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def opened(target: str) -> AsyncGenerator[Relay]:
    """Open a relay to an address."""
    relay = Relay(target)
    await relay.mend()
    try:
        yield relay
    finally:
        await relay.cut()
