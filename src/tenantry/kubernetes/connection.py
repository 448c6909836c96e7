"""The connections to one API server: TLS, credentials and time limits; everything that is the same for every call."""

import asyncio
import socket
import ssl
import tempfile
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp

from tenantry.kubernetes import configuration, credentials, failures

_UNAUTHORIZED = 401
_PROBES = 4
"""So many questions without an answer, and the other end is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the API server is waited for, in seconds.

    Attributes:
        answer: until an answer begins; one that ends by itself has ended by then, too.
        silence: between two pieces of an answer that does not end by itself. The API server sends a bookmark every
            minute, but none for kinds of which it has never seen an object change. Where an answer may be silent for
            as long as it likes, this is about how long its other end may give no sign of life.
    """

    answer: float = 30.0
    silence: float = 100.0


class Connection:
    """Sends requests to one API server. Use it as an async context manager."""

    def __init__(self, known: configuration.Configuration, *, patience: Patience = Patience()) -> None:
        """Take the way to the cluster, and how long it is waited for."""
        self._configuration = known
        self._patience = patience
        self._contexts: tuple[credentials.Certificate | None, ssl.SSLContext | bool] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._streams: set[aiohttp.ClientResponse] = set()

    async def __aenter__(self) -> Self:
        """Open the pool of connections."""
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60, socket_factory=self._socket)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent",),
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "tenantry-operator"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection; whoever still reads from one is told."""
        for each in self._streams:
            # Closing the session alone would leave them waiting for ever.
            each.content.set_exception(aiohttp.ClientConnectionError("The connection was closed."))
        session, self._session = self._session, None
        if session is not None:
            await session.close()
            # What was dropped is closed by the loop itself, in its next turn.
            await asyncio.sleep(0)

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str], body: bytes | None, content_type: str
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Send a request and return status, body and headers of the answer; refused credentials are renewed once.

        Raises:
            failures.UnreachableError: there was no answer.
            credentials.CredentialsMissingError: there is nothing to show.
        """
        answer = await self._call(method, path, query=query, body=body, content_type=content_type)
        if answer[0] == _UNAUTHORIZED:
            self._configuration.credentials.refused()
            answer = await self._call(method, path, query=query, body=body, content_type=content_type)
        return answer

    async def _call(
        self, method: str, path: str, *, query: Mapping[str, str], body: bytes | None, content_type: str
    ) -> tuple[int, bytes, Mapping[str, str]]:
        timeout = aiohttp.ClientTimeout(total=self._patience.answer)
        headers = {"Content-Type": content_type} if body is not None else {}
        async with self._sent(method, path, query, headers=headers, timeout=timeout, body=body) as response:
            return response.status, await response.read(), response.headers

    @asynccontextmanager
    async def stream(
        self, path: str, *, query: Mapping[str, str], can_be_silent: bool = False
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Open an answer that does not end by itself.

        One that can be silent, as the log of a quiet program, lasts until its other end closes or loses it. Whether
        that is still there is asked on the way, below what is sent: by TCP, whose questions are answered by the machine
        at the other end of the connection, be it the API server's or a proxy's before it.

        Args:
            path: what is asked for.
            query: its parameters.
            can_be_silent: that nothing comes says nothing.

        Raises:
            failures.SilentError: it has begun, and nothing more comes.
            failures.UnreachableError: there is no answer, or it breaks off.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_read=None if can_be_silent else self._patience.silence)
        async with self._sent("GET", path, query, headers={}, timeout=timeout, body=None) as response:
            if response.status == _UNAUTHORIZED:
                self._configuration.credentials.refused()
            self._streams.add(response)
            try:
                yield response
            except aiohttp.SocketTimeoutError as error:
                raise failures.SilentError(f"Nothing more came for {self._patience.silence:g} s.") from error
            finally:
                self._streams.discard(response)

    @asynccontextmanager
    async def _sent(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's limits, by phase of the request
        body: bytes | None,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        if self._session is None:
            raise failures.UnreachableError("The connection has not been opened.")
        shown = await self._configuration.credentials.current()
        token = {"Authorization": f"Bearer {shown.token}"} if shown.token else {}
        try:
            async with (
                asyncio.timeout(self._patience.answer) as waiting,
                self._session.request(
                    method,
                    self._configuration.server + path,
                    params=query,
                    data=body,
                    headers={**headers, **token},
                    timeout=timeout,
                    ssl=await self._context(shown.certificate),
                    server_hostname=self._configuration.server_name,
                    proxy=self._configuration.proxy,
                    allow_redirects=False,
                ) as response,
            ):
                waiting.reschedule(None)
                with _cut_off(response):
                    yield response
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            told = str(error) or type(error).__name__
            server = self._configuration.server
            self._seek()
            raise failures.UnreachableError(f"The API server {server} does not answer: {told}") from error

    def _socket(self, address: tuple[Any, ...]) -> socket.socket:
        """Return a new socket that notices, while nothing comes, when its other end is gone."""
        family, kind, protocol, *_ = address
        pause = max(1, round(self._patience.silence / (1 + _PROBES)))
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, pause)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, pause)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
        return made

    def _seek(self) -> None:
        """Find out for the next call whether the API server has moved, or another authority vouches for it."""
        known = self._configuration
        self._configuration = known.renewed()
        if self._configuration != known:
            self._contexts = None

    async def _context(self, certificate: credentials.Certificate | None) -> ssl.SSLContext | bool:
        if self._contexts is None or self._contexts[0] != certificate:
            made = await asyncio.to_thread(_context, self._configuration, certificate)
            self._contexts = certificate, made
        return self._contexts[1]


@contextmanager
def _cut_off(response: aiohttp.ClientResponse) -> Generator[None]:
    """Drop the connection of an answer that nobody reads to its end; a farewell of TLS would outlast the loop."""
    connection = response.connection
    try:
        yield
    except BaseException:
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
        raise


def _context(known: configuration.Configuration, certificate: credentials.Certificate | None) -> ssl.SSLContext | bool:
    if not known.server.startswith("https:"):
        return False
    try:
        context = ssl.create_default_context(cadata=known.authority)
        if certificate is not None:
            _load(context, certificate)
    except ssl.SSLError as error:
        raise configuration.ConfigurationError("A certificate or key of the cluster cannot be used.") from error
    if not known.is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _load(context: ssl.SSLContext, certificate: credentials.Certificate) -> None:
    """Load the pair; the ssl module reads only files, so they exist for a moment, for us alone."""
    with tempfile.TemporaryDirectory(prefix="tenantry-") as folder:
        pair = Path(folder) / "pair.pem"
        pair.touch(mode=0o600)
        pair.write_text(f"{certificate.key}\n{certificate.certificate}\n")
        context.load_cert_chain(pair)
