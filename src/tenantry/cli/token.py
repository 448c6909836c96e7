"""`tenantry token`: access to the provisioner."""

from typing import Annotated

import pydantic
import typer

from tenantry.cli import options, rendering, session
from tenantry.wire import tokens as wire

app = typer.Typer(no_args_is_help=True)

LIST = rendering.Columns[wire.Token](
    [
        rendering.Column(title="identifier", value=lambda each: each.id),
        rendering.Column(title="name", value=lambda each: each.name),
        rendering.Column(title="scopes", value=lambda each: ", ".join(each.scopes)),
        rendering.Column(title="created", value=lambda each: rendering.moment(each.created_at)),
        rendering.Column(title="expires", value=lambda each: rendering.moment(each.expires_at)),
        rendering.Column(title="revoked", value=lambda each: rendering.moment(each.revoked_at)),
        rendering.Column(title="last used", value=lambda each: rendering.moment(each.last_used_at)),
    ]
)


@app.command("create")
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose or what for; shown as the actor of what it does.")],
    scopes: Annotated[list[wire.Scope], typer.Option("--scope", help="What it may do; give one or more.")],
    days: Annotated[int, typer.Option(min=0, max=3650, help="Days until it expires; 0: never.")] = 90,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Make a token; its secret is shown this once."""
    request = wire.CreateToken(name=name, scopes=scopes, expires_in_days=days or None)
    made = session.ask(ctx, lambda client: client.tokens.create(request))
    rendering.changed(made, made.secret, output)


@app.command("list")
def list_(ctx: typer.Context, output: options.Output = rendering.Format.TABLE) -> None:
    """List tokens, without their secrets."""
    rendering.many(session.ask(ctx, lambda client: client.tokens.list()), LIST, output)


class Revoked(pydantic.BaseModel):
    """What is left to say of a token."""

    id: str
    revoked: bool = True


@app.command("revoke")
def revoke(
    ctx: typer.Context,
    identifier: Annotated[str, typer.Argument(metavar="IDENTIFIER", help="The token's identifier.")],
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Make a token useless from now on."""
    session.ask(ctx, lambda client: client.tokens.revoke(identifier))
    rendering.changed(Revoked(id=identifier), f"{identifier} is revoked.", output)
