"""Speaks with an API server as far as bringing a cluster up needs it, and as tests find handy: plain objects as JSON.

Addresses are paths, so that any kind can be asked for: `/api/v1/namespaces/default/pods/a`.
"""

import contextlib
import json
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import aiohttp

from tenantry.kernel import errors

Object = dict[str, Any]
"""An object of Kubernetes, as JSON has it."""

MANAGER = "testbed"
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=5)
_APPLY = {"Content-Type": "application/apply-patch+yaml"}
_MERGE = {"Content-Type": "application/merge-patch+json"}


class ApiError(errors.PermanentError):
    """The API server did not do what it was asked."""

    code = "api-refused"

    def __init__(self, status: int, message: str) -> None:
        """Take the status of the answer and what it says."""
        super().__init__(f"{status}: {message}")
        self.answer = status


class Api:
    """One user's view of an API server; closes with the session that it is given."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Use a session that knows address, authority and token (see `connected`)."""
        self._session = session

    async def get(self, path: str) -> Object:
        """Return what is at the path.

        Raises:
            ApiError: it is not there, or not for us.
        """
        return await self._ask("GET", path)

    async def items(self, path: str) -> list[Object]:
        """Return the objects of a collection.

        Raises:
            ApiError: it is not for us.
        """
        return (await self.get(path))["items"]

    async def create(self, path: str, body: Object) -> Object:
        """Create an object in a collection and return it.

        Raises:
            ApiError: it exists, is not valid, or we may not.
        """
        return await self._ask("POST", path, body)

    async def apply(self, path: str, body: Object, *, manager: str = MANAGER) -> Object:
        """Make the object at this path be like this (server-side apply, by force) and return it.

        Args:
            path: of the object.
            body: the object, or parts of it.
            manager: whose fields these are.

        Raises:
            ApiError: it is not valid, or we may not.
        """
        return await self._ask("PATCH", f"{path}?fieldManager={manager}&force=true", body, _APPLY)

    async def tried(self, path: str, body: Object) -> Object:
        """Return what the object would be after it was applied; nothing is kept, and a field nobody knows is an error.

        Raises:
            ApiError: it is not valid, or we may not.
        """
        asked = f"{path}?fieldManager={MANAGER}&force=true&dryRun=All&fieldValidation=Strict"
        return await self._ask("PATCH", asked, body, _APPLY)

    async def merge(self, path: str, body: Object) -> Object:
        """Change parts of an object and return it.

        Raises:
            ApiError: it is not there, the result is not valid, or we may not.
        """
        return await self._ask("PATCH", path, body, _MERGE)

    async def delete(self, path: str, *, propagation: str = "Background") -> None:
        """Delete an object or a collection.

        Raises:
            ApiError: it is not there, or we may not.
        """
        await self._ask("DELETE", path, {"propagationPolicy": propagation})

    async def text(self, path: str) -> str:
        """Return an answer that is no object, such as metrics.

        Raises:
            ApiError: it is not there, or not for us.
        """
        async with self._session.get(path) as response:
            return _checked(response.status, await response.text())

    async def is_ready(self) -> bool:
        """Tell whether the API server is ready; no answer means no."""
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with self._session.get("/readyz") as response:
                return response.status == HTTPStatus.OK
        return False

    async def has(self, path: str) -> bool:
        """Tell whether there is something at the path.

        Raises:
            ApiError: we may not know.
        """
        try:
            await self.get(path)
        except ApiError as error:
            if error.answer == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    async def _ask(self, method: str, path: str, body: Object | None = None, headers: Mapping[str, str] = {}) -> Object:
        content = None if body is None else json.dumps(body)
        sent = {"Content-Type": "application/json", **headers}
        async with self._session.request(method, path, data=content, headers=sent) as response:
            return json.loads(_checked(response.status, await response.text()))


@contextlib.asynccontextmanager
async def connected(endpoint: str, ca: bytes, token: str) -> AsyncGenerator[Api]:
    """Give a connection as the user that the token stands for.

    Args:
        endpoint: URL of the API server.
        ca: certificate of its authority, as PEM.
        token: bearer token.
    """
    trusted = ssl.create_default_context(cadata=ca.decode())
    async with aiohttp.ClientSession(
        endpoint,
        connector=aiohttp.TCPConnector(ssl=trusted),
        headers={"Authorization": f"Bearer {token}"},
        timeout=_TIMEOUT,
    ) as session:
        yield Api(session)


def is_true(item: Object, condition: str) -> bool:
    """Tell whether an object's condition is true."""
    conditions: Sequence[Object] = item.get("status", {}).get("conditions", [])
    return any(each["type"] == condition and each["status"] == "True" for each in conditions)


def _checked(status: int, text: str) -> str:
    if status < HTTPStatus.BAD_REQUEST:
        return text
    try:
        raise ApiError(status, json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        raise ApiError(status, text) from None
