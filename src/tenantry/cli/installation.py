"""`tenantry installation`: the customers' running copies. Changes are in `installation_changes`."""

from contextlib import aclosing
from typing import Annotated

import pydantic
import typer

from tenantry.cli import explaining, installation_changes, options, rendering, session
from tenantry.client import installations as installation_calls
from tenantry.client import provisioner
from tenantry.wire import installations as wire

app = typer.Typer(no_args_is_help=True)
installation_changes.register(app)

LIST = rendering.Columns[wire.Installation](
    [
        rendering.Column(title="name", value=lambda each: each.name),
        rendering.Column(title="application", value=lambda each: each.application),
        rendering.Column(title="version", value=lambda each: each.serving_version or each.version),
        rendering.Column(title="size", value=lambda each: each.size),
        rendering.Column(title="status", value=lambda each: each.status),
        rendering.Column(title="reason", value=lambda each: each.reason),
        rendering.Column(title="url", value=lambda each: each.url),
        rendering.Column(title="created", value=lambda each: rendering.moment(each.created_at)),
    ]
)
DETAIL = rendering.Columns[wire.Installation](
    [
        *LIST,
        rendering.Column(title="display name", value=lambda each: each.display_name),
        rendering.Column(title="message", value=lambda each: each.message),
        rendering.Column(title="wanted", value=lambda each: f"{each.target}, version {each.version}"),
        rendering.Column(title="cluster", value=lambda each: each.cluster or ""),
        rendering.Column(title="restarts", value=lambda each: str(each.restarts)),
        rendering.Column(title="locked", value=lambda each: rendering.yes(is_so=each.is_locked)),
        rendering.Column(title="delete after", value=lambda each: rendering.moment(each.delete_after)),
        rendering.Column(
            title="labels", value=lambda each: ", ".join(f"{key}={value}" for key, value in each.labels.items())
        ),
        rendering.Column(
            title="conditions", value=lambda each: ", ".join(f"{c.type}={c.status}" for c in each.conditions)
        ),
        rendering.Column(title="identifier", value=lambda each: each.id),
    ]
)
CREDENTIALS = rendering.Columns[wire.InstallationCredentials](
    [
        rendering.Column(title="url", value=lambda each: each.url),
        rendering.Column(title="username", value=lambda each: each.username),
        rendering.Column(title="password", value=lambda each: each.password),
        rendering.Column(title="note", value=lambda each: each.note),
    ]
)


class Explained(pydantic.BaseModel):
    """An installation in words."""

    name: str
    status: wire.Status
    lines: list[str]


@app.command("list")
def list_(
    ctx: typer.Context,
    status: Annotated[wire.Status | None, typer.Option(help="Only those that are so.")] = None,
    application: Annotated[str | None, typer.Option(help="Only those of this application.")] = None,
    label: Annotated[str | None, typer.Option("--label", "-l", help="Only those with this label, KEY=VALUE.")] = None,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """List installations, newest first."""
    selection = installation_calls.Selection(status=status, application=application, label=label)

    async def question(client: provisioner.Provisioner) -> list[wire.Installation]:
        return [each async for each in client.installations.all(selection)]

    rendering.many(session.ask(ctx, question), LIST, output)


@app.command("show")
def show(ctx: typer.Context, name: options.InstallationName, output: options.Output = rendering.Format.TABLE) -> None:
    """Show one installation."""
    rendering.one(session.ask(ctx, lambda client: client.installations.get(name)), DETAIL, output)


@app.command("explain")
def explain(
    ctx: typer.Context, name: options.InstallationName, output: options.Output = rendering.Format.TABLE
) -> None:
    """Say in words how an installation is, why, and what can be done."""
    state = session.ask(ctx, lambda client: client.installations.get(name))
    lines = explaining.explain(state)
    rendering.changed(Explained(name=state.name, status=state.status, lines=lines), "\n".join(lines), output)


@app.command("watch")
def watch(ctx: typer.Context, name: options.InstallationName, output: options.Output = rendering.Format.TABLE) -> None:
    """Show an installation each time it changes, until Ctrl-C or until it is deleted."""

    async def question(client: provisioner.Provisioner) -> None:
        async with aclosing(client.watch(name)) as states:
            async for state in states:
                rendering.streamed(state, _change(state), output)
                if state.status is wire.Status.DELETED:
                    return

    session.ask(ctx, question)


@app.command("logs")
def logs(
    ctx: typer.Context,
    name: options.InstallationName,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with each new line, until Ctrl-C.")] = False,
    tail: Annotated[int, typer.Option(min=0, help="How many of the last lines.")] = 100,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Show what an installation printed."""

    async def question(client: provisioner.Provisioner) -> None:
        async with aclosing(client.installations.logs(name, tail=tail, follow=follow)) as lines:
            async for line in lines:
                rendering.streamed(line, f"{rendering.moment(line.at)}  {line.source}  {line.text}", output)

    session.ask(ctx, question)


@app.command("credentials")
def credentials(
    ctx: typer.Context, name: options.InstallationName, output: options.Output = rendering.Format.TABLE
) -> None:
    """Show how the first administrator signs in."""
    rendering.one(session.ask(ctx, lambda client: client.installations.credentials(name)), CREDENTIALS, output)


def _change(state: wire.Installation) -> str:
    why = f" ({state.message or state.reason})" if state.message or state.reason else ""
    return f"{rendering.moment(state.updated_at)}  {state.name}  {state.status}{why}"
