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


SslMode = Literal["disable", "prefer", "require", "verify-full"]
"""How connections to a PostgreSQL server are protected, in libpq's words."""


def _are_certificates(text: str) -> str:
    if not text:
        return text
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise PydanticCustomError("certificates", "These are no certificates in PEM form, or not whole ones.") from None
    return text


Certificates = Annotated[str, Field(max_length=200_000), AfterValidator(_are_certificates)]
"""Certificates of authorities, as PEM; empty: those that the system trusts."""


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
    ssl_mode: SslMode
    ca_certificate: str
    max_databases: int
    max_connections: int
    databases: int
    created_at: datetime


class UpdateDatabaseServer(model.Request):
    """Changes how a database server is trusted and what may be placed on it; what is not given stays."""

    ssl_mode: SslMode | None = None
    """Installations get another with their next change or restart."""
    ca_certificate: Certificates | None = None
    """Likewise: give the old authorities and the new ones together while a server changes from those to these."""
    max_databases: model.Count | None = None
    max_connections: model.Count | None = None


class RegisterObjectStore(model.Request):
    """Makes an object store known."""

    name: model.NewName
    kind: Literal["rclone"] = "rclone"
    """`rclone`: a folder for each key under `root`, served by rclone on this machine."""
    endpoint: Address
    region: str = Field(default="us-east-1", min_length=1, max_length=63)
    root: str = Field(pattern="^/", max_length=1000)
    """Where the keys and their folders are: an absolute path."""
    max_buckets: model.Count = 10_000


class UpdateObjectStore(model.Request):
    """Changes what may be placed on an object store; what is not given stays."""

    max_buckets: model.Count | None = None


class ObjectStore(model.Resource):
    """An S3 endpoint that holds buckets."""

    id: str
    name: str
    kind: str
    endpoint: str
    region: str
    status: Status
    reason: str
    message: str
    is_cordoned: bool
    max_buckets: int
    buckets: int
    created_at: datetime
