"""The commands of `tenantry installation` that change something: each makes one call and, on demand, waits."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated

import orjson
import typer

from tenantry.cli import asking, options, placing, rendering, session, waiting
from tenantry.client import installations, provisioner
from tenantry.wire import installations as wire
from tenantry.wire import placement

Installations = installations.Installations
Change = Callable[[provisioner.Provisioner], Awaitable[wire.Installation]]
Ask = Callable[[Installations, str], Awaitable[wire.Installation]]

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting; the value is read as JSON where it is some."),
]
TABLE = rendering.Format.TABLE


def register(app: typer.Typer) -> None:
    """Add the commands to the group."""
    for name, command in _COMMANDS.items():
        app.command(name)(command)


def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A DNS label of 3 to 40 characters; it becomes the address.")],
    application: Annotated[str, typer.Option("--application", "-a", help="The application to run.")],
    version: Annotated[str | None, typer.Option(help="The application's default where it is not given.")] = None,
    size: Annotated[str | None, typer.Option(help="The application's first size where it is not given.")] = None,
    settings: Settings = None,
    display_name: Annotated[str, typer.Option(help="What people call it.")] = "",
    labels: Annotated[list[str] | None, typer.Option("--label", "-l", metavar="KEY=VALUE", help="A label.")] = None,
    on: placing.Where = None,
    wait: options.Wait = False,
    timeout: options.Timeout = options.DEFAULT_TIMEOUT,
    output: options.Output = TABLE,
) -> None:
    """Make a new installation."""
    request = wire.CreateInstallation(
        name=name,
        application=application,
        version=version,
        size=size,
        settings=read_settings(settings or []),
        display_name=display_name,
        labels=placing.pairs(labels),
    )
    if on:
        request = request.model_copy(update={"placement": placement.Placement(match_labels=placing.pairs(on))})
    _change(ctx, lambda client: client.installations.create(request), wait=timeout if wait else None, output=output)


def update(
    ctx: typer.Context,
    name: options.InstallationName,
    version: Annotated[str | None, typer.Option(help="The version to change to.")] = None,
    size: Annotated[str | None, typer.Option(help="The size to change to.")] = None,
    settings: Settings = None,
    wait: options.Wait = False,
    timeout: options.Timeout = options.DEFAULT_TIMEOUT,
    output: options.Output = TABLE,
) -> None:
    """Change version, size or settings; settings that are not named stay."""
    given = read_settings(settings or [])
    if version is None and size is None and not given:
        raise typer.BadParameter("Say what changes: --version, --size or --set.")

    async def change(client: provisioner.Provisioner) -> wire.Installation:
        present = await client.installations.get(name)
        wanted: dict[str, object] = {"version": version, "size": size}
        wanted["settings"] = present.settings | given if given else None
        changes = wire.UpdateInstallation.model_validate({k: v for k, v in wanted.items() if v is not None})
        return await client.installations.update(name, changes, if_match=present.etag)

    _change(ctx, change, wait=timeout if wait else None, output=output)


def delete(
    ctx: typer.Context,
    name: options.InstallationName,
    grace: Annotated[
        int | None, typer.Option(min=0, help="Seconds in which it can be taken back; 0 deletes it for good at once.")
    ] = None,
    confirmed: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: options.Wait = False,
    timeout: options.Timeout = options.DEFAULT_TIMEOUT,
    output: options.Output = TABLE,
) -> None:
    """Switch an installation off, and delete it for good when the grace has passed."""
    if not confirmed:
        asking.confirm(f"Delete {name} and, when the grace has passed, all its data?")
    _change(
        ctx,
        lambda client: client.installations.delete(name, grace_seconds=grace),
        wait=timeout if wait else None,
        output=output,
    )


def abandon(
    ctx: typer.Context,
    name: options.InstallationName,
    confirmed: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: options.Wait = False,
    timeout: options.Timeout = options.DEFAULT_TIMEOUT,
    output: options.Output = TABLE,
) -> None:
    """Finish a deletion whose cluster never comes back, without that cluster."""
    if not confirmed:
        asking.confirm(
            f"Delete {name}'s database and bucket now, and leave on its cluster what cannot be reached there?"
        )
    _change(ctx, lambda client: client.installations.abandon(name), wait=timeout if wait else None, output=output)


def lock(ctx: typer.Context, name: options.InstallationName, output: options.Output = TABLE) -> None:
    """Refuse an installation's deletion from now on."""
    locked = session.ask(ctx, lambda client: client.installations.lock(name))
    rendering.changed(locked, f"{locked.name} is locked: its deletion is refused.", output)


def unlock(ctx: typer.Context, name: options.InstallationName, output: options.Output = TABLE) -> None:
    """Allow an installation's deletion again."""
    unlocked = session.ask(ctx, lambda client: client.installations.unlock(name))
    rendering.changed(unlocked, f"{unlocked.name} is not locked any more.", output)


def read_settings(given: list[str]) -> dict[str, object]:
    """Return settings from KEY=VALUE; a value that is JSON is read as such (`true`, `3`, `"3"`), others are text."""
    return {key: _value(text) for key, text in placing.pairs(given).items()}


def _asking(ask: Ask, meaning: str) -> Callable[..., None]:
    """Return the command that asks for one thing of an installation, and has nothing else to say."""

    def command(
        ctx: typer.Context,
        name: options.InstallationName,
        wait: options.Wait = False,
        timeout: options.Timeout = options.DEFAULT_TIMEOUT,
        output: options.Output = TABLE,
    ) -> None:
        _change(ctx, lambda client: ask(client.installations, name), wait=timeout if wait else None, output=output)

    command.__doc__ = meaning
    return command


def _value(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _change(ctx: typer.Context, change: Change, *, wait: int | None, output: rendering.Format) -> None:
    async def question(client: provisioner.Provisioner) -> wire.Installation:
        changed = await change(client)
        if wait is None:
            return changed
        return await waiting.installation(client, changed.id, timedelta(seconds=wait))

    state = session.ask(ctx, question)
    where = f" at {state.url}" if state.status is wire.Status.STABLE else ""
    rendering.changed(state, f"{state.name} is {state.status}{where}.", output)


_COMMANDS: dict[str, Callable[..., None]] = {
    "create": create,
    "update": update,
    "restart": _asking(Installations.restart, "Restart an installation's processes."),
    "rotate": _asking(
        Installations.rotate, "Replace the password of an installation's database and the key of its bucket."
    ),
    "hibernate": _asking(Installations.hibernate, "Put an installation to sleep: no process runs, everything is kept."),
    "wake": _asking(Installations.wake, "Wake an installation."),
    "retry": _asking(Installations.retry, "Try a change again that failed."),
    "delete": delete,
    "undelete": _asking(Installations.undelete, "Take a deletion back while the grace lasts."),
    "abandon": abandon,
    "lock": lock,
    "unlock": unlock,
}
