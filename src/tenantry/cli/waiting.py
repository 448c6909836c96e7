"""Waits until an installation or an application has come to rest, and shows how it goes on standard error."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import TypeVar

from tenantry.cli import exits, progress
from tenantry.client import provisioner
from tenantry.kernel import errors
from tenantry.wire import applications, installations

Thing = TypeVar("Thing")

_RESTING = frozenset(
    {
        installations.Status.STABLE,
        installations.Status.UNHEALTHY,
        installations.Status.FAILED,
        installations.Status.HIBERNATED,
        installations.Status.DISCARDED,
        installations.Status.DELETED,
    }
)
_UNWELL = frozenset({installations.Status.UNHEALTHY, installations.Status.FAILED})


class CameToRestUnwellError(errors.TenantryError):
    """It did not become what was wanted."""

    code = "came-to-rest-unwell"


async def installation(
    client: provisioner.Provisioner, identifier: str, limit: timedelta
) -> installations.Installation:
    """Return the installation once nothing is being done to it any more.

    Raises:
        CameToRestUnwellError: it failed or is not well.
        WaitTimedOutError: it was still being worked on when the time was over.
    """
    with progress.Progress() as shown:
        last = await _until(client.watch(identifier), is_at_rest, shown.installation, limit)
    if last.status in _UNWELL:
        raise CameToRestUnwellError(
            f"{last.name} is {last.status}: {last.message or last.reason or 'no reason was given'}",
            hint=f"`tenantry installation explain {last.name}` says more.",
        )
    return last


async def application(client: provisioner.Provisioner, name: str, limit: timedelta) -> applications.Application:
    """Return the application once all its versions are prepared.

    Raises:
        CameToRestUnwellError: a version could not be prepared.
        WaitTimedOutError: it was still being prepared when the time was over.
    """
    with progress.Progress() as shown:
        last = await _until(client.watch_application(name), _is_prepared, shown.application, limit)
    if last.status is applications.Status.FAILED:
        raise CameToRestUnwellError(f"{name} cannot be sold: {last.message}", hint="Mend the manifest and apply again.")
    return last


def is_at_rest(state: installations.Installation) -> bool:
    """Tell whether nothing is being done to it, and what was last asked for has been seen to."""
    has_seen = state.observed_generation >= state.generation or state.status is not installations.Status.STABLE
    return state.status in _RESTING and has_seen


def _is_prepared(state: applications.Application) -> bool:
    return state.status is not applications.Status.PREPARING


async def _until(
    states: AsyncGenerator[Thing, None],
    is_done: Callable[[Thing], bool],
    show: Callable[[Thing], None],
    limit: timedelta,
) -> Thing:
    try:
        async with asyncio.timeout(limit.total_seconds()), aclosing(states):
            async for state in states:
                show(state)
                if is_done(state):
                    return state
    except TimeoutError as error:
        message = f"It is not done after {limit.total_seconds():.0f} seconds."
        raise exits.WaitTimedOutError(message) from error
    raise errors.PermanentError("The watch ended before it was done.")
