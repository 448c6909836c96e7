"""The schema of an application manifest: all that a vendor writes, and the custom resource `Application`.

The models describe shape and defaults; rules that span several fields live in `rules.py`, places in the file in
`source.py`, and templates in `templates.py`.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from tenantry.application import needs as need
from tenantry.application import resource, schedule

Template = str
"""Text in which `{{ … }}` is filled in for each installation; undefined names are errors (see `templates.py`)."""


class SecretKind(StrEnum):
    """How the value of a generated secret is made."""

    ALPHANUMERIC = "alphanumeric"
    """Letters and digits; `length` characters."""
    PASSWORD = "password"  # noqa: S105 - a kind of secret, not one
    """Easy to read aloud: groups of letters and digits without look-alikes; `length` characters without the hyphens."""
    HEX = "hex"
    """Hexadecimal digits of `length` random bytes."""
    BASE64 = "base64"
    """Base 64 without padding of `length` random bytes."""


class GeneratedSecret(resource.Document):
    """A secret that is made once for each installation and then kept."""

    name: resource.Identifier
    """Used in templates as `secrets.NAME`."""
    kind: SecretKind = SecretKind.ALPHANUMERIC
    """How its value is made."""
    length: int = Field(default=32, ge=8, le=256)
    """Characters, or bytes for `hex` and `base64`."""


class PipPackage(resource.Document):
    """An environment of Python packages, installed from a lock with hashes."""

    lock_file: str | None = None
    """Path of a requirements file with hashes, relative to the manifest; read into `lock`."""
    lock: str | None = None
    """The text of the requirements file: every package with its version and hashes."""
    python: str = ">=3.11"
    """Which Python the packages need, as a version specifier."""
    source_builds: list[str] = Field(default_factory=list[str])
    """Packages that have no wheel and may be built from their source; all others are installed from wheels only."""


class Package(resource.Document):
    """What a version consists of on machines without containers. Exactly one kind is set."""

    pip: PipPackage | None = None
    """Python packages from a lock file."""


class Version(resource.Document):
    """A released version of the application."""

    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+_-]*$", max_length=63)]
    """The version as its makers name it."""
    package: Package = Package()
    """What runs on machines without containers; without it, the version runs on Kubernetes only."""
    image: str | None = None
    """The container image by digest, for Kubernetes; without it, the version runs on single machines only."""
    image_package: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._+-]+)+$")] = "/usr/local"
    """The folder of the package in the image; its programs are in `bin` below it."""
    image_user: int = Field(default=10001, ge=1, le=2147483647)
    """The number of the user and group that the image's programs run as; never that of root."""
    upgrades_from: list[str] = Field(default_factory=list[str])
    """Versions from which an installation may be brought to this one."""
    downgrades_to: list[str] = Field(default_factory=list[str])
    """Older versions that still run on the data of this one, and to which an installation may go back."""


class Port(resource.Document):
    """A port on which a workload listens; the number is chosen where it runs (`ports.NAME`)."""

    name: resource.Identifier
    """Used in templates as `ports.NAME`."""


class HttpCheck(resource.Document):
    """An HTTP request that must be answered with a status below 400."""

    port: resource.Identifier
    """The port's name."""
    path: str = "/"
    """Path and query."""
    host_header: bool = False
    """Send the installation's own host name, for applications that answer to no other."""


class Probe(resource.Document):
    """How to find out whether a workload is well."""

    http: HttpCheck
    """The request that is made."""
    period: resource.Duration = "10s"
    """Time between two requests."""
    timeout: resource.Duration = "3s"
    """Time allowed for one answer."""
    failure_threshold: int = Field(default=3, ge=1)
    """So many failures in a row mean unwell."""


class StartUp(resource.Document):
    """How long a start may take."""

    timeout: resource.Duration = "60s"
    """A workload that is not ready by then has failed to start."""


class Stop(resource.Document):
    """How a workload is asked to end."""

    signal: Literal["TERM", "INT", "QUIT", "HUP"] = "TERM"
    """The signal that asks."""
    grace: resource.Duration = "10s"
    """After this long it is ended by force."""


class ConfigurationFile(resource.Document):
    """A file that is written for the installation before its workloads start (`files.NAME` is its path)."""

    name: resource.Identifier
    """Used in templates as `files.NAME`."""
    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")]
    """Relative path in the configuration folder of the installation."""
    content: Template
    """What is in it."""


