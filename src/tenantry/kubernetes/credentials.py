"""Who we are to the API server: a fixed token or certificate, a token file that is rotated, or a program that is asked.

Whatever can run out is asked for anew shortly before it does, and whenever the API server refuses what we have.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import orjson

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors

_READ_AGAIN = timedelta(seconds=30)
"""A service account's token is replaced when a fifth of its life is left, so this is soon enough."""
_EARLY = timedelta(seconds=30)
_PROGRAM_SECONDS = 60.0
_TOLD = 300


class CredentialsMissingError(errors.TemporaryError):
    """There are no credentials for the cluster."""

    code = "cluster-credentials-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A client certificate with its key, both in PEM."""

    certificate: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What is shown to the API server."""

    token: str | None = field(default=None, repr=False)
    certificate: Certificate | None = None


class Credentials(Protocol):
    """Where credentials come from."""

    async def current(self) -> Credential:
        """Return what to show now.

        Raises:
            CredentialsMissingError: there is nothing to show.
        """
        ...

    def refused(self) -> None:
        """The API server did not accept what was shown last: ask the source anew."""
        ...


class Fixed:
    """Credentials that never change."""

    def __init__(self, credential: Credential) -> None:
        """Take them."""
        self._credential = credential

    async def current(self) -> Credential:
        """Return them."""
        return self._credential

    def refused(self) -> None:
        """There is nothing to renew."""


class Renewed:
    """Credentials of a file that somebody may write anew: it is read again when the API server refuses what it said."""

    def __init__(self, text: str, *, read: Callable[[], str], understand: Callable[[str], Credentials]) -> None:
        """Take what the file said.

        Args:
            text: the file's text.
            read: reads it again; raises `TenantryError` where that cannot be done.
            understand: returns what a text means; likewise where it means nothing that can be used.
        """
        self._text: str = text
        self._read = read
        self._understand = understand
        self._source = understand(text)
        self._is_refused = False

    async def current(self) -> Credential:
        """Return what the file says.

        Raises:
            CredentialsMissingError: what was written anew cannot be used, so far.
        """
        if self._is_refused:
            self._renew()
        return await self._source.current()

    def refused(self) -> None:
        """Read the file anew at the next call."""
        self._is_refused = True
        self._source.refused()

    def _renew(self) -> None:
        try:
            text = self._read()
            # What is asked by itself has been told to ask anew; what is fixed may be in a file that this one names.
            if text != self._text or isinstance(self._source, Fixed):
                self._source = self._understand(text)
        except errors.TenantryError as error:
            # Whoever writes it may be in the middle of it.
            raise CredentialsMissingError(f"The new credentials cannot be used: {error.message}") from error
        self._text = text
        self._is_refused = False


class TokenFile:
    """A token that somebody else keeps fresh in a file, as kubelet does for service accounts."""

    def __init__(self, path: Path, clock: clocks.Clock) -> None:
        """Take where the token is."""
        self._path = path
        self._clock = clock
        self._kept: tuple[Credential, datetime] | None = None

    async def current(self) -> Credential:
        """Return the token, read again every half minute.

        Raises:
            CredentialsMissingError: the file cannot be read.
        """
        now = self._clock.now()
        if self._kept is None or now >= self._kept[1]:
            self._kept = Credential(token=self._read()), now + _READ_AGAIN
        return self._kept[0]

    def refused(self) -> None:
        """Read the file anew at the next call."""
        self._kept = None

    def _read(self) -> str:
        try:
            return self._path.read_text().strip()
        except OSError as error:
            raise CredentialsMissingError(f"The token file {self._path} cannot be read.") from error


class Program:
    """A credential plug-in (`client.authentication.k8s.io`), such as the ones of cloud providers."""

    def __init__(
        self, command: list[str], environment: Mapping[str, str], api_version: str, clock: clocks.Clock
    ) -> None:
        """Take the program.

        Args:
            command: the program and its arguments.
            environment: variables beside those of this process.
            api_version: which version of the protocol it speaks.
            clock: tells when a credential runs out.
        """
        self._command = command
        self._environment = environment
        self._api_version = api_version
        self._clock = clock
        self._kept: tuple[Credential, datetime | None] | None = None
        self._asking = asyncio.Lock()

    async def current(self) -> Credential:
        """Return what the program told last, as long as it lasts.

        Raises:
            CredentialsMissingError: the program fails or tells nothing that can be used.
        """
        async with self._asking:
            if self._kept is None or self._has_run_out(self._kept[1]):
                self._kept = _credential(await self._ask())
            return self._kept[0]

    def refused(self) -> None:
        """Ask the program anew at the next call."""
        self._kept = None

    def _has_run_out(self, expires_at: datetime | None) -> bool:
        return expires_at is not None and self._clock.now() >= expires_at - _EARLY

    async def _ask(self) -> dict[str, Any]:
        info = {
            "apiVersion": self._api_version,
            "kind": "ExecCredential",
            "spec": {"interactive": False},
        }
        environment = {**os.environ, **self._environment, "KUBERNETES_EXEC_INFO": orjson.dumps(info).decode()}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise CredentialsMissingError(f"The credential program {self._command[0]} cannot be started.") from error
        told, complaints = await self._told(process)
        if process.returncode != 0:
            said = complaints.decode(errors="replace").strip()[-_TOLD:]
            raise CredentialsMissingError(f"The credential program {self._command[0]} failed: {said}")
        try:
            return orjson.loads(told)
        except orjson.JSONDecodeError as error:
            raise CredentialsMissingError(f"The credential program {self._command[0]} printed no JSON.") from error

    async def _told(self, process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
        try:
            async with asyncio.timeout(_PROGRAM_SECONDS):
                return await process.communicate()
        except TimeoutError as error:
            raise CredentialsMissingError(f"The credential program {self._command[0]} does not end.") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _credential(told: dict[str, Any]) -> tuple[Credential, datetime | None]:
    status: dict[str, Any] = told.get("status") or {}
    token, certificate, key = (status.get(name) for name in ("token", "clientCertificateData", "clientKeyData"))
    if not token and not (certificate and key):
        raise CredentialsMissingError("The credential program told neither a token nor a certificate with its key.")
    pair = Certificate(certificate=certificate, key=key) if certificate and key else None
    expires = status.get("expirationTimestamp")
    return Credential(token=token, certificate=pair), datetime.fromisoformat(expires) if expires else None
