"""Lets connections through the wall of a node's room: from loopback here to an address there, or the other way round.

    python -m testbed.passage PID FROM TO …      FROM and TO are `here:HOST:PORT` or `there:HOST:PORT`

A socket belongs to the network in which it was made, whoever uses it; so one process can listen in one and connect in
the other. It steps into the room for the moment in which it makes a socket. Ready when everything listens; runs until
it is ended.
"""

import asyncio
import contextlib
import ctypes
import os
import socket
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_CHUNK = 1 << 16
_TIMEOUT = 3.0
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One side of a passage.

    Attributes:
        is_there: in the room.
        host, port: address in that network.
    """

    is_there: bool
    host: str
    port: int

    def __str__(self) -> str:
        """Return it as it is written on the command line."""
        return f"{'there' if self.is_there else 'here'}:{self.host}:{self.port}"


def here(port: int, host: str = "127.0.0.1") -> End:
    """Return a side on this machine."""
    return End(is_there=False, host=host, port=port)


def there(port: int, host: str = "127.0.0.1") -> End:
    """Return a side in the room."""
    return End(is_there=True, host=host, port=port)


def parse(text: str) -> End:
    """Read a side from the command line.

    Raises:
        ValueError: it is none.
    """
    side, host, port = text.split(":")
    if side not in {"here", "there"}:
        raise ValueError(f"{text} is neither here nor there")
    return End(is_there=side == "there", host=host, port=int(port))


@contextlib.contextmanager
def stepped_into(pid: int) -> Generator[None]:
    """Be in the network of another process for the block, which must not wait for anything.

    Raises:
        OSError: we may not, or the process has ended.
    """
    with Path("/proc/self/ns/net").open("rb") as own, Path(f"/proc/{pid}/ns/net").open("rb") as other:
        _enter(other.fileno())
        try:
            yield
        finally:
            _enter(own.fileno())


def socket_in(pid: int) -> socket.socket:
    """Return a new socket that belongs to the network of another process."""
    with stepped_into(pid):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    return made


async def listens(pid: int, host: str, port: int) -> bool:
    """Tell whether somebody takes connections in the network of another process."""
    with contextlib.closing(socket_in(pid)) as made, contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_TIMEOUT):
            await asyncio.get_running_loop().sock_connect(made, (host, port))
        return True
    return False


class Passage:
    """Lets connections through."""

    def __init__(self, pid: int) -> None:
        """Take the process whose network is the one there."""
        self._pid = pid

    async def serve(self, ends: Sequence[tuple[End, End]]) -> None:
        """Listen on the first side of each pair, connect to the second; runs until it is cancelled.

        Connections that are open then are ended.
        """
        async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as connections:
            for listening, target in ends:
                listener = self._socket(listening)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((listening.host, listening.port))
                server = await asyncio.start_server(self._taker(target, connections), sock=listener)
                stack.callback(server.close)
            await asyncio.Event().wait()

    def _socket(self, end: End) -> socket.socket:
        if end.is_there:
            return socket_in(self._pid)
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setblocking(False)
        return made

    def _taker(
        self, target: End, connections: asyncio.TaskGroup
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            carrying = connections.create_task(self._carry(reader, writer, target))
            carrying.add_done_callback(lambda _: writer.close())  # one that is ended before it begins closes nothing

        return take

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: End) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            connection = self._socket(target)
            await asyncio.get_running_loop().sock_connect(connection, (target.host, target.port))
            far_reader, far_writer = await asyncio.open_connection(sock=connection)
            with contextlib.closing(far_writer):
                await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Hand on what comes until no more comes, then say so; an end that breaks ends both ways."""
    try:
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
        target.write_eof()
    except OSError:
        target.transport.abort()


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def main(arguments: Sequence[str]) -> None:
    """Serve the passages that the command line names."""
    pid, ends = int(arguments[0]), [parse(each) for each in arguments[1:]]
    pairs = list(zip(ends[::2], ends[1::2], strict=True))
    asyncio.run(Passage(pid).serve(pairs))


if __name__ == "__main__":
    main(sys.argv[1:])
