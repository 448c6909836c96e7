"""The option `--context`, understood before the noun and after it alike."""

from typing import Annotated

import typer
from typer import main as typer_main
from typer._click import core as parsing  # Typer carries its parser along and has no public name for its types

HELP = "The context to use instead of the current one."
NAME = "context"


def option() -> parsing.Parameter:
    """Return the option for a command below the root; what it says counts for the whole command."""
    template = typer.Typer(add_completion=False)
    template.command()(_template)
    return next(each for each in typer_main.get_command(template).params if each.name == NAME)


def _remember(ctx: typer.Context, value: str | None) -> None:
    if value is not None:
        ctx.find_root().params[NAME] = value


def _template(
    context: Annotated[str | None, typer.Option(help=HELP, callback=_remember, expose_value=False)] = None,
) -> None:
    """Hold the option as Typer makes it."""
    del context
