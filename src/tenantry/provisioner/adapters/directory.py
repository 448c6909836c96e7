"""Finds the way to each cluster, database server and object store from its row, and keeps it open.

This is where a technology is chosen by a row's `kind`; whoever calls sees only ports.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import structlog
from sqlalchemy import RowMapping

from tenantry.engine import database
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors, ids
from tenantry.kubernetes import failures
from tenantry.provisioner import vault as vaults
from tenantry.provisioner.adapters import agent, expiry, kubernetes
from tenantry.provisioner.adapters.postgres import maker as postgres
from tenantry.provisioner.adapters.postgres import pooler
from tenantry.provisioner.adapters.rclone import maker as rclone
from tenantry.provisioner.adapters.s3 import connection as s3_connection
from tenantry.provisioner.adapters.s3 import maker as s3
from tenantry.provisioner.installations import ports
from tenantry.provisioner.operators import ports as operators
from tenantry.provisioner.registry import nouns, store
from tenantry.runtime import contract

log = structlog.get_logger(__name__)

Knock = Callable[[str], Awaitable[None]]
"""Makes a request to an address; raises `TemporaryError` where nobody answers."""


class Way(contract.Runtime, Protocol):
    """An open way to a cluster."""

    async def close(self) -> None:
        """Close its connections."""
        ...


Open = Callable[[str], Way]
"""Opens the way to an agent at the path of its socket; nothing is connected yet."""


class KindUnsupportedError(errors.PermanentError):
    """This kind cannot be spoken to."""

    code = "kind-unsupported"


class Directory:
    """The ways to everything that is registered."""

    def __init__(self, base: database.Database, vault: vaults.Vault, open_agent: Open = agent.AgentRuntime) -> None:
        """Take where rows are, what opens their secrets, and how an agent is reached."""
        self._base = base
        self._vault = vault
        self._open_agent = open_agent
        self._runtimes: dict[str, tuple[object, Way]] = {}
        self._connections = s3_connection.Connections()

    async def runtime(self, cluster: ids.ClusterId) -> contract.Runtime:
        """Return the way to a cluster."""
        row = await self._row(nouns.CLUSTERS, cluster)
        way = row["endpoint"], row["kubeconfig"]
        known = self._runtimes.get(cluster)
        if known is not None and known[0] == way:
            return known[1]
        opened = self._open(row)
        self._runtimes[cluster] = way, opened
        if known is not None:
            await known[1].close()  # it had other credentials
        return opened

    async def installer(self, cluster: ids.ClusterId) -> operators.Installer:
        """Return the way to a cluster's operator.

        Raises:
            NoOperatorError: the cluster is none of Kubernetes.
        """
        runtime = await self.runtime(cluster)
        if not isinstance(runtime, kubernetes.KubernetesRuntime):
            raise operators.NoOperatorError("Only a Kubernetes cluster has an operator.")
        return await runtime.installer()

    async def databases(self, server: ids.DatabaseServerId) -> postgres.PostgresMaker:
        """Return the way to a database server."""
        return self._postgres(await self._row(nouns.DATABASE_SERVERS, server))

    async def buckets(self, object_store: ids.ObjectStoreId) -> ports.BucketMaker:
        """Return the way to an object store."""
        row = await self._row(nouns.OBJECT_STORES, object_store)
        match row["kind"]:
            case "rclone":
                return rclone.RcloneMaker(Path(row["root"]))
            case "iam":
                return self.s3(row)
            case kind:
                raise KindUnsupportedError(f"Object stores of kind “{kind}” cannot be used.")

    def s3(self, row: RowMapping) -> s3.IamMaker:
        """Return the way to an object store with users."""
        reached = s3_connection.Store(
            endpoint=row["endpoint"],
            iam_endpoint=row["iam_endpoint"] or "",
            region=row["region"],
            access_key=row["access_key"],
            secret_key=self._vault.open(row["secret_key"]),
            ca_certificate=row["ca_certificate"],
        )
        return s3.IamMaker(reached, self._connections)

    def kubeconfig(self, row: RowMapping) -> str | None:
        """Return the kubeconfig by which a cluster was registered; None where that was without one."""
        return None if row["kubeconfig"] is None else self._vault.open(row["kubeconfig"])

    async def logical_databases(self, server: ids.DatabaseServerId) -> frozenset[str]:
        """Return the names of the logical databases that were made on a server."""
        async with self._base.read() as reader:
            return await store.logical_databases(reader, server)

    async def forget_deregistered(self) -> None:
        """Close the ways to clusters that are not registered any more: their credentials are in them."""
        opened = set(self._runtimes)
        async with self._base.read() as reader:
            known = await store.identifiers(reader, nouns.CLUSTERS)
        for cluster in opened - known:
            _, way = self._runtimes.pop(cluster)
            await way.close()

    async def close(self) -> None:
        """Close what is open."""
        for _, runtime in self._runtimes.values():
            await runtime.close()

    def _open(self, row: RowMapping) -> Way:
        match row["kind"]:
            case "local":
                return self._open_agent(row["endpoint"].removeprefix("unix://"))
            case "kubernetes":
                kubeconfig = self.kubeconfig(row)
                return kubernetes.opened_here() if kubeconfig is None else kubernetes.opened_by(kubeconfig)
            case kind:
                raise KindUnsupportedError(f"Clusters of kind “{kind}” cannot be used.")

    def _postgres(self, row: RowMapping) -> postgres.PostgresMaker:
        server = postgres.Server(
            host=row["host"],
            port=row["port"],
            user=row["user"],
            password=self._vault.open(row["password"]),
            ssl_mode=row["ssl_mode"],
            ca_certificate=row["ca_certificate"],
        )
        return postgres.PostgresMaker(server)

    async def _row(self, noun: store.Noun, row_id: str) -> RowMapping:
        async with self._base.read() as reader:
            found = await store.rows(reader, noun, row_id)
        if not found:
            raise errors.TemporaryError(f"The {noun.title} {row_id} is not known.")
        return found[0]


class ClusterProber:
    """Asks a cluster for its facts."""

    def __init__(self, directory: Directory, clock: clocks.Clock) -> None:
        """Take the ways to clusters, and what tells whether credentials have run out."""
        self._directory = directory
        self._clock = clock

    async def probe(self, row: RowMapping) -> dict[str, Any]:
        """Return its facts; whoever looks at one closes the ways to those that are none any more."""
        await self._directory.forget_deregistered()
        runtime = await self._directory.runtime(row["id"])
        try:
            found = await runtime.facts()
        except failures.CredentialsRefusedError as refused:
            if (kubeconfig := self._directory.kubeconfig(row)) is None:
                raise
            raise await expiry.explained(refused, kubeconfig, self._clock) from refused
        return {"facts": found.model_dump(mode="json")}


class DatabaseServerProber:
    """Asks a database server for its version, closes what is ours to strangers, and tells of what is open besides.

    Of a pooler before it, it tells whether that answers.
    """

    def __init__(self, directory: Directory) -> None:
        """Take the ways to servers."""
        self._directory = directory

    async def probe(self, row: RowMapping) -> dict[str, Any]:
        """Return its version, and as message what strangers can connect to; that is nobody's here to close."""
        server = await self._directory.databases(row["id"])
        seen = await server.look(await self._directory.logical_databases(row["id"]))
        if seen.closed:
            log.warning("databases closed to strangers", server=row["name"], databases=seen.closed)
        return {"version": seen.version, **_openness(seen.is_open), **await _pooler(row)}


