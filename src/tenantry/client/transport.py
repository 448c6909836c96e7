"""Carries calls to the provisioner over one pool of connections.

Every call has a time limit. Only calls that may be sent twice are tried again. Whatever goes wrong comes out as an
error of `failures`; no exception of aiohttp's leaves this module.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from types import TracebackType
from typing import Self

import aiohttp

from tenantry.client import call as calls
from tenantry.client import failures, resolving, retrying
from tenantry.kernel import errors
from tenantry.kernel import randomness as randoms


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How patient the client is.

    Attributes:
        connect: time for a connection to come about.
        total: time for a call and its answer.
        silence: time without a sign of life after which a stream counts as broken; the provisioner sends one every
            fifteen seconds.
        retries: how repeatable calls are tried again.
    """

    connect: timedelta = timedelta(seconds=5)
    total: timedelta = timedelta(seconds=30)
    silence: timedelta = timedelta(seconds=45)
    retries: retrying.Retrying = field(default_factory=retrying.Retrying)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer with what stands for it."""

    etag: str
    body: bytes = field(repr=False)


class Transport:
    """A pool of connections to one provisioner; use it as an asynchronous context."""

    def __init__(self, url: str, token: str, *, options: Options, randomness: randoms.Randomness) -> None:
        """Take the address without a path, and the token's secret."""
        self.url = url.rstrip("/")
        self.options = options
        self.randomness = randomness
        self._token = token
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the pool."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolving.LoopbackResolver()),
            headers={"Authorization": f"Bearer {self._token}"} if self._token else {},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, call: calls.Call) -> bytes:
        """Return the body of the answer.

        Raises:
            ProblemError: the provisioner refused.
            ProvisionerAwayError: it cannot be reached.
        """
        attempt = 1
        while True:
            try:
                return await self._send_once(call)
            except errors.TemporaryError as error:
                if not call.is_repeatable or attempt >= self.options.retries.attempts:
                    raise
                wait = self.options.retries.wait(attempt, error, self.randomness)
            await asyncio.sleep(wait.total_seconds())
            attempt += 1

    async def fetch(self, call: calls.Call) -> Fetched | None:
        """Return the answer with its ETag; None where what is known already is so still. It is tried once.

        Raises:
            ProblemError: the provisioner refused.
            ProvisionerAwayError: it cannot be reached.
        """
        limits = aiohttp.ClientTimeout(
            total=self.options.total.total_seconds(), sock_connect=self.options.connect.total_seconds()
        )
        with self._translated():
            async with self._request(call, limits, accept="application/json") as response:
                if response.status == HTTPStatus.NOT_MODIFIED:
                    return None
                await _refuse_problems(response)
                return Fetched(etag=response.headers.get("ETag", ""), body=await response.read())

    async def lines(self, call: calls.Call, *, accept: str) -> AsyncGenerator[bytes, None]:
        """Yield each line of a streamed answer, without its end, until the provisioner closes it."""
        limits = aiohttp.ClientTimeout(
            total=None,
            sock_connect=self.options.connect.total_seconds(),
            sock_read=self.options.silence.total_seconds(),
        )
        with self._translated():
            async with self._request(call, limits, accept=accept) as response:
                await _refuse_problems(response)
                async with aclosing(_split(response.content)) as lines:
                    async for line in lines:
                        yield line

    async def _send_once(self, call: calls.Call) -> bytes:
        limits = aiohttp.ClientTimeout(
            total=self.options.total.total_seconds(), sock_connect=self.options.connect.total_seconds()
        )
        with self._translated():
            async with self._request(call, limits, accept="application/json") as response:
                await _refuse_problems(response)
                return await response.read()

    def _request(
        self, call: calls.Call, limits: aiohttp.ClientTimeout, *, accept: str
    ) -> "aiohttp.client._RequestContextManager":  # pyright: ignore[reportPrivateUsage] - aiohttp has no public name for it
        if self._session is None:
            raise errors.PermanentError("The client is not open.", hint="Use it in `async with`.")
        return self._session.request(
            call.method,
            self.url + call.path,
            params=call.parameters(),
            data=call.body,
            headers=call.headers() | {"Accept": accept},
            timeout=limits,
            allow_redirects=False,
        )

    @contextmanager
    def _translated(self) -> Generator[None, None, None]:
        try:
            yield
        except aiohttp.InvalidURL as error:
            raise errors.CustomerMustActError(f"“{self.url}” is not an address.") from error
        except TimeoutError as error:
            raise failures.ProvisionerAwayError(f"The provisioner at {self.url} did not answer in time.") from error
        except aiohttp.ClientError as error:
            raise failures.ProvisionerAwayError(f"The provisioner at {self.url} cannot be reached.") from error


async def _refuse_problems(response: aiohttp.ClientResponse) -> None:
    if response.status >= HTTPStatus.MULTIPLE_CHOICES:
        raise failures.from_answer(response.status, response.headers, await response.read())


async def _split(content: aiohttp.StreamReader) -> AsyncGenerator[bytes, None]:
    rest = b""
    async for chunk in content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
    if rest:
        yield rest
