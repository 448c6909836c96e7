"""Clusters, database servers and object stores as they travel: what installations are made of."""

import ssl
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from tenantry.runtime import document
from tenantry.wire import model, placement


class Status(StrEnum):
    """Whether it can be used."""

    CONNECTING = "connecting"
    AVAILABLE = "available"
    UNREACHABLE = "unreachable"


Address = Annotated[str, StringConstraints(pattern=r"^(https?|unix)://[^\s]+$", max_length=1000)]
"""A URL of HTTP, or of a socket on this machine."""


Kubeconfig = Annotated[SecretStr, Field(min_length=1, max_length=200_000)]
"""A kubeconfig; it is kept encrypted and never answered."""


class RegisterCluster(model.Request):
    """Makes a cluster known."""

    name: model.NewName
    kind: Literal["local", "kubernetes"] = "local"
    endpoint: Address | None = None
    """Of an agent: `unix:///…/agent.sock`. Kubernetes' is in its kubeconfig."""
    kubeconfig: Kubeconfig | None = None
    """Of Kubernetes: whom the provisioner is there, and where. Certificates and tokens are in it, not in files."""
    in_cluster: bool = False
    """Of Kubernetes: it is the cluster in which the provisioner itself runs, reached by the account of its pods."""
    max_installations: model.Count = 200
    labels: model.Labels = Field(default_factory=dict[str, str])
    """What installations may ask of a cluster; with `tenantry.dev/dedicated` only those that ask for it are placed."""
    capacity: placement.Capacity = Field(default_factory=dict[placement.Measure, int])

    @model_validator(mode="after")
    def _is_reachable(self) -> Self:
        ways = (self.endpoint is not None, self.kubeconfig is not None, self.in_cluster)
        if self.kind == "local" and ways != (True, False, False):
            raise PydanticCustomError("way", "A local cluster has an endpoint and no kubeconfig.")
        if self.kind == "kubernetes" and ways not in {(False, True, False), (False, False, True)}:
            raise PydanticCustomError(
                "way", "A Kubernetes cluster has a kubeconfig, which names its endpoint, or is the provisioner's own."
            )
        return self


class UpdateCluster(model.Request):
    """Changes what may be placed on a cluster; what is not given stays."""

    max_installations: model.Count | None = None
    labels: model.Labels | None = None
    """Replaces all labels."""
    capacity: placement.Capacity | None = None
    """Replaces all that is stated; with nothing in it, what its nodes tell counts again."""


class RenewKubeconfig(model.Request):
    """Replaces how the provisioner reaches a Kubernetes cluster, before its credentials run out."""

    kubeconfig: Kubeconfig


class Cluster(model.Resource):
    """Where installations run."""

    id: str
    name: str
    kind: str
    endpoint: str
    status: Status
    reason: str
    message: str
    is_cordoned: bool
    """No new installation is placed here."""
    max_installations: int
    installations: int
    facts: document.ClusterFacts | None
    labels: dict[str, str]
    capacity: dict[placement.Measure, int] = Field(default_factory=dict[placement.Measure, int])
    """What it has for installations, where that is stated; else its facts count."""
    created_at: datetime
    etag: str = ""
    """Stands for all that was ever said of it; send it as `If-Match` to deregister what you have read."""


SslMode = Literal["disable", "prefer", "require", "verify-full"]
"""How connections to a PostgreSQL server are protected, in libpq's words."""


def _are_certificates(text: str) -> str:
    if not text:
        return text
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError, TypeError):  # TypeError: it is not even ASCII
        raise PydanticCustomError("certificates", "These are no certificates in PEM form, or not whole ones.") from None
    return text


Certificates = Annotated[str, Field(max_length=200_000), AfterValidator(_are_certificates)]
"""Certificates of authorities, as PEM; empty: those that the system trusts."""


PoolerHost = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]*$", max_length=253)]
"""A host name or an address."""
PoolerPort = Annotated[int, Field(gt=0, lt=65536)]


class RegisterDatabaseServer(model.Request):
    """Makes a PostgreSQL server known."""

    name: model.NewName
    host: str = Field(min_length=1, max_length=253)
    port: int = Field(default=5432, gt=0, lt=65536)
    user: str = Field(min_length=1, max_length=63)
    password: SecretStr = Field(max_length=1000)
    ssl_mode: SslMode = "prefer"
    ca_certificate: Certificates = ""
    """Who signs the server's certificate. Its installations get it too, as a file of their own."""
    max_databases: model.Count = 500
    max_connections: model.Count = 4000
    """How many connections its installations may be promised in all, each as many as its role may hold. More than the
    server has means that they are not expected to use them at once."""
    pooler_host: PoolerHost = ""
    """Where the installations reach a pooler (PgBouncer) that stands before the server; empty: there is none."""
    pooler_port: PoolerPort = 6432
    pooler_budget: model.Count = 0
    """How many connections the pooler may open to the server in all; they are part of `maxConnections`."""

    @model_validator(mode="after")
    def _has_whole_pooler(self) -> Self:
        if self.pooler_budget and not self.pooler_host:
            raise PydanticCustomError("pooler", "A pooler with a budget has a poolerHost.")
        if self.pooler_budget > self.max_connections:
            raise PydanticCustomError(
                "pooler", "The poolerBudget is part of maxConnections, so it is no more than that."
            )
        return self


