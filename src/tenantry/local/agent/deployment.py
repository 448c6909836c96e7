"""From a document and a place on this machine to programs and jobs with their limits: pure.

A workload's digest covers its program, its limits and the files that it can be thought to read: those whose path stands
in its command, its environment or another such file, and those that nobody names. Only what has changed is restarted.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from tenantry.application import manifest, preloading, quantities, relevance, rendering, values
from tenantry.kernel import errors
from tenantry.local import assignment, control_groups, launch, program
from tenantry.local.agent import model, workspace
from tenantry.runtime import document

PREFIX = "ins."
"""Programs of installations: `ins.SLOT.WORKLOAD`; no name has a dot in it."""

DEPLOYMENT = "TENANTRY_DEPLOYMENT"
"""Environment variable that tells from what a workload was started."""

LOOPBACK = "127.0.0.1"
PROCESSES = 2048
"""Processes and threads that one workload may hold at once: enough for any, and no fork bomb."""

_WEIGHT_OF_A_CORE = 100
_JOB = "job"
_SCHEDULED = "scheduled"


class DatabaseClusterUnsupportedError(errors.CustomerMustActError):
    """One machine has no database clusters of Kubernetes."""

    code = "database-cluster-unsupported"
    status = 422
    hint = "Name a Secret in “database” instead of “databaseCluster”."


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is the same for all installations here."""

    stack: str
    hierarchies: control_groups.Hierarchies


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What was chosen for one installation.

    Attributes:
        slot: the name of its programs, groups and folder; its own, unless it moved into a standby's place.
        package: the folder of its version.
        workspace: its folders and files.
        ports: port name → number.
        uid: whom its programs run as; None: as the agent.
    """

    slot: str
    package: Path
    workspace: workspace.Workspace
    ports: Mapping[str, int]
    uid: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """An installation as it is run on this machine."""

    rendered: rendering.Rendered
    layout: model.Layout
    programs: Mapping[str, program.ProgramSpec]
    jobs: Mapping[rendering.JobName, program.ProgramSpec]
    scheduled: Mapping[str, program.ProgramSpec]


def program_name(slot: str, workload: str) -> str:
    """Return the name under which the supervisor knows a workload."""
    return f"{PREFIX}{slot}.{workload}"


def owner(name: str) -> tuple[str, str] | None:
    """Return the slot and the workload of a program; None for a program that is not ours."""
    if not name.startswith(PREFIX):
        return None
    slot, _, workload = name.removeprefix(PREFIX).partition(".")
    return slot, workload


def group_name(machine: Machine, slot: str, workload: str = "") -> str:
    """Return the control group of a workload, or of all that live in the slot."""
    return f"tenantry-{machine.stack}/{slot}/{workload}".rstrip("/")


def deploy(
    bundle: document.InstallationBundle, application: manifest.Application, *, place: Place, machine: Machine
) -> Deployment:
    """Render the document for its place.

    Raises:
        errors.TenantryError: the document and the application do not fit each other; the message says where.
    """
    installation = bundle.installation
    name = installation.metadata.name
    rendered = rendering.render(
        values.collect(
            application,
            installation.spec,
            identity=values.Identity(id=name, name=installation.spec.hosts[0].split(".")[0]),
            handover=handover(bundle),
            placement=_placement(application.spec, place),
        )
    )
    builder = _Builder(place, machine)
    layout = _layout(rendered, installation.spec)
    digests = {each.name: each.digest for each in layout.workloads}
    resources = rendered.workloads[0].resources
    return Deployment(
        rendered=rendered,
        layout=layout,
        programs={each.name: builder.workload(each, digests[each.name]) for each in rendered.workloads},
        jobs={kind: builder.job(kind, job, resources) for kind, job in rendered.jobs.items()},
        scheduled={each.name: builder.job(f"{_SCHEDULED}-{each.name}", each, resources) for each in rendered.scheduled},
    )


def standbys(spec: manifest.ApplicationSpec, *, place: Place, machine: Machine) -> Iterator[program.ProgramSpec]:
    """Yield the programs that wait in a place until somebody moves in, one for each workload that can."""
    builder = _Builder(place, machine)
    for workload in spec.workloads:
        command = preloading.split(workload.command)
        if workload.standby is not None and command is not None:
            limits = _limits(rendering.resources(spec.sizes[0], workload.name))
            yield builder.standby(workload, command, workload.standby.imports, limits)


def standby_file(place: Place) -> Path:
    """Return where the program of standbys lies in a place: the package's Python may not be able to read ours."""
    return place.workspace.folder / "standby.py"


def handover(bundle: document.InstallationBundle) -> values.Handover:
    """Return the secrets of a bundle by role.

    Raises:
        DatabaseClusterUnsupportedError: the database is to be made on a cluster of CloudNativePG.
    """
    secrets = {each.name: each.data for each in bundle.secrets}
    spec = bundle.installation.spec
    if spec.database_cluster is not None:
        raise DatabaseClusterUnsupportedError
    roles = {"database": spec.database, "bucket": spec.bucket, "mail": spec.mail}
    given = {role: secrets.get(each.secret_name) for role, each in roles.items() if each is not None}
    generated = secrets.get(spec.generated.secret_name, {}) if spec.generated is not None else {}
    return values.Handover(**given, generated=generated)


def _placement(spec: manifest.ApplicationSpec, place: Place) -> values.Placement:
    return values.Placement(
        package=PurePosixPath(place.package),
        configuration=PurePosixPath(place.workspace.configuration),
        volumes={need.name: PurePosixPath(place.workspace.volume(need.name)) for need in spec.needs.volumes},
        ports=place.ports,
        listen_host=LOOPBACK,
        reach_host=LOOPBACK,
    )