async def _pooler(row: RowMapping) -> dict[str, Any]:
    """Return what should be known of its pooler; the server can be used without it."""
    door = ports.Door(host=row["pooler_host"], port=row["pooler_port"])
    if not row["pooler_budget"] or await pooler.answers(door):
        return {}
    return {"reason": "PoolerAway", "message": f"The pooler at {door.host}:{door.port} does not answer."}


def _openness(names: tuple[str, ...]) -> dict[str, Any]:
    if not names:
        return {}
    listed = ", ".join(f"“{name}”" for name in names)
    message = (
        f"Every role of this server, so every customer's too, can connect to {listed}. "
        "Where nobody relies on that: REVOKE CONNECT ON DATABASE … FROM PUBLIC."
    )
    return {"reason": "DatabasesOpen", "message": message}


class ObjectStoreProber:
    """Asks an object store whether it answers; one with users must take the administrator's key as well."""

    def __init__(self, directory: Directory, knock: Knock) -> None:
        """Take the ways to stores, and how to knock at a door."""
        self._directory = directory
        self._knock = knock

    async def probe(self, row: RowMapping) -> dict[str, Any]:
        """Return nothing new; of a store that only has a folder, any answer will do, an error included."""
        if row["kind"] == "iam":
            await self._directory.s3(row).look(nobody=f"t-{row['id']}")
        else:
            await self._knock(row["endpoint"])
        return {}
