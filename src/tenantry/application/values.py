"""What a template may read about one installation, as typed values, and the names under which it reads them.

Names are camelCase as in the manifest: `installation.displayName`, `database.sslMode`, `bucket.accessKey`,
`package.bin`, `secrets.NAME`, `settings.NAME`, `ports.NAME`, `listen.host`, `endpoints.NAME`, `files.NAME`,
`volumes.NAME`, `size.name`, `version`, `application.name`. What the manifest does not need is not defined.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit

from tenantry.application import authorities, manifest, pooling, quantities
from tenantry.kernel import errors


class NotHandedOverError(errors.PermanentError):
    """The application needs something that was not handed over with the installation."""

    code = "need-not-handed-over"


class UnknownVersionError(errors.CustomerMustActError):
    """The application has no such version."""

    code = "version-unknown"
    status = 422


class UnknownSizeError(errors.CustomerMustActError):
    """The application has no such size."""

    code = "size-unknown"
    status = 422


class Wanted(Protocol):
    """What is wanted of an installation; `runtime.document.InstallationSpec` is one."""

    @property
    def version(self) -> str:
        """The version that is to serve."""
        ...

    @property
    def size(self) -> str:
        """The name of its size."""
        ...

    @property
    def settings(self) -> dict[str, Any]:
        """The customer's settings."""
        ...

    @property
    def hosts(self) -> list[str]:
        """Host names; the first is its own."""
        ...

    @property
    def url(self) -> str:
        """The address a browser uses."""
        ...

    @property
    def display_name(self) -> str:
        """What the customer calls it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which installation it is."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """The secrets that were handed over, by role; keys as in the documents (`accessKey`)."""

    database: Mapping[str, str] | None = field(default=None, repr=False)
    bucket: Mapping[str, str] | None = field(default=None, repr=False)
    mail: Mapping[str, str] | None = field(default=None, repr=False)
    generated: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where things are, as whoever runs the installation decides.

    Attributes:
        package: the folder of the prepared package; its programs are in `bin` below it.
        configuration: the folder that the configuration files are written into.
        volumes: name → path.
        ports: name → number; port names are unique in an application.
        listen_host: the address workloads listen on.
        reach_host: the address under which jobs and other workloads reach them.
        reach_hosts: port name → its own address, where workloads have addresses of their own.
    """

    package: PurePosixPath
    configuration: PurePosixPath
    volumes: Mapping[str, PurePosixPath] = field(default_factory=dict[str, PurePosixPath])
    ports: Mapping[str, int] = field(default_factory=dict[str, int])
    listen_host: str = "127.0.0.1"
    reach_host: str = "127.0.0.1"
    reach_hosts: Mapping[str, str] = field(default_factory=dict[str, str])

    def endpoint(self, port: str) -> str:
        """Return host and number under which a port is reached."""
        return f"{self.reach_hosts.get(port, self.reach_host)}:{self.ports[port]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Everything that the templates of one installation may read."""

    application: manifest.Application = field(repr=False)
    version: manifest.Version
    size: manifest.Size
    identity: Identity
    display_name: str
    url: str
    host: str
    settings: Mapping[str, Any]
    handover: Handover
    placement: Placement

    @property
    def is_pooled(self) -> bool:
        """Tell whether workloads reach the database through a pooler."""
        return pooling.is_pooled(self.application.spec, self.handover.database)

    def names(self) -> dict[str, object]:
        """Return the names under which templates read the values where there is no pooler."""
        spec = self.application.spec
        known: dict[str, object] = {
            "application": {"name": self.application.metadata.name, "title": spec.title},
            "installation": self._installation(),
            "version": self.version.version,
            "size": self._size(),
            "settings": dict(self.settings),
            "secrets": {secret.name: self.handover.generated[secret.name] for secret in spec.secrets},
            "package": {"path": str(self.placement.package), "bin": str(self.placement.package / "bin")},
            "ports": dict(self.placement.ports),
            "listen": {"host": self.placement.listen_host},
            "endpoints": {name: self.placement.endpoint(name) for name in self.placement.ports},
            "files": {file.name: self.file_path(file.path) for file in spec.files},
            "volumes": {need.name: str(self.placement.volumes[need.name]) for need in spec.needs.volumes},
        }
        return known | self._needs()

    def names_of_workloads(self) -> dict[str, object]:
        """Return the names under which the templates of workloads and files read the values."""
        given = self.handover.database
        if given is None or not self.is_pooled:
            return self.names()
        return self.names() | {"database": self._trusting(pooling.pooled(given), authorities.FILE_PATH)}

    def names_of_jobs(self) -> dict[str, object]:
        """Return the names under which the templates of jobs read the values."""
        if not self.is_pooled:
            return self.names()
        spec = self.application.spec
        own = {file.name: self.direct_path(file.path) for file in spec.files if file.name in pooling.twice(spec)}
        return self.names() | {"files": {file.name: self.file_path(file.path) for file in spec.files} | own}

    def file_path(self, path: str) -> str:
        """Return where a configuration file is written."""
        return str(self.placement.configuration / path)

    def direct_path(self, path: str) -> str:
        """Return where the file is written that jobs get in the place of one that says where the pooler is."""
        return self.file_path(f"{pooling.FOLDER}/{path}")

    def _installation(self) -> dict[str, object]:
        scheme = urlsplit(self.url).scheme
        return {
            "id": self.identity.id,
            "name": self.identity.name,
            "displayName": self.display_name or self.identity.name,
            "url": self.url,
            "host": self.host,
            "scheme": scheme,
            "isSecure": scheme == "https",
        }

    def _size(self) -> dict[str, object]:
        return {
            "name": self.size.name,
            "workloads": {workload.name: self._share(workload.name) for workload in self.application.spec.workloads},
        }

    def _share(self, workload: str) -> dict[str, object]:
        share = self.size.workloads.get(workload, manifest.WorkloadSize())
        return {
            "replicas": share.replicas,
            "cpuMillis": quantities.thousandths(share.cpu),
            "memoryBytes": quantities.whole(share.memory),
            "openFiles": share.open_files,
        }

    def _needs(self) -> dict[str, object]:
        needs, database = self.application.spec.needs, self.handover.database
        known = None if database is None else pooling.direct(database)
        given = {
            "database": (needs.database, self._trusting(known, authorities.FILE_PATH)),
            "bucket": (needs.bucket, self._trusting(self.handover.bucket, authorities.BUCKET_FILE_PATH)),
            "mail": (needs.mail, self.handover.mail),
        }
        return {role: dict(secret) for role, (need, secret) in given.items() if need and secret is not None}

    def _trusting(self, given: Mapping[str, str] | None, path: str) -> dict[str, str] | None:
        """Return what was handed over, with the path of the file that says whom to trust; empty where none is said."""
        if given is None:
            return None
        return {**given, "caFile": self.file_path(path) if given.get(authorities.CERTIFICATE) else ""}