class _Builder:
    """Makes program specs of one installation."""

    def __init__(self, place: Place, machine: Machine) -> None:
        self._place = place
        self._machine = machine

    def workload(self, workload: rendering.Workload, digest: str) -> program.ProgramSpec:
        limits = _limits(workload.resources)
        return program.ProgramSpec(
            name=program_name(self._place.slot, workload.name),
            command=workload.command,
            # A change of what it reads is a change of the program, so that the supervisor replaces it.
            environment=self._environment(workload.environment) | {DEPLOYMENT: digest},
            directory=self._place.workspace.home,
            log_file=self._place.workspace.logs / f"{workload.name}.log",
            uid=self._place.uid,
            gid=self._place.uid,
            control_groups=self._groups(workload.name, limits),
            open_files=limits.open_files,
            data_bytes=self._machine.hierarchies.data_bytes(limits),
            is_started=False,
            stop_signal=program.StopSignal(workload.stop_signal),
            stop_grace=workload.stop_grace,
        )

    def standby(
        self,
        workload: manifest.Workload,
        command: preloading.PythonProgram,
        modules: list[str],
        limits: control_groups.Limits,
    ) -> program.ProgramSpec:
        name = program_name(self._place.slot, workload.name)
        interpreter = [str(self._place.package / "bin" / "python"), *command.options]
        # What has no template in it holds for everybody, and some of it counts from the first moment of a process.
        constant = {each.name: each.value for each in workload.environment if "{" not in each.value}
        return program.ProgramSpec(
            name=name,
            command=[*interpreter, str(standby_file(self._place)), assignment.socket_name(name), *modules],
            environment=self._environment(constant),
            directory=self._place.workspace.home,
            log_file=self._place.workspace.logs / f"{workload.name}.log",
            uid=self._place.uid,
            gid=self._place.uid,
            control_groups=self._groups(workload.name, limits),
            is_started=False,
            stop_signal=program.StopSignal(workload.stop.signal),
            stop_grace=quantities.duration(workload.stop.grace),
        )

    def job(
        self, name: str, job: rendering.Job | rendering.ScheduledJob, resources: rendering.Resources
    ) -> program.ProgramSpec:
        limits = _limits(resources)
        return program.ProgramSpec(
            name=f"{_JOB}.{name.lower()}",
            command=job.command,
            environment=self._environment(job.environment),
            directory=self._place.workspace.home,
            log_file=self._place.workspace.logs / f"{_JOB}-{name}.log",
            uid=self._place.uid,
            gid=self._place.uid,
            control_groups=self._groups(f"{_JOB}-{name}", limits),
            open_files=limits.open_files,
            data_bytes=self._machine.hierarchies.data_bytes(limits),
        )

    def _groups(self, workload: str, limits: control_groups.Limits) -> list[launch.ControlGroup]:
        return self._machine.hierarchies.groups(group_name(self._machine, self._place.slot, workload), limits)

    def _environment(self, declared: Mapping[str, str]) -> dict[str, str]:
        return {
            "PATH": f"{self._place.package / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self._place.workspace.home),
            "TMPDIR": str(self._place.workspace.temporary),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        } | dict(declared)


def _limits(resources: rendering.Resources) -> control_groups.Limits:
    return control_groups.Limits(
        memory_bytes=resources.memory_bytes,
        cpu_weight=max(1, resources.cpu_millis * _WEIGHT_OF_A_CORE // 1000),
        open_files=resources.open_files,
        processes=PROCESSES,
    )


def _layout(rendered: rendering.Rendered, spec: document.InstallationSpec) -> model.Layout:
    read = {
        each.name: relevance.files_read((*each.command, *each.environment.values()), rendered.files)
        for each in rendered.workloads
    }
    anybodys = {file.path for file in rendered.files if not file.is_for_jobs}
    unclaimed = anybodys.difference(*read.values())
    return model.Layout(
        workloads=tuple(
            model.WantedWorkload(
                name=each.name,
                digest=_workload_digest(each, _select(rendered.files, read[each.name] | unclaimed), spec.restarted_at),
                start_timeout=each.startup_timeout,
                is_probed=each.readiness is not None,
            )
            for each in rendered.workloads
        ),
        files_digest=digest([[file.path, file.content] for file in rendered.files]),
        route=model.Route(
            hosts=tuple(spec.hosts),
            upstream=f"{LOOPBACK}:{rendered.route.port}",
            max_request_bytes=rendered.route.max_request_bytes,
        ),
        endpoints=tuple(
            document.Endpoint(workload=each.name, port=port, address=f"{LOOPBACK}:{number}")
            for each in rendered.workloads
            for port, number in each.ports.items()
        ),
    )


def _select(files: tuple[rendering.File, ...], paths: frozenset[str]) -> tuple[rendering.File, ...]:
    return tuple(file for file in files if file.path in paths)


def _workload_digest(
    workload: rendering.Workload, files: tuple[rendering.File, ...], restarted_at: datetime | None
) -> str:
    resources = workload.resources
    return digest(
        {
            "command": workload.command,
            "environment": dict(workload.environment),
            "resources": [resources.memory_bytes, resources.cpu_millis, resources.open_files],
            "stop": [workload.stop_signal, workload.stop_grace.total_seconds()],
            "volumes": dict(workload.volumes),
            "files": [[file.path, file.content] for file in files],
            "restartedAt": restarted_at.isoformat() if restarted_at else None,
        }
    )


def digest(value: object) -> str:
    """Return a short digest of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:24]
