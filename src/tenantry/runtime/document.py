"""The Installation document: what is wanted, and what is so, for one customer's running copy.

The provisioner writes `spec`; whoever runs installations (the agent on one machine, the operator on Kubernetes, where
it *is* the custom resource) writes `status`. Secrets travel beside the document, never in it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from tenantry.application import resource

HostName = Annotated[
    str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", max_length=253)
]
"""A name in DNS, in small letters."""


class RunPolicy(StrEnum):
    """Whether processes are wanted."""

    RUNNING = "Running"
    ASLEEP = "Asleep"


class DeletionPolicy(StrEnum):
    """What becomes of volumes when the installation is deleted."""

    DELETE = "Delete"
    RETAIN = "Retain"


class SecretReference(resource.Document):
    """Points to a `Secret` document that was handed over with the installation."""

    secret_name: resource.DnsLabel
    """The name of the Secret."""


class DatabaseCluster(resource.Document):
    """A `Cluster` of CloudNativePG in the installation's namespace."""

    name: Annotated[resource.DnsLabel, Field(max_length=50)]
    """The name of the Cluster."""
    secret_name: resource.DnsLabel | None = None
    """The Secret with `username` and `password` of the role that owns the database, as `spec.managed.roles` of the
    Cluster names one; the Cluster's name and `-app` where it is not set. No two installations may have one role."""
    ca_secret_name: resource.DnsLabel | None = None
    """The Secret whose `ca.crt` has the authority that signs the server's certificate; the Cluster's name and `-ca`
    where it is not set."""


class InstallationSpec(resource.Document):
    """What is wanted."""

    application: resource.DnsLabel
    """The application's name."""
    version: Annotated[str, Field(min_length=1, max_length=63)]
    """The version that is to serve."""
    size: resource.DnsLabel
    """One of the application's sizes."""
    settings: dict[str, Any] = Field(default_factory=dict[str, Any])
    """The customer's settings, valid against the application's schema."""
    hosts: Annotated[list[HostName], Field(min_length=1, max_length=50)]
    """Host names under which it is reached; the first is its own."""
    url: Annotated[str, Field(pattern=r"^https?://", max_length=300)]
    """The address a browser uses, with scheme and port where it is not the usual one, without a slash at its end."""
    display_name: Annotated[str, Field(max_length=200)] = ""
    """What the customer calls it."""
    run_policy: RunPolicy = RunPolicy.RUNNING
    """Whether processes are wanted."""
    restarted_at: datetime | None = None
    """A later time than before asks for a restart."""
    database: SecretReference | None = None
    """Secret with `host`, `port`, `name`, `user`, `password`, `url` and `sslMode`; where programs must know them,
    `caCertificate` has the authorities that sign the server's certificate, as PEM. Where a pooler stands before the
    server, poolerHost, poolerPort and poolerUrl say where workloads of an application with `needs.database.pooling`
    reach it."""
    database_cluster: DatabaseCluster | None = None
    """Instead of `database`, on Kubernetes: make the database on this `Cluster` of CloudNativePG."""
    bucket: SecretReference | None = None
    """Secret with `endpoint`, `region`, `name`, `accessKey` and `secretKey`; it may say who signs its server's
    certificate, as the database's does."""
    mail: SecretReference | None = None
    """Secret with `host`, `port`, `user`, `password` and `sender`."""
    generated: SecretReference | None = None
    """Secret with the application's generated secrets, by name."""
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    """What becomes of volumes when it is deleted."""


class Phase(StrEnum):
    """One word for where the installation is; the conditions say why."""

    PENDING = "Pending"
    """Accepted; waits for its turn or for something it needs."""
    PROGRESSING = "Progressing"
    """Being brought to what is wanted."""
    READY = "Ready"
    """As wanted, and serving."""
    ASLEEP = "Asleep"
    """As wanted, with no process and no route of its own."""
    DEGRADED = "Degraded"
    """Was ready and is not well now; it is being watched and restarted."""
    FAILED = "Failed"
    """Could not be brought to what is wanted; the next generation is tried again."""
    TERMINATING = "Terminating"
    """Being removed."""


