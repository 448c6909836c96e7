"""Rules of a manifest that span several keys; the API checks them too, since it may get a manifest from anywhere."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from tenantry.application import authorities, lock, manifest, pooling, preloading, schedule, settings, trial
from tenantry.application import findings as found

_Spec = manifest.ApplicationSpec


def check(application: manifest.Application) -> None:
    """Check every rule.

    Raises:
        found.ManifestError: some are broken; it holds all of them.
    """
    broken = find(application)
    if broken:
        raise found.ManifestError(broken)


def find(application: manifest.Application) -> list[found.Finding]:
    """Return every broken rule. Templates are tried only where everything else is right."""
    spec = application.spec
    broken = [finding for rule in _RULES for finding in rule(spec)]
    return broken or trial.find(application)


def _unique_names(spec: _Spec) -> Iterator[found.Finding]:
    for path, values in _names(spec):
        seen: set[str] = set()
        for place, value in values:
            if value in seen:
                yield found.Finding(path=place, message=f"“{value}” is here twice among {path}.")
            seen.add(value)


def _names(spec: _Spec) -> Iterator[tuple[str, list[tuple[found.Path, str]]]]:
    yield "versions", [(("spec", "versions", i, "version"), each.version) for i, each in enumerate(spec.versions)]
    yield "workloads", [(("spec", "workloads", i, "name"), each.name) for i, each in enumerate(spec.workloads)]
    yield "secrets", [(("spec", "secrets", i, "name"), each.name) for i, each in enumerate(spec.secrets)]
    yield "sizes", [(("spec", "sizes", i, "name"), each.name) for i, each in enumerate(spec.sizes)]
    yield "files", [(("spec", "files", i, "name"), each.name) for i, each in enumerate(spec.files)]
    yield "paths of files", [(("spec", "files", i, "path"), each.path) for i, each in enumerate(spec.files)]
    scheduled = spec.jobs.scheduled
    yield "jobs", [(("spec", "jobs", "scheduled", i, "name"), each.name) for i, each in enumerate(scheduled)]
    needs = spec.needs.volumes
    yield "volumes", [(("spec", "needs", "volumes", i, "name"), each.name) for i, each in enumerate(needs)]
    yield (
        "ports of all workloads",
        [
            (("spec", "workloads", i, "ports", j, "name"), port.name)
            for i, each in enumerate(spec.workloads)
            for j, port in enumerate(each.ports)
        ],
    )


def _versions(spec: _Spec) -> Iterator[found.Finding]:
    known = [version.version for version in spec.versions]
    if spec.default_version is not None:
        yield from _one_of(spec.default_version, known, ("spec", "defaultVersion"), what="version")
    for index, version in enumerate(spec.versions):
        for key, names in (("upgradesFrom", version.upgrades_from), ("downgradesTo", version.downgrades_to)):
            for at, name in enumerate(names):
                path = ("spec", "versions", index, key, at)
                yield from _one_of(name, known, path, what="version")
                if name == version.version:
                    yield found.Finding(path=path, message="A version does not follow itself.")


def _packages(spec: _Spec) -> Iterator[found.Finding]:
    for index, version in enumerate(spec.versions):
        path = ("spec", "versions", index, "package")
        if version.package.pip is not None:
            yield from lock.find(version.package.pip, (*path, "pip"))
        elif version.image is None:
            message = "A version needs a package or an image."
            yield found.Finding(path=path, message=message, suggestion="Set “pip” here, or “image” beside it.")


def _ports(spec: _Spec) -> Iterator[found.Finding]:
    for index, workload in enumerate(spec.workloads):
        known = [port.name for port in workload.ports]
        what = f"port of the workload “{workload.name}”"
        for key, probe in (("readiness", workload.readiness), ("health", workload.health)):
            if probe is not None:
                path = ("spec", "workloads", index, key, "http", "port")
                yield from _one_of(probe.http.port, known, path, what=what)
        if workload.metrics is not None:
            path = ("spec", "workloads", index, "metrics", "port")
            yield from _one_of(workload.metrics.port, known, path, what=what)


def _route(spec: _Spec) -> Iterator[found.Finding]:
    workloads = {workload.name: workload for workload in spec.workloads}
    route = spec.route
    if route.workload not in workloads:
        yield from _one_of(route.workload, workloads, ("spec", "route", "workload"), what="workload")
        return
    known = [port.name for port in workloads[route.workload].ports]
    yield from _one_of(route.port, known, ("spec", "route", "port"), what=f"port of the workload “{route.workload}”")


def _volumes(spec: _Spec) -> Iterator[found.Finding]:
    known = [need.name for need in spec.needs.volumes]
    for index, workload in enumerate(spec.workloads):
        for at, mount in enumerate(workload.volumes):
            path = ("spec", "workloads", index, "volumes", at, "name")
            yield from _one_of(mount.name, known, path, what="volume under “needs”")


def _standbys(spec: _Spec) -> Iterator[found.Finding]:
    for index, workload in enumerate(spec.workloads):
        if workload.standby is not None and preloading.split(workload.command) is None:
            yield found.Finding(
                path=("spec", "workloads", index, "standby"),
                message="Only a command that runs a Python module of the package can be loaded in advance.",
                suggestion="Write the command as “{{ package.bin }}/python”, options, “-m”, the module, its arguments.",
            )


def _schedules(spec: _Spec) -> Iterator[found.Finding]:
    for index, job in enumerate(spec.jobs.scheduled):
        path = ("spec", "jobs", "scheduled", index)
        if (problem := schedule.problem(job.schedule)) is not None:
            yield found.Finding(path=(*path, "schedule"), message=f"“{job.schedule}” cannot be kept to. {problem}")
        if not schedule.is_zone(job.time_zone):
            message = f"There is no time zone “{job.time_zone}”."
            yield found.Finding(path=(*path, "timeZone"), message=message, suggestion="Write it as “Europe/Berlin”.")


def _sizes(spec: _Spec) -> Iterator[found.Finding]:
    known = [workload.name for workload in spec.workloads]
    for index, size in enumerate(spec.sizes):
        for name, share in size.workloads.items():
            path = ("spec", "sizes", index, "workloads", name)
            yield from _one_of(name, known, path, what="workload")
            if share.scale is not None and share.scale.up_to < share.replicas:
                message = f"“{name}” starts with more copies than it may have."
                yield found.Finding(path=(*path, "scale", "upTo"), message=message)


def _files(spec: _Spec) -> Iterator[found.Finding]:
    for index, file in enumerate(spec.files):
        for key, value, ours in (
            ("name", file.name, {authorities.FILE_NAME, authorities.BUCKET_FILE_NAME}),
            ("path", file.path, {authorities.FILE_PATH, authorities.BUCKET_FILE_PATH}),
        ):
            if value in ours:
                message = f"“{value}” is written by tenantry where a server has authorities of its own."
                yield found.Finding(path=("spec", "files", index, key), message=message)


def _pooling(spec: _Spec) -> Iterator[found.Finding]:
    need = spec.needs.database
    if need is None or need.pooling is None:
        return
    if need.pooling.connections >= need.connections:
        message = "Its role may hold no more connections than that, and jobs go past the pooler."
        suggestion = f"Set it to less than “connections”, which is {need.connections}."
        path = ("spec", "needs", "database", "pooling", "connections")
        yield found.Finding(path=path, message=message, suggestion=suggestion)
    for index, file in enumerate(spec.files):
        if file.path.startswith(f"{pooling.FOLDER}/"):
            message = f"“{pooling.FOLDER}” holds what tenantry writes for jobs."
            yield found.Finding(path=("spec", "files", index, "path"), message=message)


def _icon(spec: _Spec) -> Iterator[found.Finding]:
    icon = spec.icon
    if icon is not None and not icon.lstrip().startswith("<svg"):
        yield found.Finding(path=("spec", "icon"), message="The icon is not an inline SVG picture (“<svg …”).")


def _settings(spec: _Spec) -> Iterator[found.Finding]:
    return settings.find_in_schema(spec.settings, ("spec", "settings"))


def _one_of(name: str, known: Iterable[str], path: found.Path, *, what: str) -> Iterator[found.Finding]:
    names = list(known)
    if name not in names:
        suggestion = found.did_you_mean(name, names)
        yield found.Finding(path=path, message=f"There is no {what} “{name}”.", suggestion=suggestion)


_RULES: Sequence[Callable[[_Spec], Iterator[found.Finding]]] = (
    _unique_names,
    _versions,
    _packages,
    _ports,
    _route,
    _volumes,
    _standbys,
    _schedules,
    _sizes,
    _files,
    _pooling,
    _icon,
    _settings,
)
