"""Makes this machine's cluster, database server and object store known to the provisioner; once is enough."""

from collections.abc import Awaitable

from pydantic import SecretStr

from tenantry.client import provisioner
from tenantry.kernel import errors
from tenantry.local import credentials, objectstore, postgres
from tenantry.local.stack import Stack
from tenantry.wire import infrastructure as wire

NAME = "local"
"""The name of all three."""

_CONNECTIONS = 4000
"""What installations may hold in all: ten times what the server has, since hardly any holds all of its own at once."""


async def register(stack: Stack) -> None:
    """Register what this machine has; what is registered already stays as it is."""
    token = credentials.read(stack.credentials.cli_token)
    async with provisioner.Provisioner(stack.provisioner_url, token) as client:
        await _once(client.clusters.register(_cluster(stack)))
        await _once(client.database_servers.register(_database_server(stack)))
        await _once(client.object_stores.register(_object_store(stack)))


async def _once(registering: Awaitable[object]) -> None:
    try:
        await registering
    except errors.ConflictError:
        return


def _cluster(stack: Stack) -> wire.RegisterCluster:
    return wire.RegisterCluster(name=NAME, kind="local", endpoint=f"unix://{stack.layout.socket('agent')}")


def _database_server(stack: Stack) -> wire.RegisterDatabaseServer:
    server = stack.database_server
    return wire.RegisterDatabaseServer(
        name=NAME,
        host="127.0.0.1",
        port=server.port,
        user=postgres.SUPERUSER,
        password=SecretStr(server.password()),
        ssl_mode="disable",
        max_connections=_CONNECTIONS,
    )


def _object_store(stack: Stack) -> wire.RegisterObjectStore:
    store = stack.object_store
    return wire.RegisterObjectStore(
        name=NAME, kind="rclone", endpoint=store.endpoint, region=objectstore.REGION, root=str(store.root)
    )
