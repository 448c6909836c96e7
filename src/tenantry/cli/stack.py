"""`tenantry up`, `down` and `status`: the stack on this machine.

The parts of `local/` are loaded when one of these commands is used, so that `tenantry --help` does not wait for them.
"""

import importlib
from pathlib import Path
from typing import Annotated, Protocol, cast

import typer

from tenantry.cli import formats

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Data directory; ~/.local/share/tenantry, as root /var/lib/tenantry."),
]
Listen = Annotated[
    str | None, typer.Option("--listen", metavar="ADDR:PORT", help="Where the front door listens; 127.0.0.1:8080.")
]
Detach = Annotated[bool, typer.Option("--detach", "-d", help="Return when everything serves; end it with “down”.")]
Output = Annotated[
    formats.Format, typer.Option("--output", "-o", help="How the answer is written.", case_sensitive=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("up")(up)
    app.command("down")(down)
    app.command("status")(status)


class _Console(Protocol):
    def up(self, data: Path | None, listen: str | None, *, is_detached: bool) -> int: ...
    def down(self, data: Path | None) -> int: ...
    def status(self, data: Path | None, output: str) -> int: ...


def up(data: Data = None, listen: Listen = None, detach: Detach = False) -> None:
    """Bring the whole business up on this machine, and stay with it until Ctrl-C."""
    raise typer.Exit(_console().up(data, listen, is_detached=detach))


def down(data: Data = None) -> None:
    """Take everything down: workloads, services, database. Data stay."""
    raise typer.Exit(_console().down(data))


def status(data: Data = None, output: Output = formats.Format.TABLE) -> None:
    """Show what runs, where, and with how much memory; exit status 1 when not everything serves."""
    raise typer.Exit(_console().status(data, output))


def _console() -> _Console:
    # By its name, so that neither this module nor `tenantry --help` pays for database driver and HTTP client.
    return cast("_Console", importlib.import_module("tenantry.local.console"))
