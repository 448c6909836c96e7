"""`tenantry object-store`: S3 endpoints that hold buckets."""

import os
from typing import Annotated

import pydantic
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
    remains="the store stays as it is",
)
app = NOUN.commands()


CaFile = Annotated[
    typer.FileText | None,
    typer.Option(help="Certificates of those who sign the store's, as PEM; without, the public authorities."),
]


@app.command("register")
def register(
    ctx: typer.Context,
    name: options.Name,
    endpoint: Annotated[str, typer.Option(help="Its address.")],
    kind: Annotated[
        wire.StoreKind,
        typer.Option(help="`iam`: it has users, made by AWS' IAM API; `rclone`: folders of this machine."),
    ] = "rclone",
    root: Annotated[str | None, typer.Option(help="Of rclone: where the keys and their folders are.")] = None,
    iam_endpoint: Annotated[
        str | None, typer.Option(help="Where its users are made, if not at the same address; AWS' own is known.")
    ] = None,
    ca_file: CaFile = None,
    region: Annotated[str, typer.Option(help="Its region.")] = "us-east-1",
    max_buckets: Annotated[int, typer.Option(min=0, help="How many buckets it may hold.")] = 10_000,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Make an object store known.

    The key of an administrator of users and buckets is read from TENANTRY_OBJECT_STORE_ACCESS_KEY and
    TENANTRY_OBJECT_STORE_SECRET_KEY, or asked for.
    """
    access_key, secret_key = _key() if kind == "iam" else (None, None)
    request = wire.RegisterObjectStore(
        name=name,
        kind=kind,
        endpoint=endpoint,
        root=root,
        iam_endpoint=iam_endpoint,
        access_key=access_key,
        secret_key=secret_key,
        ca_certificate=ca_file.read() if ca_file else "",
        region=region,
        max_buckets=max_buckets,
    )
    NOUN.change(ctx, lambda calls: calls.register(request), output)


@app.command("update")
def update(
    ctx: typer.Context,
    name: options.Name,
    max_buckets: Annotated[int | None, typer.Option(min=0, help="How many buckets it may hold.")] = None,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Give it another key of the administrator, taken as `register` takes it.")
    ] = False,
    ca_file: CaFile = None,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Change what may be placed on an object store, or how it is reached."""
    access_key, secret_key = _key() if new_key else (None, None)
    request = wire.UpdateObjectStore(
        max_buckets=max_buckets,
        access_key=access_key,
        secret_key=secret_key,
        ca_certificate=ca_file.read() if ca_file else None,
    )
    NOUN.change(ctx, lambda calls: calls.update(name, request), output, what="changed")


def _key() -> tuple[pydantic.SecretStr, pydantic.SecretStr]:
    """Take the key from where no process list and no shell history shows it."""
    access_key = os.environ.get("TENANTRY_OBJECT_STORE_ACCESS_KEY") or typer.prompt("Access key", err=True)
    given = os.environ.get("TENANTRY_OBJECT_STORE_SECRET_KEY")
    secret_key = given or typer.prompt("Secret key", hide_input=True, err=True)
    return pydantic.SecretStr(access_key), pydantic.SecretStr(secret_key)
