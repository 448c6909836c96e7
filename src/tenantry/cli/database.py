"""`tenantry database`: PostgreSQL servers that hold logical databases."""

import os
from typing import Annotated, Any

import pydantic
import typer

from tenantry.cli import options, registered, rendering
from tenantry.wire import infrastructure as wire

NOUN = registered.Noun(
    one="a database server",
    many="database servers",
    calls=lambda client: client.database_servers,
    address=rendering.Columns[wire.DatabaseServer](
        [
            rendering.Column(title="address", value=lambda each: f"{each.host}:{each.port}"),
            rendering.Column(title="version", value=lambda each: each.version),
        ]
    ),
    load=rendering.Column(title="databases", value=lambda each: f"{each.databases} of {each.max_databases}"),
    remains="the server stays as it is",
    known=rendering.Columns[wire.DatabaseServer](
        [
            rendering.Column(
                title="pooler", value=lambda each: f"{each.pooler_host}:{each.pooler_port}" if each.pooler_host else ""
            ),
            rendering.Column(
                title="pooled", value=lambda each: f"{each.pooled_connections} of {each.pooler_budget} connections"
            ),
        ]
    ),
)
app = NOUN.commands()

CaFile = Annotated[
    typer.FileText | None,
    typer.Option(help="Certificates of those who sign the server's, as PEM; without, those whom the system trusts."),
]

Pooler = Annotated[
    str | None, typer.Option(metavar="HOST[:PORT]", help="Where installations reach a PgBouncer before the server.")
]
PoolerBudget = Annotated[
    int | None, typer.Option(min=0, help="How many connections it may open to the server, a part of --max-connections.")
]


@app.command("register")
def register(
    ctx: typer.Context,
    name: options.Name,
    host: Annotated[str, typer.Option(help="Host name or address.")],
    user: Annotated[str, typer.Option(help="A role that may create databases and roles.")] = "postgres",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port.")] = 5432,
    ssl_mode: Annotated[
        wire.SslMode, typer.Option(help="How connections are protected: the provisioner's and the installations'.")
    ] = "prefer",
    ca_file: CaFile = None,
    max_databases: Annotated[int, typer.Option(min=0, help="How many logical databases it may hold.")] = 500,
    max_connections: Annotated[
        int, typer.Option(min=0, help="How many connections installations may be promised in all.")
    ] = 4000,
    pooler: Pooler = None,
    pooler_budget: PoolerBudget = None,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Make a database server known; the password is read from TENANTRY_DATABASE_PASSWORD, or asked for."""
    request = wire.RegisterDatabaseServer(
        name=name,
        host=host,
        port=port,
        user=user,
        password=_password(),
        ssl_mode=ssl_mode,
        ca_certificate=ca_file.read() if ca_file else "",
        max_databases=max_databases,
        max_connections=max_connections,
        **_pooler(pooler, pooler_budget),
    )
    NOUN.change(ctx, lambda calls: calls.register(request), output)


@app.command("update")
def update(
    ctx: typer.Context,
    name: options.Name,
    ssl_mode: Annotated[wire.SslMode | None, typer.Option(help="How connections are protected from now on.")] = None,
    ca_file: CaFile = None,
    max_databases: Annotated[int | None, typer.Option(min=0, help="How many logical databases it may hold.")] = None,
    max_connections: Annotated[
        int | None, typer.Option(min=0, help="How many connections installations may be promised in all.")
    ] = None,
    pooler: Pooler = None,
    pooler_budget: PoolerBudget = None,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Change how a database server is trusted, and what may be placed on it."""
    request = wire.UpdateDatabaseServer(
        ssl_mode=ssl_mode,
        ca_certificate=ca_file.read() if ca_file else None,
        max_databases=max_databases,
        max_connections=max_connections,
        **_pooler(pooler, pooler_budget),
    )
    NOUN.change(ctx, lambda calls: calls.update(name, request), output, what="changed")


def _pooler(address: str | None, budget: int | None) -> dict[str, Any]:
    given: dict[str, Any] = {} if budget is None else {"pooler_budget": budget}
    if address is None:
        return given
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or not host or (":" in host and not host.startswith("[")):
        return given | {"pooler_host": address.strip("[]")}
    return given | {"pooler_host": host.strip("[]"), "pooler_port": int(port)}


def _password() -> pydantic.SecretStr:
    """Take the password from where no process list and no shell history shows it."""
    given = os.environ.get("TENANTRY_DATABASE_PASSWORD") or typer.prompt("Password", hide_input=True, err=True)
    return pydantic.SecretStr(given)
