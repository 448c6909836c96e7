"""Tries every template of a manifest with sample values, so that an undefined name is found before anything is sold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from tenantry.application import findings as found
from tenantry.application import manifest, rendering, templates, values


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """What a sample installation wants."""

    version: str
    size: str
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    hosts: list[str] = field(default_factory=lambda: ["sample.example.com"])
    url: str = "https://sample.example.com"
    display_name: str = "Sample"


def find(application: manifest.Application) -> list[found.Finding]:
    """Return every template that cannot be filled in, for every version."""
    names = sample(application, application.spec.versions[-1]).names()
    problems = [problem for place, text in places(application.spec) for problem in _unknown(text, names, place)]
    if not problems:
        problems = list(_rendered(application))
    return [_finding(problem) for problem in problems]


def sample(application: manifest.Application, version: manifest.Version) -> values.Values:
    """Return made-up values for an installation of the version in the smallest size."""
    spec = application.spec
    return values.collect(
        application,
        _Sample(version=version.version, size=spec.sizes[0].name),
        identity=values.Identity(id="ins-sample", name="sample"),
        handover=values.Handover(
            database=_DATABASE,
            bucket=_BUCKET,
            mail=_MAIL,
            generated={secret.name: "0" * secret.length for secret in spec.secrets},
        ),
        placement=values.Placement(
            package=PurePosixPath("/srv/package"),
            configuration=PurePosixPath("/srv/configuration"),
            volumes={need.name: PurePosixPath("/srv/volumes") / need.name for need in spec.needs.volumes},
            ports={name: 20000 + index for index, name in enumerate(values.port_names(spec))},
        ),
    )


def places(spec: manifest.ApplicationSpec) -> Iterator[tuple[str, str]]:
    """Yield every template with its key."""
    for index, file in enumerate(spec.files):
        yield f"spec.files[{index}].content", file.content
    for index, workload in enumerate(spec.workloads):
        yield from _program(f"spec.workloads[{index}]", workload.command, workload.environment)
    for name, job in rendering.declared_jobs(spec.jobs):
        yield from _program(f"spec.jobs.{name}", job.command, job.environment)
    for index, scheduled in enumerate(spec.jobs.scheduled):
        yield from _program(f"spec.jobs.scheduled[{index}]", scheduled.command, scheduled.environment)
    if spec.credentials is not None:
        yield "spec.credentials.username", spec.credentials.username
        yield "spec.credentials.password", spec.credentials.password
        yield "spec.credentials.note", spec.credentials.note


_DATABASE = {
    "host": "127.0.0.1",
    "port": "5432",
    "name": "sample",
    "user": "sample",
    "password": "sample",
    "url": "postgresql://sample:sample@127.0.0.1:5432/sample",
    "sslMode": "verify-full",
    "caCertificate": "-----BEGIN CERTIFICATE-----",
}
_BUCKET = {
    "endpoint": "https://s3.example.com",
    "region": "us-east-1",
    "name": "sample",
    "accessKey": "sample",
    "secretKey": "sample",
    "caCertificate": "-----BEGIN CERTIFICATE-----",
}
_MAIL = {"host": "127.0.0.1", "port": "25", "user": "", "password": "", "sender": "sample@example.com"}


def _program(
    place: str, command: list[str], environment: list[manifest.EnvironmentVariable]
) -> Iterator[tuple[str, str]]:
    for index, word in enumerate(command):
        yield f"{place}.command[{index}]", word
    for index, variable in enumerate(environment):
        yield f"{place}.environment[{index}].value", variable.value


def _unknown(text: str, names: Mapping[str, object], place: str) -> list[templates.TemplateError]:
    try:
        return templates.unknown_names(text, names, place=place)
    except templates.TemplateError as error:
        return [error]


def _rendered(application: manifest.Application) -> Iterator[templates.TemplateError]:
    """Fill in every template for each version: an expression may fail though all its names are known."""
    tried: set[str] = set()
    for version in application.spec.versions:
        names = sample(application, version).names()
        for place, text in places(application.spec):
            try:
                templates.render(text, names, place=place)
            except templates.TemplateError as error:
                if place not in tried:
                    yield error
                tried.add(place)


def _finding(error: templates.TemplateError) -> found.Finding:
    return found.Finding(path=found.split(error.place), message=error.problem, line_in_value=error.line)