class EnvironmentVariable(resource.Document):
    """One variable of a process's environment."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """The variable's name."""
    value: Template
    """Its value."""


class VolumeMount(resource.Document):
    """A volume that the workload uses; `volumes.NAME` is its path."""

    name: resource.Identifier
    """The name under `needs.volumes`."""


class Standby(resource.Document):
    """How a process can get ready before it is known whose it is, so that a new installation starts in a moment.

    On one machine only, and only for a command of the form `{{ package.bin }}/python OPTIONS -m MODULE ARGUMENTS`.
    """

    imports: Annotated[list[resource.ModuleName], Field(min_length=1)]
    """Modules to import. While it is imported, none of them may read configuration or environment, connect, write
    files, or start threads."""


class Metrics(resource.Document):
    """Where a workload tells how it is, in the format of Prometheus."""

    port: resource.Identifier
    """The port's name."""
    path: str = "/metrics"
    """The path."""


class Workload(resource.Document):
    """A program that runs as long as the installation is awake."""

    name: resource.DnsLabel
    """Its real name, as the application's own documentation uses it."""
    command: Annotated[list[Template], Field(min_length=1)]
    """The program and its arguments; no shell is involved."""
    environment: list[EnvironmentVariable] = Field(default_factory=list[EnvironmentVariable])
    """Variables of its environment; nothing is inherited."""
    ports: list[Port] = Field(default_factory=list[Port])
    """Ports on which it listens."""
    readiness: Probe | None = None
    """When it may receive visitors; without it, as soon as its process runs."""
    health: Probe | None = None
    """When it must be restarted; without it, only when its process ends."""
    startup: StartUp = StartUp()
    """How long a start may take."""
    stop: Stop = Stop()
    """How it is asked to end."""
    volumes: list[VolumeMount] = Field(default_factory=list[VolumeMount])
    """Volumes that it uses."""
    metrics: Metrics | None = None
    """Where its metrics are."""
    standby: Standby | None = None
    """What may be loaded in advance; without it, every start is an ordinary one."""


class Job(resource.Document):
    """A program that runs once and ends; exit status 0 means done. It must bear being run twice."""

    command: Annotated[list[Template], Field(min_length=1)]
    """The program and its arguments; no shell is involved."""
    environment: list[EnvironmentVariable] = Field(default_factory=list[EnvironmentVariable])
    """Variables of its environment."""
    timeout: resource.Duration = "120s"
    """A job that has not ended by then has failed."""


class FirstAdministrator(Job):
    """Makes the first administrator while the workloads run."""

    before_route: bool = True
    """Whether visitors must wait for it. False only where a visitor without an account can do no harm."""


class ScheduledJob(Job):
    """Runs again and again while the installation is awake.

    One that is due while it still runs is left out, and so is what was due while the installation slept or nobody was
    there to start it.
    """

    name: Annotated[resource.DnsLabel, Field(max_length=40)]
    """Its name, as the application's own documentation uses it."""
    schedule: Annotated[str, Field(pattern=schedule.PATTERN, max_length=100)]
    """When it is due: minute, hour, day of the month, month and day of the week (0 is Sunday), as cron has them."""
    time_zone: Annotated[str, Field(min_length=1, max_length=64)] = "Etc/UTC"
    """The time zone that the schedule is in."""


class Jobs(resource.Document):
    """Programs that run at certain moments of an installation's life.

    One that speaks with a workload has to try for some seconds: network policies may let a new pod through late.
    """

    initialise: Job | None = None
    """Once, before the first start."""
    migrate: Job | None = None
    """Before the workloads of another version start."""
    first_administrator: FirstAdministrator | None = None
    """Once, after the first start."""
    smoke_check: Job | None = None
    """After each start; tells whether the installation really works."""
    neutralise: Job | None = None
    """In a copy for staging: switches off mail, webhooks and the like."""
    quiesce: Job | None = None
    """Before a backup."""
    resume: Job | None = None
    """After a backup."""
    scheduled: Annotated[list[ScheduledJob], Field(max_length=20)] = Field(default_factory=list[ScheduledJob])
    """Again and again while it is awake."""


