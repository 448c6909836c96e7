"""`tenantry pooler`: what stands beside a PgBouncer."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from tenantry.cli import session
from tenantry.client import provisioner, retrying, transport
from tenantry.pooler import console, folder, sidecar

app = typer.Typer(no_args_is_help=True)

_BRISK = transport.Options(total=timedelta(seconds=15), retries=retrying.NEVER)
"""It asks again by itself."""


@app.callback()
def pooler() -> None:
    """Keep the commands below their noun, though there is one alone."""


@app.command("run")
def run(
    ctx: typer.Context,
    server: Annotated[str, typer.Argument(metavar="DATABASE", help="Name or id of the database server.")],
    directory: Annotated[Path, typer.Option(help="Where the files go that PgBouncer's own includes.")],
    socket_directory: Annotated[Path, typer.Option(help="PgBouncer's unix_socket_dir.")] = Path("/run/pgbouncer"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="PgBouncer's listen_port.")] = 6432,
    every: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option(help="Write the files, and end: before PgBouncer is started.")] = False,
) -> None:
    """Bring a PgBouncer what the provisioner has for it; the token needs the scope poolers:read."""
    chosen = session.chosen_context(ctx)

    async def work() -> None:
        async with provisioner.Provisioner(chosen.url, chosen.token, options=_BRISK) as client:
            beside = sidecar.Sidecar(
                client.poolers,
                server,
                folder.Folder(directory),
                console.Console(folder=socket_directory, port=port),
                typer.echo,
            )
            await (beside.fetch() if once else beside.run(timedelta(seconds=every)))

    asyncio.run(work())
