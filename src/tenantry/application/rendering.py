"""Turns an application and the values of one installation into files, programs and jobs: pure, and the same everywhere.

The agent on one machine starts the result as processes; the operator on Kubernetes builds objects of it. The same input
gives the same output, so a change of the output means that something has to be done.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from tenantry.application import authorities, manifest, pooling, quantities, templates
from tenantry.application import values as value


class JobName(StrEnum):
    """The moments of an installation's life at which a program runs, as the manifest names them."""

    INITIALISE = "initialise"
    MIGRATE = "migrate"
    FIRST_ADMINISTRATOR = "firstAdministrator"
    SMOKE_CHECK = "smokeCheck"
    NEUTRALISE = "neutralise"
    QUIESCE = "quiesce"
    RESUME = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to be written; it may hold secrets."""

    name: str
    path: str
    """Where it belongs: the placement's folder and the manifest's path."""
    content: str = field(repr=False)
    is_for_jobs: bool = False
    """It says how jobs reach the database, which workloads do not need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A request that tells whether a workload is well."""

    port: int
    path: str
    host_header: str | None
    period: timedelta
    timeout: timedelta
    failure_threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a workload may use."""

    replicas: int
    cpu_millis: int
    memory_bytes: int
    open_files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A program that runs as long as the installation is awake."""

    name: str
    command: tuple[str, ...] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    ports: Mapping[str, int]
    readiness: Probe | None
    health: Probe | None
    startup_timeout: timedelta
    stop_signal: str
    stop_grace: timedelta
    resources: Resources
    volumes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A program that runs once and ends."""

    name: JobName
    command: tuple[str, ...] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    timeout: timedelta
    before_route: bool = True
    """Whether visitors must wait for it; only the first administrator's job may say no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledJob:
    """A program that runs again and again; see `schedule`."""

    name: str
    schedule: str
    time_zone: str
    command: tuple[str, ...] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How the first administrator signs in."""

    username: str
    password: str = field(repr=False)
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which port faces the world."""

    workload: str
    port: int
    web_sockets: bool
    max_request_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """All that one installation consists of."""

    files: tuple[File, ...]
    workloads: tuple[Workload, ...]
    jobs: Mapping[JobName, Job]
    scheduled: tuple[ScheduledJob, ...]
    route: Route
    credentials: Credentials | None


def render(values: value.Values) -> Rendered:
    """Fill in every template of the installation's application.

    Raises:
        templates.TemplateError: a template cannot be filled in; the error names its place.
    """
    return _Renderer(values).rendered()


def render_credentials(values: value.Values) -> Credentials | None:
    """Fill in only what tells the first administrator how to sign in.

    Raises:
        templates.TemplateError: a template cannot be filled in; the error names its place.
    """
    return _Renderer(values).credentials()


def resources(size: manifest.Size, workload: str) -> Resources:
    """Return what a workload of an installation of this size may use."""
    share = size.workloads.get(workload, manifest.WorkloadSize())
    return Resources(
        replicas=share.replicas,
        cpu_millis=quantities.thousandths(share.cpu),
        memory_bytes=quantities.whole(share.memory),
        open_files=share.open_files,
    )


def declared_jobs(jobs: manifest.Jobs) -> Iterator[tuple[JobName, manifest.Job]]:
    """Yield the jobs that a manifest has, with their names."""
    declared: list[tuple[JobName, manifest.Job | None]] = [
        (JobName.INITIALISE, jobs.initialise),
        (JobName.MIGRATE, jobs.migrate),
        (JobName.FIRST_ADMINISTRATOR, jobs.first_administrator),
        (JobName.SMOKE_CHECK, jobs.smoke_check),
        (JobName.NEUTRALISE, jobs.neutralise),
        (JobName.QUIESCE, jobs.quiesce),
        (JobName.RESUME, jobs.resume),
    ]
    for name, job in declared:
        if job is not None:
            yield name, job


class _Renderer:
    """Carries the values and their names through one rendering."""

    def __init__(self, values: value.Values) -> None:
        self._values = values
        self._spec = values.application.spec
        self._names = values.names_of_workloads()
        self._names_of_jobs = values.names_of_jobs()
        self._database = values.handover.database if self._spec.needs.database else None
        self._bucket = values.handover.bucket if self._spec.needs.bucket else None

    def rendered(self) -> Rendered:
        return Rendered(
            files=tuple(self._files()),
            workloads=tuple(self._workload(index, each) for index, each in enumerate(self._spec.workloads)),
            jobs={name: self._job(name, job) for name, job in declared_jobs(self._spec.jobs)},
            scheduled=tuple(self._scheduled(index, each) for index, each in enumerate(self._spec.jobs.scheduled)),
            route=self._route(),
            credentials=self.credentials(),
        )

    def credentials(self) -> Credentials | None:
        declared = self._spec.credentials
        if declared is None:
            return None
        return Credentials(
            username=self._fill(declared.username, "spec.credentials.username"),
            password=self._fill(declared.password, "spec.credentials.password"),
            note=self._fill(declared.note, "spec.credentials.note"),
        )

    def _files(self) -> Iterator[File]:
        for index, file in enumerate(self._spec.files):
            content = self._fill(file.content, f"spec.files[{index}].content")
            yield File(name=file.name, path=self._values.file_path(file.path), content=content)
        yield from self._files_of_jobs()
        for given, name, path in (
            (self._database, authorities.FILE_NAME, authorities.FILE_PATH),
            (self._bucket, authorities.BUCKET_FILE_NAME, authorities.BUCKET_FILE_PATH),
        ):
            if certificate := (given or {}).get(authorities.CERTIFICATE):
                yield File(name=name, path=self._values.file_path(path), content=certificate)

    def _files_of_jobs(self) -> Iterator[File]:
        doubled = pooling.twice(self._spec) if self._values.is_pooled else frozenset[str]()
        for index, file in enumerate(self._spec.files):
            if file.name in doubled:
                yield File(
                    name=pooling.twin(file.name),
                    path=self._values.direct_path(file.path),
                    content=self._fill(file.content, f"spec.files[{index}].content", is_job=True),
                    is_for_jobs=True,
                )

    def _workload(self, index: int, workload: manifest.Workload) -> Workload:
        place = f"spec.workloads[{index}]"
        ports = {port.name: self._values.placement.ports[port.name] for port in workload.ports}
        return Workload(
            name=workload.name,
            command=self._command(workload.command, place),
            environment=self._environment(workload.environment, place),
            ports=ports,
            readiness=self._probe(workload.readiness),
            health=self._probe(workload.health),
            startup_timeout=quantities.duration(workload.startup.timeout),
            stop_signal=workload.stop.signal,
            stop_grace=quantities.duration(workload.stop.grace),
            resources=resources(self._values.size, workload.name),
            volumes={mount.name: str(self._values.placement.volumes[mount.name]) for mount in workload.volumes},
        )

    def _job(self, name: JobName, job: manifest.Job) -> Job:
        place = f"spec.jobs.{name}"
        return Job(
            name=name,
            command=self._command(job.command, place, is_job=True),
            environment=self._environment(job.environment, place, is_job=True),
            timeout=quantities.duration(job.timeout),
            before_route=not isinstance(job, manifest.FirstAdministrator) or job.before_route,
        )

    def _scheduled(self, index: int, job: manifest.ScheduledJob) -> ScheduledJob:
        place = f"spec.jobs.scheduled[{index}]"
        return ScheduledJob(
            name=job.name,
            schedule=job.schedule,
            time_zone=job.time_zone,
            command=self._command(job.command, place, is_job=True),
            environment=self._environment(job.environment, place, is_job=True),
            timeout=quantities.duration(job.timeout),
        )

    def _command(self, command: list[str], place: str, *, is_job: bool = False) -> tuple[str, ...]:
        words = enumerate(command)
        return tuple(self._fill(word, f"{place}.command[{index}]", is_job=is_job) for index, word in words)

    def _environment(
        self, variables: list[manifest.EnvironmentVariable], place: str, *, is_job: bool = False
    ) -> dict[str, str]:
        path = self._values.file_path
        trusted = authorities.variables(self._database, path(authorities.FILE_PATH))
        trusted |= authorities.bucket_variables(self._bucket, path(authorities.BUCKET_FILE_PATH))
        return trusted | {
            variable.name: self._fill(variable.value, f"{place}.environment[{index}].value", is_job=is_job)
            for index, variable in enumerate(variables)
        }

    def _probe(self, probe: manifest.Probe | None) -> Probe | None:
        if probe is None:
            return None
        return Probe(
            port=self._values.placement.ports[probe.http.port],
            path=probe.http.path,
            host_header=self._values.host if probe.http.host_header else None,
            period=quantities.duration(probe.period),
            timeout=quantities.duration(probe.timeout),
            failure_threshold=probe.failure_threshold,
        )

    def _route(self) -> Route:
        route = self._spec.route
        return Route(
            workload=route.workload,
            port=self._values.placement.ports[route.port],
            web_sockets=route.web_sockets,
            max_request_bytes=quantities.whole(route.max_request_size),
        )

    def _fill(self, text: str, place: str, *, is_job: bool = False) -> str:
        return templates.render(text, self._names_of_jobs if is_job else self._names, place=place)
