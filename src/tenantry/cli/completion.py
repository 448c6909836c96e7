"""Completes names by asking the provisioner, briefly; silence where it cannot be asked."""

from collections.abc import Awaitable, Callable

import typer

from tenantry.cli import session
from tenantry.client import installations as installation_calls
from tenantry.client import provisioner
from tenantry.kernel import errors

_LIMIT = 200

Names = Callable[[provisioner.Provisioner], Awaitable[list[str]]]


def installations(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of installations that begin with what was typed."""
    return _complete(ctx, incomplete, _installations)


def applications(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of applications that begin with what was typed."""
    return _complete(ctx, incomplete, _applications)


def _complete(ctx: typer.Context, incomplete: str, names: Names) -> list[str]:
    try:
        found = session.ask(ctx, names, options=session.BRIEF)
    except errors.TenantryError:
        return []
    return sorted(name for name in found if name.startswith(incomplete))


async def _installations(client: provisioner.Provisioner) -> list[str]:
    page = await client.installations.list(installation_calls.EVERYTHING, limit=_LIMIT)
    return [each.name for each in page.items]


async def _applications(client: provisioner.Provisioner) -> list[str]:
    return [each.name for each in await client.applications.list()]
