"""The provisioner over its REST client, as the portal's port asks for it.

What the client raises is translated once, here: a customer never reads about addresses, tokens or keys, and what only
the vendor can mend is told apart from an outage and from a refusal.
"""

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager
from datetime import timedelta
from typing import Any

from tenantry.client import failures
from tenantry.client import provisioner as clients
from tenantry.kernel import errors
from tenantry.portal import ports
from tenantry.wire import applications, events, installations

_BUSY = frozenset({"change-in-progress", "idempotency-key-in-flight"})
"""Conflicts that end by themselves: the same call is right a moment later."""

_UNEXPLAINED = ("http-", failures.AnswerUnreadableError.code)
"""How the codes begin where something else has answered than a provisioner that we know."""


class RestProvisioner:
    """`ports.Provisioner` over HTTP."""

    def __init__(self, client: clients.Provisioner) -> None:
        """Take an open client."""
        self._client = client

    async def applications(self) -> list[applications.Application]:
        with _translated():
            found = await self._client.applications.list()
        return sorted(found, key=lambda application: application.created_at)

    async def name_availability(self, name: str) -> installations.NameAvailability:
        with _translated():
            return await self._client.installations.availability(name)

    async def create(self, request: installations.CreateInstallation, *, key: str) -> installations.Installation:
        with _translated():
            return await self._client.installations.create(request, key=key)

    async def change(
        self, installation_id: str, action: str, *, key: str, details: dict[str, Any]
    ) -> installations.Installation:
        with _translated():
            return await self._change(installation_id, action, key=key, details=details)

    async def _change(
        self, installation_id: str, action: str, *, key: str, details: dict[str, Any]
    ) -> installations.Installation:
        calls = self._client.installations
        match action:
            case "restart":
                return await calls.restart(installation_id, key=key)
            case "hibernate":
                return await calls.hibernate(installation_id, key=key)
            case "wake":
                return await calls.wake(installation_id, key=key)
            case "retry":
                return await calls.retry(installation_id, key=key)
            case _:
                return await self._rare_change(installation_id, action, key=key, details=details)

    async def _rare_change(
        self, installation_id: str, action: str, *, key: str, details: dict[str, Any]
    ) -> installations.Installation:
        calls = self._client.installations
        match action:
            case "delete":
                return await calls.delete(installation_id)
            case "undelete":
                return await calls.undelete(installation_id, key=key)
            case "update":
                changes = installations.UpdateInstallation.model_validate(details)
                return await calls.update(installation_id, changes, key=key)
            case _:
                raise errors.PermanentError(f"There is no order of the kind “{action}”.")

    async def credentials(self, installation_id: str) -> installations.InstallationCredentials:
        with _translated():
            return await self._client.installations.credentials(installation_id)

    async def events(self, after: int) -> AsyncGenerator[events.Event, None]:
        with _translated():
            async with aclosing(self._client.event_log.stream(after=after, patience=timedelta())) as received:
                async for event in received:
                    yield event


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except errors.TenantryError as error:
        raise translated(error) from error


def translated(error: errors.TenantryError) -> errors.TenantryError:
    """Return an error of the client in the words of the portal's port."""
    match error:
        case failures.ProblemError() if error.code in _BUSY:
            return ports.BusyError(delay=error.delay)
        case errors.UnauthenticatedError() | errors.ForbiddenError():
            return ports.NotAdmittedError(error.code)
        case errors.TemporaryError():
            return ports.AwayError(delay=error.delay)
        case errors.TenantryError() if error.code.startswith(_UNEXPLAINED):
            return ports.NotUnderstoodError(error.code)
        case _:
            return error
