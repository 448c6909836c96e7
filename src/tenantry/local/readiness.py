"""Asks whether a part serves; every question is answered within seconds, and no answer means no."""

import asyncio
import contextlib
from http import HTTPStatus
from pathlib import Path

import aiohttp

_TIMEOUT = 3.0


async def listens(host: str, port: int) -> bool:
    """Tell whether somebody takes connections there."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_TIMEOUT):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
        await writer.wait_closed()
        return True
    return False


async def answers(path: str, *, port: int = 0, socket: Path | None = None) -> bool:
    """Tell whether a GET of this path on loopback, or on the unix socket, is answered with 200."""
    connector = aiohttp.UnixConnector(path=str(socket)) if socket else aiohttp.TCPConnector()
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
    with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.get(f"http://127.0.0.1:{port}{path}") as response,
        ):
            return response.status == HTTPStatus.OK
    return False