class ConditionType(StrEnum):
    """What a condition speaks about, in the order in which a start passes them."""

    PREPARED = "Prepared"
    """The version's package is on this cluster."""
    INITIALISED = "Initialised"
    """The initialise job has ended well."""
    MIGRATED = "Migrated"
    """The data fit the wanted version."""
    WORKLOADS_READY = "WorkloadsReady"
    """Every workload runs and answers its readiness check."""
    ADMINISTRATOR_CREATED = "AdministratorCreated"
    """The first administrator exists."""
    ROUTED = "Routed"
    """Visitors reach the workloads (or, asleep, the gateway)."""
    READY = "Ready"
    """All of the above, for the observed generation."""


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(resource.Report):
    """One fact about the installation, by the Kubernetes API conventions."""

    type: ConditionType
    """What it speaks about, in the order in which a start passes them."""
    status: ConditionStatus
    """Whether it holds."""
    reason: str
    """A word in CamelCase for programs: `StartTimedOut`."""
    message: str = ""
    """For a person; never a secret."""
    last_transition_time: datetime
    """When `status` last changed."""
    observed_generation: int = 0
    """The generation of `spec` that it speaks of."""


class Endpoint(resource.Report):
    """Where a workload's port can be reached inside the cluster."""

    workload: str
    """The workload's name."""
    port: str
    """The port's name."""
    address: str
    """host:port."""


class Obstacle(resource.Report):
    """What stands in the way of an attempt, and when it is tried again."""

    attempt: str
    """What was tried; anything else is tried afresh, though what went back is not only because the operator is new."""
    reason: str
    """A word in CamelCase for programs."""
    message: str = ""
    """For a person; never a secret."""
    condition: ConditionType
    """The condition that does not hold because of it."""
    job: str = ""
    """The job that failed, where it was one."""
    count: int = 1
    """How many times in a row."""
    retry_at: datetime | None = None
    """When it is tried again without being asked; none: not before something changes."""
    returned_to: str | None = None
    """The version that serves instead of the wanted one."""


class Memory(resource.Report):
    """What whoever runs the installation remembers from one life to the next; nobody else may rely on it."""

    is_initialised: bool = False
    """Whether the initialise job has ended well."""
    data_version: str | None = None
    """The version that the data fit."""
    has_administrator: bool = False
    """Whether the first administrator exists."""
    deployed_version: str | None = None
    """The version whose workloads were last brought to run."""
    served_version: str | None = None
    """The version that was last brought to Ready."""
    served_size: str | None = None
    """The size that it had then."""
    served_settings: str | None = None
    """The settings that it had then, as JSON; None where it had none."""
    served_attempt: str | None = None
    """Digest of what was last brought to Ready or Asleep."""
    served_objects: str | None = None
    """Digest of the objects that it consisted of then."""
    written_otherwise: dict[str, str] | None = None
    """Object → digest of what the API server made of it, for those whose values it writes differently."""
    waiting_since: datetime | None = None
    """Since when workloads have been waited for."""
    counted_restarts: dict[str, int] | None = None
    """Pod → how many of its restarts were counted, for those that had any."""
    obstacle: Obstacle | None = None
    """What stands in the way, if something does."""


