"""The program `python -m tenantry.operator.migration`: brings objects over and back, and writes stored ones anew.

It reads the operator's settings (`TENANTRY_OPERATOR_*`): the context, how fast the API server is asked, and the facts,
which must be those of the operator, since what it would make is rendered here too.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import yaml
from prometheus_client import CollectorRegistry

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import configuration, connection, kinds, limits, measures, rights
from tenantry.operator import settings
from tenantry.operator.controller import controller
from tenantry.operator.migration import fleet, model, storage, table
from tenantry.operator.migration import mapping as mappings

_DONE, _FAILED, _LEFT = 0, 1, 2

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

MappingFile = Annotated[Path, typer.Argument(help="How objects of the former kind become Installations (YAML).")]


class Stored(StrEnum):
    """A kind of ours."""

    INSTALLATIONS = "installations"
    APPLICATIONS = "applications"


@app.command()
def resources(
    mapping: MappingFile,
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what would be done.")] = False,
    namespace: Annotated[str | None, typer.Option(help="Only objects of this namespace.")] = None,
    selector: Annotated[str, typer.Option(help="Only objects with these labels.")] = "",
    at_once: Annotated[int, typer.Option(min=1, help="Objects that are on their way at the same time.")] = 10,
    patience: Annotated[int, typer.Option(min=1, help="Seconds after which an object is left as it is.")] = 600,
) -> None:
    """Bring objects with the label tenantry.dev/migrate over (`true`) or back (`false`), one by one.

    Ends with 2 where an object was left; its line says why.
    """
    read = mappings.read(mapping)
    bounds = fleet.Bounds(at_once=at_once, patience=timedelta(seconds=patience))
    chosen = fleet.Selection(namespace=namespace, labels=selector)
    counted = asyncio.run(bring(settings.from_environment(), read, bounds, chosen, is_preview=preview))
    typer.echo(", ".join(f"{counted[each]} {each}" for each in fleet.State if counted[each]) or "Nothing asks for it.")
    raise typer.Exit(_LEFT if counted[fleet.State.LEFT] else _DONE)


@app.command()
def role(mapping: MappingFile) -> None:
    """Print the role that bringing objects of the former kind over needs."""
    typer.echo(yaml.safe_dump(table.cluster_role(mappings.read(mapping)), sort_keys=False), nl=False)


@app.command(name="storage")
def rewrite(kind: Annotated[Stored, typer.Argument(help="Which kind.")]) -> None:
    """Write every stored object of a kind anew, in the version that its definition stores now."""
    wanted = {Stored.INSTALLATIONS: kinds.INSTALLATION, Stored.APPLICATIONS: kinds.APPLICATION}[kind]
    done = asyncio.run(_rewrite(settings.from_environment(), wanted))
    count = sum(done.counted.values())
    typer.echo(f"{count} {kind} stored as {done.version}; before: {', '.join(done.before)}.")


async def bring(
    chosen: settings.Settings,
    mapping: mappings.Migration,
    bounds: fleet.Bounds,
    selection: fleet.Selection,
    *,
    is_preview: bool = False,
) -> Counter[fleet.State]:
    """Bring the chosen objects to where their flags want them, or tell what would be done."""
    async with connected(chosen, table.resources(mapping)) as client:
        facts = chosen.facts(await controller.offered(client))
        made = fleet.Fleet(client, mapping, facts, clock=clocks.SystemClock(), bounds=bounds, tell=_show)
        return await (made.preview(selection) if is_preview else made.bring(selection))


@asynccontextmanager
async def connected(
    chosen: settings.Settings,
    allowed: Iterable[rights.Right],
    *,
    client: type[clients.Client] = clients.Client,
    environment: Mapping[str, str] = os.environ,
) -> AsyncGenerator[clients.Client]:
    """Give a client that keeps to a table of rights; the environment says where the API server is."""
    known = configuration.find(environment, clocks.SystemClock(), context=chosen.context)
    async with connection.Connection(known) as opened:
        yield client(
            opened,
            allowed=rights.Rights(allowed),
            gate=limits.Gate(chosen.limits()),
            counted=measures.Measures(CollectorRegistry()),
            manager=model.MANAGER,
        )


async def _rewrite(chosen: settings.Settings, kind: kinds.Kind) -> storage.Rewritten:
    async with connected(chosen, table.storage(kind)) as client:
        return await storage.rewrite(client, kind)


def _show(told: fleet.Told) -> None:
    typer.echo(f"{told.key}  {told.state}  {told.message}")


def run() -> NoReturn:
    """Run the program; an error is one line."""
    try:
        app()
    except errors.TenantryError as error:
        typer.echo(" ".join(filter(None, (error.message, error.advice))), err=True)
        sys.exit(_FAILED)
    sys.exit(_DONE)