class Scale(resource.Document):
    """How far more copies may be started when there is much to do, on clusters that can."""

    up_to: int = Field(ge=2, le=1000)
    """So many copies at most; at least as many as `replicas`."""
    cpu_percent: int = Field(default=70, ge=10, le=95)
    """More are started when the copies use more than this part of their processor time on average."""


class WorkloadSize(resource.Document):
    """What one workload gets."""

    replicas: int = Field(default=1, ge=1)
    """How many copies run (one machine runs one)."""
    scale: Scale | None = None
    """How far more may be started by themselves; without it, always as many as `replicas` run."""
    cpu: resource.Quantity = "500m"
    """Processor time, as a share of one core."""
    memory: resource.Quantity = "512Mi"
    """Memory that it may hold; more ends it."""
    open_files: int = Field(default=4096, ge=64)
    """File descriptors that it may hold."""


class Size(resource.Document):
    """A size that is sold."""

    name: resource.DnsLabel
    """The size's name: `small`."""
    title: str = ""
    """What a customer reads; the name where it is empty."""
    workloads: dict[str, WorkloadSize] = Field(default_factory=dict[str, WorkloadSize])
    """Workload name → what it gets; the defaults for those that are not listed."""


class Route(resource.Document):
    """Which port faces the world."""

    workload: resource.DnsLabel
    """The workload's name."""
    port: resource.Identifier
    """The port's name."""
    web_sockets: bool = True
    """Whether connections may be upgraded."""
    max_request_size: resource.Quantity = "100Mi"
    """Larger requests are refused."""


class Credentials(resource.Document):
    """How the first administrator signs in; shown to the customer once."""

    username: Template
    """The name to sign in with."""
    password: Template
    """The first password."""
    note: Template = ""
    """Where and how to use them, in a sentence."""


class Link(resource.Document):
    """A page about the application."""

    title: str
    """What the link says."""
    url: Annotated[str, Field(pattern=r"^https?://")]
    """Where it leads."""


class ApplicationSpec(resource.Document):
    """What the application is, and how it runs."""

    title: str
    """Its name for people."""
    summary: str
    """What it is, in one sentence."""
    icon: str | None = None
    """An SVG picture, inline."""
    links: list[Link] = Field(default_factory=list[Link])
    """Pages about it."""
    versions: Annotated[list[Version], Field(min_length=1)]
    """Released versions, oldest first."""
    default_version: str | None = None
    """What a new installation gets; the last of `versions` where it is not set."""
    secrets: list[GeneratedSecret] = Field(default_factory=list[GeneratedSecret])
    """Secrets that are made once for each installation."""
    needs: need.Needs = need.Needs()
    """What an installation must be given."""
    files: list[ConfigurationFile] = Field(default_factory=list[ConfigurationFile])
    """Files that are written before the workloads start."""
    workloads: Annotated[list[Workload], Field(min_length=1)]
    """Programs that run as long as the installation is awake."""
    jobs: Jobs = Jobs()
    """Programs that run at certain moments."""
    sizes: Annotated[list[Size], Field(min_length=1)]
    """Sizes that are sold, smallest first; the first is the default."""
    settings: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Settings that a customer may change: a JSON Schema of type `object`, with a default for each property."""
    route: Route
    """Which port faces the world."""
    credentials: Credentials | None = None
    """How the first administrator signs in."""


class VersionPhase(StrEnum):
    """How far the preparation of a version has come."""

    PREPARING = "Preparing"
    PREPARED = "Prepared"
    FAILED = "Failed"


class VersionStatus(resource.Report):
    """Whether a version can be started at once."""

    version: str
    """The version."""
    phase: VersionPhase
    """How far its preparation has come."""
    message: str = ""
    """For a person: progress, or what went wrong."""


class ApplicationStatus(resource.Report):
    """What is so, as whoever runs installations reports it."""

    observed_generation: int = 0
    """The generation of `spec` that this speaks of."""
    versions: list[VersionStatus] = Field(default_factory=list[VersionStatus])
    """How far each version is."""


class Application(resource.Document):
    """An application that a vendor sells."""

    api_version: Literal["tenantry.dev/v1alpha1"] = resource.API_VERSION
    kind: Literal["Application"] = "Application"
    metadata: resource.Metadata
    spec: ApplicationSpec
    status: ApplicationStatus | None = None
