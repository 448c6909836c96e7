"""`tenantry context`: which provisioner commands speak to."""

import os
import sys
from typing import Annotated

import typer

from tenantry.cli import contexts, options, rendering, session
from tenantry.wire import model

app = typer.Typer(no_args_is_help=True)

SPEAK_TO_NOBODY = frozenset({"list", "set", "use", "remove"})
"""These change and show what is kept here."""


class Shown(model.Resource):
    """A context without its token."""

    name: str
    url: str
    has_token: bool
    is_current: bool


LIST = rendering.Columns[Shown](
    [
        rendering.Column(title="", value=lambda each: "*" if each.is_current else " "),
        rendering.Column(title="name", value=lambda each: each.name),
        rendering.Column(title="url", value=lambda each: each.url),
    ]
)
SHOWN = rendering.Columns[Shown](
    [
        rendering.Column(title="name", value=lambda each: each.name),
        rendering.Column(title="url", value=lambda each: each.url),
        rendering.Column(title="token", value=lambda each: "set" if each.has_token else "none"),
    ]
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The context's name.")]


@app.command("list")
def list_(output: options.Output = rendering.Format.TABLE) -> None:
    """List contexts; the current one has a star."""
    configuration = contexts.load(contexts.file(os.environ))
    rendering.many([_shown(each, configuration.current) for each in configuration.contexts], LIST, output)


@app.command("show")
def show(ctx: typer.Context, output: options.Output = rendering.Format.TABLE) -> None:
    """Show which provisioner commands speak to now; the token is left out."""
    current = contexts.load(contexts.file(os.environ)).current
    rendering.one(_shown(session.chosen_context(ctx), current), SHOWN, output)


@app.command("set")
def set_(
    name: Name,
    url: Annotated[str, typer.Option(help="The provisioner's address.")],
    token: Annotated[str, typer.Option(help="The token's secret; read from standard input without it.")] = "",
) -> None:
    """Add a context or change it; the first one becomes current."""
    secret = token or sys.stdin.readline().strip()
    path = contexts.file(os.environ)
    contexts.save(path, contexts.load(path).put(contexts.Context(name=name, url=url, token=secret)))
    rendering.line(f"{name} is set.")


@app.command("use")
def use(name: Name) -> None:
    """Make a context the current one."""
    path = contexts.file(os.environ)
    contexts.save(path, contexts.load(path).use(name))
    rendering.line(f"{name} is current.")


@app.command("remove")
def remove(name: Name) -> None:
    """Forget a context and its token."""
    path = contexts.file(os.environ)
    contexts.save(path, contexts.load(path).remove(name))
    rendering.line(f"{name} is removed.")


def _shown(context: contexts.Context, current: str | None) -> Shown:
    has_token = bool(context.token)
    return Shown(name=context.name, url=context.url, has_token=has_token, is_current=context.name == current)