def collect(
    application: manifest.Application, wanted: Wanted, *, identity: Identity, handover: Handover, placement: Placement
) -> Values:
    """Bring together what the templates of one installation may read.

    Raises:
        UnknownVersionError: the application has no such version.
        UnknownSizeError: the application has no such size.
        NotHandedOverError: a need, a generated secret, a volume or a port is missing.
    """
    _check_complete(application.spec, handover, placement)
    defaults = default_settings(application.spec)
    return Values(
        application=application,
        version=version(application, wanted.version),
        size=size(application, wanted.size),
        identity=identity,
        display_name=wanted.display_name,
        url=wanted.url.rstrip("/"),
        host=wanted.hosts[0],
        settings=defaults | wanted.settings,
        handover=handover,
        placement=placement,
    )


def version(application: manifest.Application, name: str) -> manifest.Version:
    """Return the application's version of that name.

    Raises:
        UnknownVersionError: there is none.
    """
    for known in application.spec.versions:
        if known.version == name:
            return known
    names = ", ".join(known.version for known in application.spec.versions)
    raise UnknownVersionError(f"{application.spec.title} has no version “{name}”.", hint=f"It has: {names}.")


def size(application: manifest.Application, name: str) -> manifest.Size:
    """Return the application's size of that name.

    Raises:
        UnknownSizeError: there is none.
    """
    for known in application.spec.sizes:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in application.spec.sizes)
    raise UnknownSizeError(f"{application.spec.title} has no size “{name}”.", hint=f"It has: {names}.")


def default_settings(spec: manifest.ApplicationSpec) -> dict[str, Any]:
    """Return the settings as they are where the customer has chosen nothing."""
    properties: dict[str, dict[str, Any]] = spec.settings.get("properties", {})
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}


def port_names(spec: manifest.ApplicationSpec) -> list[str]:
    """Return the names of all ports, each of which needs a number."""
    return [port.name for workload in spec.workloads for port in workload.ports]


def _check_complete(spec: manifest.ApplicationSpec, handover: Handover, placement: Placement) -> None:
    needs = spec.needs
    missing = [
        role
        for role, need, secret in (
            ("database", needs.database, handover.database),
            ("bucket", needs.bucket, handover.bucket),
            ("mail", needs.mail, handover.mail),
        )
        if need and secret is None
    ]
    missing += [f"secrets.{secret.name}" for secret in spec.secrets if secret.name not in handover.generated]
    missing += [f"volumes.{need.name}" for need in needs.volumes if need.name not in placement.volumes]
    missing += [f"ports.{name}" for name in port_names(spec) if name not in placement.ports]
    if missing:
        raise NotHandedOverError(f"Missing for this installation: {', '.join(missing)}.")
