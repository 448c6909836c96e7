"""`tenantry object-store`: S3 endpoints that hold buckets."""

from typing import Annotated

import typer

from tenantry.cli import options, registered, rendering
from tenantry.wire import infrastructure as wire

NOUN = registered.Noun(
    one="an object store",
    many="object stores",
    calls=lambda client: client.object_stores,
    address=rendering.Columns[wire.ObjectStore](
        [
            rendering.Column(title="kind", value=lambda each: each.kind),
            rendering.Column(title="endpoint", value=lambda each: each.endpoint),
            rendering.Column(title="region", value=lambda each: each.region),
        ]
    ),
    load=rendering.Column(title="buckets", value=lambda each: f"{each.buckets} of {each.max_buckets}"),
)
app = NOUN.commands()


@app.command("register")
def register(
    ctx: typer.Context,
    name: options.Name,
    endpoint: Annotated[str, typer.Option(help="Its address.")],
    root: Annotated[str, typer.Option(help="Where the keys and their folders are.")],
    region: Annotated[str, typer.Option(help="Its region.")] = "us-east-1",
    max_buckets: Annotated[int, typer.Option(min=0, help="How many buckets it may hold.")] = 10_000,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Make an object store known."""
    request = wire.RegisterObjectStore(name=name, endpoint=endpoint, root=root, region=region, max_buckets=max_buckets)
    NOUN.change(ctx, lambda calls: calls.register(request), output)


@app.command("update")
def update(
    ctx: typer.Context,
    name: options.Name,
    max_buckets: Annotated[int | None, typer.Option(min=0, help="How many buckets it may hold.")] = None,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Change what may be placed on an object store."""
    request = wire.UpdateObjectStore(max_buckets=max_buckets)
    NOUN.change(ctx, lambda calls: calls.update(name, request), output, what="changed")