class InstallationStatus(resource.Report):
    """What is so."""

    observed_generation: int = 0
    """The generation of `spec` that this speaks of."""
    phase: Phase = Phase.PENDING
    """One word for where the installation is; the conditions say why."""
    conditions: list[Condition] = Field(default_factory=list[Condition])
    """What is known about it, fact by fact."""
    serving_version: str | None = None
    """The version that answers now."""
    endpoints: list[Endpoint] = Field(default_factory=list[Endpoint])
    """Where its ports can be reached inside the cluster."""
    restarts: int = 0
    """Restarts that nobody asked for, since the last time it was well for ten minutes: of programs that ended by
    themselves or were not well; what is put in another's place, such as a pod on another node, has not restarted."""
    last_log_lines: list[str] = Field(default_factory=list[str])
    """The end of the log, when unwell; secrets are masked."""
    memory: Memory | None = None
    """What whoever runs it remembers of it."""


class Installation(resource.Document):
    """One customer's running copy of an application."""

    api_version: Literal["tenantry.dev/v1alpha1"] = resource.API_VERSION
    kind: Literal["Installation"] = "Installation"
    metadata: resource.Metadata
    spec: InstallationSpec
    status: InstallationStatus | None = None


class Secret(resource.Document):
    """Values that an installation needs and nobody else may read."""

    name: resource.DnsLabel
    data: dict[str, str] = Field(repr=False)


class InstallationBundle(resource.Document):
    """An installation with the secrets that its spec refers to: what is handed over in one call."""

    installation: Installation
    secrets: list[Secret] = Field(default_factory=list[Secret], repr=False)


class NodeGroup(resource.Document):
    """Nodes that leave as much to installations as each other: what they give, less what other pods on them ask for."""

    count: int
    """How many there are."""
    cpu_millis: int
    """Processor time of each in thousandths of a core."""
    memory_bytes: int
    """Memory of each."""
    pods: int
    """How many pods each takes; no more than it has addresses for."""


class AddOnState(StrEnum):
    """Whether an add-on can be used."""

    PRESENT = "present"
    OLD = "old"
    """It is there, and too old for what we ask of it."""
    MISSING = "missing"


class AddOn(resource.Document):
    """Something that a cluster has for everybody on it, such as whoever lets visitors in; or that it lacks."""

    name: str
    """`cert-manager`, `gateway-api`, …; our own operator is `tenantry-operator`."""
    state: AddOnState = AddOnState.PRESENT
    version: str | None = None
    """None: it does not say, or is not there."""
    namespace: str | None = None
    """Where it runs; None: not known."""
    manager: str | None = None
    """Who keeps it: `Helm`, `Flux`, `Argo CD`, `tenantry`, or whose fields they are; None: not known."""
    advice: str = ""
    """What to do, where it is missing or too old."""


class StorageClass(resource.Document):
    """One kind of volumes that a cluster can make."""

    name: str
    provisioner: str = ""
    """Who makes them."""
    is_default: bool = False
    """It is taken where nobody says which."""


class ClusterFacts(resource.Document):
    """What a cluster is and has."""

    kind: Literal["local", "kubernetes"]
    version: str
    """The version of whoever runs installations there."""
    cpu_millis: int
    """Processor time in thousandths of a core."""
    memory_bytes: int
    pods: int | None = None
    """How many pods it takes; none: it has no pods, or has not told."""
    addresses: int | None = None
    """How many addresses it has for pods; none: not known."""
    nodes: list[NodeGroup] = Field(default_factory=list[NodeGroup])
    """What its nodes leave to installations, alike ones together."""
    zones: list[str] = Field(default_factory=list[str])
    """Where its nodes are, as their labels say."""
    storage_classes: list[StorageClass] = Field(default_factory=list[StorageClass])
    """Which kinds of volumes it can make, by name."""
    add_ons: list[AddOn] = Field(default_factory=list[AddOn])
    """What it has for installations to use, and what it lacks of that."""
    unread: list[str] = Field(default_factory=list[str])
    """What the provisioner's account there may not read, so that facts of it are left out: `deployments`."""
    address_template: str = ""
    """How an installation's own address is formed: `http://{name}.localhost:8080`."""
    limits: list[str] = Field(default_factory=list[str])
    """Which limits are enforced: `memory`, `cpu`, `openFiles`, `user`."""
