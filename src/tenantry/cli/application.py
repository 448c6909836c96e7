"""`tenantry application`: what is sold."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from tenantry.application import source
from tenantry.cli import options, rendering, session, waiting
from tenantry.client import provisioner
from tenantry.wire import applications as wire

app = typer.Typer(no_args_is_help=True)

SPEAK_TO_NOBODY = frozenset({"validate"})

File = Annotated[Path, typer.Argument(metavar="FILE", help="The manifest, a YAML file.", exists=True, dir_okay=False)]

LIST = rendering.Columns[wire.Application](
    [
        rendering.Column(title="name", value=lambda each: each.name),
        rendering.Column(title="title", value=lambda each: each.title),
        rendering.Column(title="status", value=lambda each: each.status),
        rendering.Column(title="version", value=lambda each: each.default_version),
        rendering.Column(title="sizes", value=lambda each: ", ".join(size.name for size in each.sizes)),
        rendering.Column(title="updated", value=lambda each: rendering.moment(each.updated_at)),
    ]
)
DETAIL = rendering.Columns[wire.Application](
    [
        *LIST,
        rendering.Column(title="summary", value=lambda each: each.summary),
        rendering.Column(
            title="versions", value=lambda each: ", ".join(f"{v.version} ({v.phase})" for v in each.versions)
        ),
        rendering.Column(title="message", value=lambda each: each.message),
        rendering.Column(title="identifier", value=lambda each: each.id),
    ]
)
VERSIONS = rendering.Columns[wire.Version](
    [
        rendering.Column(title="version", value=lambda each: each.version),
        rendering.Column(title="phase", value=lambda each: each.phase),
        rendering.Column(title="upgrades from", value=lambda each: ", ".join(each.upgrades_from)),
        rendering.Column(title="message", value=lambda each: each.message),
    ]
)


@app.command("validate")
def validate(file: File, output: options.Output = rendering.Format.TABLE) -> None:
    """Check a manifest without sending it anywhere; the structured answer has files and templates in place."""
    application = source.read(file)
    rendering.changed(application, f"{file}: {application.metadata.name} is valid.", output)


@app.command("apply")
def apply(
    ctx: typer.Context,
    file: File,
    wait: options.Wait = False,
    timeout: options.Timeout = options.DEFAULT_TIMEOUT,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Make an application known, or change it, by its manifest."""
    manifest = source.read(file)

    async def question(client: provisioner.Provisioner) -> wire.Application:
        applied = await client.applications.apply(manifest)
        return await waiting.application(client, applied.name, timedelta(seconds=timeout)) if wait else applied

    applied = session.ask(ctx, question)
    rendering.changed(applied, f"{applied.name} is {applied.status}.", output)


@app.command("list")
def list_(ctx: typer.Context, output: options.Output = rendering.Format.TABLE) -> None:
    """List what is sold."""
    rendering.many(session.ask(ctx, lambda client: client.applications.list()), LIST, output)


@app.command("show")
def show(ctx: typer.Context, name: options.ApplicationName, output: options.Output = rendering.Format.TABLE) -> None:
    """Show one application."""
    rendering.one(session.ask(ctx, lambda client: client.applications.get(name)), DETAIL, output)


@app.command("versions")
def versions(
    ctx: typer.Context, name: options.ApplicationName, output: options.Output = rendering.Format.TABLE
) -> None:
    """List an application's versions and how far each is prepared."""
    rendering.many(session.ask(ctx, lambda client: client.applications.get(name)).versions, VERSIONS, output)