class DatabaseServer(model.Resource):
    """A PostgreSQL server that holds logical databases."""

    id: str
    name: str
    engine: Literal["postgresql"] = "postgresql"
    host: str
    port: int
    version: str
    status: Status
    reason: str
    message: str
    is_cordoned: bool
    ssl_mode: SslMode = "prefer"
    ca_certificate: str = ""
    max_databases: int
    max_connections: int
    databases: int
    pooler_host: str = ""
    pooler_port: int = 6432
    pooler_budget: int = 0
    pooled_connections: int = 0
    """How many connections of the pooler's budget are given to installations."""
    created_at: datetime
    etag: str = ""
    """Stands for all that was ever said of it; send it as `If-Match` to deregister what you have read."""


class UpdateDatabaseServer(model.Request):
    """Changes how a database server is trusted and what may be placed on it; what is not given stays."""

    ssl_mode: SslMode | None = None
    """Installations get another with their next change or restart."""
    ca_certificate: Certificates | None = None
    """Likewise: give the old authorities and the new ones together while a server changes from those to these."""
    max_databases: model.Count | None = None
    max_connections: model.Count | None = None
    pooler_host: PoolerHost | None = None
    """Installations go through another pooler with their next change or restart, once it lets them in."""
    pooler_port: PoolerPort | None = None
    pooler_budget: model.Count | None = None
    """With a budget, applications that can go through the pooler do so with their next change or restart, the oldest
    first, as long as it lasts. Without one (0), they leave the pooler so. No less than what is given away, else."""


StoreKind = Literal["rclone", "iam"]
"""What makes an object store's buckets and keys."""

AccessKey = Annotated[SecretStr, Field(min_length=1, max_length=128)]
"""The name of an administrator's key; kept and never answered."""

SecretKey = Annotated[SecretStr, Field(min_length=1, max_length=1000)]
"""The secret of an administrator's key; it is kept encrypted and never answered."""

WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=1000)]
"""A URL of HTTP."""


class RegisterObjectStore(model.Request):
    """Makes an object store known."""

    name: model.NewName
    kind: StoreKind = "rclone"
    """`rclone`: a folder for each key under `root`, served by rclone on this machine. `iam`: an S3 server with users,
    made by AWS' IAM API."""
    endpoint: Address
    region: str = Field(default="us-east-1", min_length=1, max_length=63)
    root: str | None = Field(default=None, pattern="^/", max_length=1000)
    """Of `rclone`: where the keys and their folders are, an absolute path."""
    iam_endpoint: WebAddress | None = None
    """Of `iam`: where users are made, if not at the endpoint itself. AWS' own is known."""
    access_key: AccessKey | None = None
    """Of `iam`: the key of an administrator who may make users and buckets."""
    secret_key: SecretKey | None = None
    ca_certificate: Certificates = ""
    """Of `iam`: who signs its certificate; empty: the public authorities."""
    max_buckets: model.Count = 10_000

    @model_validator(mode="after")
    def _is_of_its_kind(self) -> Self:
        has_key = self.access_key is not None and self.secret_key is not None
        is_bare = not (self.access_key or self.secret_key or self.iam_endpoint or self.ca_certificate)
        if self.kind == "rclone" and (self.root is None or not is_bare):
            message = "An object store of kind “rclone” has a root, and no key, iamEndpoint or caCertificate."
            raise PydanticCustomError("way", message)
        if self.kind == "iam" and (self.root is not None or not has_key):
            message = "An object store of kind “iam” has an accessKey and a secretKey, and no root."
            raise PydanticCustomError("way", message)
        if self.kind == "iam" and not self.endpoint.startswith("http"):
            message = "The endpoint of an object store of kind “iam” begins with https:// or http://."
            raise PydanticCustomError("way", message)
        return self


class UpdateObjectStore(model.Request):
    """Changes what may be placed on an object store, or how it is reached; what is not given stays."""

    max_buckets: model.Count | None = None
    access_key: AccessKey | None = None
    """Another key of the administrator, together with its secret; it is tried at once."""
    secret_key: SecretKey | None = None
    ca_certificate: Certificates | None = None
    """Give the old authorities and the new ones together while a store changes from those to these."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            raise PydanticCustomError("pair", "accessKey and secretKey are given together.")
        return self


class ObjectStore(model.Resource):
    """An S3 endpoint that holds buckets."""

    id: str
    name: str
    kind: str
    endpoint: str
    iam_endpoint: str | None = None
    ca_certificate: str = ""
    region: str
    status: Status
    reason: str
    message: str
    is_cordoned: bool
    max_buckets: int
    buckets: int
    created_at: datetime
    etag: str = ""
    """Stands for all that was ever said of it; send it as `If-Match` to deregister what you have read."""
