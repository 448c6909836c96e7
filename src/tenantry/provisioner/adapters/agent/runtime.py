"""The contract of whoever runs installations, spoken to the agent over its unix socket.

Whatever goes wrong on the way is `AgentAwayError`, which may be tried again; what the agent refuses keeps its code, its
message and its advice. Every call has a timeout, and a watch that falls silent ends.
"""

import contextlib
import json
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import aiohttp

from tenantry.application import manifest
from tenantry.kernel import errors
from tenantry.runtime import contract, document

TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5)
STREAM_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=5, sock_read=30)
"""The agent breaks its silence every ten seconds."""

_LONGEST_LINE = 8 * 1024 * 1024
_NOT_FOUND = 404
_REFUSED = range(400, 500)
_BUSY = (408, 409, 425, 429)


class AgentAwayError(errors.TemporaryError):
    """The agent of this machine does not answer."""

    code = "agent-away"


class AgentRuntime:
    """One agent. Opens its connections when they are needed; `close` ends them."""

    def __init__(self, socket: str) -> None:
        """Take the path of the agent's unix socket."""
        self._socket = socket
        self._opened: aiohttp.ClientSession | None = None

    async def apply(self, bundle: document.InstallationBundle) -> document.Installation:
        name = bundle.installation.metadata.name
        answer = await self._call("PUT", f"installations/{quote(name)}", bundle.model_dump_json())
        return document.Installation.model_validate(answer)

    async def get(self, name: str) -> document.Installation | None:
        answer = await self._call("GET", f"installations/{quote(name)}")
        return None if answer is None else document.Installation.model_validate(answer)

    async def list(self) -> list[document.Installation]:
        """Return every installation with its status."""
        answer: list[Any] = await self._call("GET", "installations") or []
        return [document.Installation.model_validate(each) for each in answer]

    async def delete(self, name: str) -> bool:
        await self._call("DELETE", f"installations/{quote(name)}")
        return await self.get(name) is None

    async def watch(self) -> AsyncGenerator[contract.Observed]:
        async with contextlib.aclosing(self._lines("watch", {})) as events:
            async for event in events:
                yield _observed(event)

    async def apply_application(self, application: manifest.Application) -> None:
        path = f"applications/{quote(application.metadata.name)}"
        await self._call("PUT", path, application.model_dump_json())

    async def get_application(self, name: str) -> manifest.Application | None:
        answer = await self._call("GET", f"applications/{quote(name)}")
        return None if answer is None else manifest.Application.model_validate(answer)

    async def facts(self) -> document.ClusterFacts:
        return document.ClusterFacts.model_validate(await self._call("GET", "facts"))

    async def logs(self, name: str, *, tail: int, follow: bool) -> AsyncGenerator[contract.LogLine]:
        query = {"tail": str(tail), "follow": str(follow).lower()}
        async with contextlib.aclosing(self._lines(f"installations/{quote(name)}/logs", query)) as lines:
            async for line in lines:
                at = line["at"]
                yield contract.LogLine(
                    at=None if at is None else datetime.fromisoformat(at), source=line["source"], text=line["text"]
                )

    async def close(self) -> None:
        """End all connections."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    async def _call(self, method: str, path: str, body: str | None = None) -> Any:
        """Make a call; returns the answer, None where there is no such thing."""
        async with self._request(method, path, data=body, timeout=TIMEOUT) as answer:
            return None if answer.status == _NOT_FOUND else await answer.json()

    async def _lines(self, path: str, query: dict[str, str]) -> AsyncGenerator[Any]:
        async with self._request("GET", path, params=query, timeout=STREAM_TIMEOUT) as answer:
            if answer.status == _NOT_FOUND:
                raise errors.NotFoundError(f"There is no {path} here.")
            async for line in answer.content:
                if line.strip():
                    yield json.loads(line)

    @contextlib.asynccontextmanager
    async def _request(self, method: str, path: str, **options: Any) -> AsyncGenerator[aiohttp.ClientResponse]:
        headers = {"Content-Type": "application/json"}
        try:
            async with self._session().request(method, f"v1/{path}", headers=headers, **options) as answer:
                if not answer.ok and answer.status != _NOT_FOUND:
                    raise _refusal(answer.status, await answer.text())
                yield answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise AgentAwayError(f"The agent does not answer: {error or type(error).__name__}.") from error

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            connector = aiohttp.UnixConnector(path=self._socket, limit=0)
            self._opened = aiohttp.ClientSession("http://agent/", connector=connector, read_bufsize=_LONGEST_LINE)
        return self._opened


def _observed(event: dict[str, Any]) -> contract.Observed:
    if event.get("synced"):
        return contract.Synced()
    found = event["installation"]
    installation = None if found is None else document.Installation.model_validate(found)
    return contract.InstallationObserved(name=event["name"], installation=installation)


def _refusal(status: int, text: str) -> errors.TenantryError:
    try:
        problem: dict[str, Any] = json.loads(text)
    except ValueError:
        problem = {}
    message = str(problem.get("title") or f"The agent answered with status {status}.")
    hint, field = problem.get("hint"), problem.get("field")
    if status in _REFUSED and status not in _BUSY:
        refusal: errors.TenantryError = errors.CustomerMustActError(message, hint=hint, field=field)
    else:
        refusal = errors.TemporaryError(message, hint=hint, field=field)
    refusal.status = status
    refusal.code = str(problem.get("code") or refusal.code)
    return refusal
