"""A `Cluster` of CloudNativePG on a real node, installations on it, and what its server says to whoever asks."""

import base64
import contextlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from support import operator_stage as stages
from support import operator_things as things
from tenantry.application import generated, manifest
from tenantry.kernel import randomness
from tenantry.kubernetes import kinds
from tenantry.runtime import document
from testbed import cloudnative_pg, inside
from testbed import cluster as clusters
from testbed.api import Api, ApiError, Object, is_true

NAME = "pg"
CLUSTER = kinds.Kind(group="postgresql.cnpg.io", version="v1", plural="clusters", kind="Cluster")
PASSWORD = "swordfish-42"
ISOLATED = ("hostssl sameuser all all scram-sha-256", "host all all all reject")
"""The rules of the how-to: who is let in comes encrypted, and to the database of its own name only."""
_UP_WITHIN = timedelta(seconds=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Databases:
    """A Cluster in a namespace of the test's own.

    Attributes:
        namespace: where it is.
        application: what is ordered there.
    """

    up: clusters.Cluster
    api: Api
    namespace: str
    application: manifest.Application

    async def told(self) -> str:
        """Return how the Cluster is, and what was noticed."""
        found = await self.api.get(CLUSTER.path(self.namespace, NAME))
        events = await self.api.items(f"/api/v1/namespaces/{self.namespace}/events")
        said = [f"{each['involvedObject'].get('name')}: {each['reason']}: {each.get('message')}" for each in events]
        return "\n".join([json.dumps(found.get("status", {})), *said])

    async def make(self, image: str, roles: Sequence[str], rules: Sequence[str]) -> None:
        """Make the Cluster with some roles of its own, and wait until it is well."""
        for role in roles:
            await self.put(role_secret(role), {"username": role, "password": PASSWORD}, {"cnpg.io/reload": "true"})
        await self.api.apply(CLUSTER.path(self.namespace, NAME), rendered(self.namespace, image, roles, rules))

        async def is_well() -> bool:
            return is_true(await self.api.get(CLUSTER.path(self.namespace, NAME)), "Ready")

        await stages.eventually(is_well, within=_UP_WITHIN, about=self.told)

    async def order(self, name: str, *, retained: bool = False, **on_cluster: str) -> stages.Ordered:
        """Make an installation whose database is to be on the Cluster.

        Args:
            name: of the installation.
            retained: whether its data are to stay when it goes.
            on_cluster: further parts of `databaseCluster`.
        """
        made = generated.complete(self.application.spec.secrets, {}, randomness.SystemRandomness())
        for role, content in (("generated", made), ("mail", things.MAIL)):
            await self.put(f"{name}-{role}", content)
        ordered = stages.Ordered(self.api, self.namespace, name, self.application.metadata.name)
        await ordered.want(
            databaseCluster={"name": NAME, **on_cluster},
            version=self.application.spec.versions[-1].version,
            mail={"secretName": f"{name}-mail"},
            deletionPolicy=document.DeletionPolicy.RETAIN if retained else document.DeletionPolicy.DELETE,
        )
        return ordered

    async def pods(self, installation: str) -> list[Object]:
        """Return the pods of an installation that run."""
        selector = f"?labelSelector=tenantry.dev/installation={installation}"
        found = await self.api.items(kinds.POD.path(self.namespace) + selector)
        return [each for each in found if each["status"]["phase"] == "Running"]

    async def log(self, installation: str) -> str:
        """Return what the pods of an installation say."""
        paths = [kinds.POD.path(self.namespace, each["metadata"]["name"]) for each in await self.pods(installation)]
        said: list[str] = []
        for each in paths:
            with contextlib.suppress(ApiError):  # its container is between two starts
                said.append(await self.api.text(f"{each}/log"))
        return "\n".join(said)

    async def put(self, name: str, content: Mapping[str, str], labels: Mapping[str, str] = {}) -> None:
        """Make a Secret."""
        metadata = {"name": name, "namespace": self.namespace, "labels": dict(labels)}
        body = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/basic-auth", "metadata": metadata}
        if "username" not in content:
            del body["type"]
        await self.api.apply(kinds.SECRET.path(self.namespace, name), {**body, "stringData": dict(content)})

    async def secret(self, name: str) -> Mapping[str, str]:
        """Return what a Secret holds."""
        found = await self.api.get(kinds.SECRET.path(self.namespace, name))
        return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}

    async def asked(self, statement: str, *, role: str, database: str, signed_by: str | None = None) -> str:
        """Return what the server answers, or why it does not, to a client that verifies who it is.

        Args:
            statement: what is asked.
            role: who asks.
            database: where.
            signed_by: whom the client trusts, as PEM; the Cluster's authority by default.
        """
        service = await self.api.get(kinds.SERVICE.path(self.namespace, f"{NAME}-rw"))
        trusted = self.up.folder / f"{stages.fresh('trusted')}.pem"
        trusted.write_text(signed_by or (await self.secret(f"{NAME}-ca"))["ca.crt"])
        password = (await self.secret(f"{NAME}-app"))["password"] if role == "app" else PASSWORD
        parts = {"host": f"{NAME}-rw", "hostaddr": service["spec"]["clusterIP"], "user": role, "dbname": database}
        parts |= {"password": password, "sslmode": "verify-full", "sslrootcert": str(trusted)}
        line = " ".join(f"{key}={value}" for key, value in parts.items())
        try:
            return await inside.run(self.up.real_node, ["psql", line, "-tAc", statement])
        except inside.CommandFailedError as error:
            return error.message

    async def databases(self) -> set[str]:
        """Return the logical databases that the server has."""
        return set((await self.asked("SELECT datname FROM pg_database", role="app", database="app")).split())


def role_secret(role: str) -> str:
    """Return the name of the Secret of one of the Cluster's roles."""
    return f"{NAME}-{role}"


def rendered(namespace: str, image: str, roles: Sequence[str], rules: Sequence[str]) -> Object:
    """Return a Cluster of one instance."""
    managed = [{"name": each, "login": True, "passwordSecret": {"name": role_secret(each)}} for each in roles]
    spec = {
        "instances": 1,
        "imageName": image,
        "postgresUID": cloudnative_pg.USER,
        "postgresGID": cloudnative_pg.USER,
        "enablePDB": False,
        "storage": {"size": "1Gi"},
        "managed": {"roles": managed},
        "postgresql": {"pg_hba": list(rules)},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
        "smartShutdownTimeout": 1,
        "stopDelay": 10,
    }
    metadata = {"name": NAME, "namespace": namespace}
    return {"apiVersion": CLUSTER.api_version, "kind": CLUSTER.kind, "metadata": metadata, "spec": spec}


@asynccontextmanager
async def namespace(api: Api, name: str) -> AsyncGenerator[None]:
    """Make a namespace, and leave the node without it and its pods."""
    path = kinds.NAMESPACE.path(None, name)
    await api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        yield
    finally:
        with contextlib.suppress(ApiError):
            await api.delete(CLUSTER.path(name, NAME))

        async def is_empty() -> bool:
            return await api.items(kinds.POD.path(name)) == []

        await stages.eventually(is_empty, within=_UP_WITHIN, about=lambda: api.items(kinds.POD.path(name)))
        await api.delete(path)

        async def is_gone() -> bool:
            return not await api.has(path)

        await stages.eventually(is_gone, within=_UP_WITHIN, about=lambda: api.items(kinds.POD.path(name)))
