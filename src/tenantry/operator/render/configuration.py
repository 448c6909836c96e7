"""Configuration as the pods get it: ConfigMaps and Secrets that are named by their content and never change.

A change of content is another name, and so another pod; whoever does not read it sees none of it. What holds a secret
is a Secret, everything else a ConfigMap.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenantry.application import confidentiality, manifest, pooling, relevance, rendering
from tenantry.kubernetes import kinds
from tenantry.operator.render import confidential, frame, names, objects

MOUNT = "configuration"
"""The name of the pod's volume."""

_MODE = 0o440
_DIGEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A program with all that it is configured by.

    Attributes:
        files: the configuration files that it gets.
        variables: the name of the Secret with its secret variables; empty where there are none.
        sources: the objects that hold its files, as a projected volume lists them.
        parts: the ConfigMaps and Secrets.
    """

    program: confidential.Program
    files: tuple[rendering.File, ...]
    variables: str
    sources: tuple[dict[str, Any], ...]
    parts: tuple[objects.Object, ...]

    def environment(self) -> list[dict[str, Any]]:
        """Return the variables as a container has them."""
        return self.program.environment(self.variables)

    def reads(self) -> Iterable[str]:
        """Return every text that the program gets."""
        yield from self.program.command
        yield from self.program.plain.values()
        yield from self.program.secret.values()
        yield from (file.content for file in self.files)


def of_workload(framed: frame.Frame, workload: rendering.Workload) -> Configured:
    """Return a workload's program: it gets the files that it reads, and those that no workload names."""
    declared = framed.declared(workload.name)
    program = confidential.split(
        workload.command, workload.environment, words=declared.command, variables=declared.environment
    )
    wanted = _read(framed, workload) | _unclaimed(framed)
    files = tuple(file for file in framed.rendered.files if file.path in wanted)
    return _configure(framed, program, files, what=workload.name)


def of_job(framed: frame.Frame, job: rendering.Job | rendering.ScheduledJob, declared: manifest.Job) -> Configured:
    """Return a job's program: it gets every file, since a job is never restarted for one."""
    program = confidential.split(job.command, job.environment, words=declared.command, variables=declared.environment)
    return _configure(framed, program, framed.rendered.files, what=names.kebab(job.name))


def _configure(
    framed: frame.Frame, program: confidential.Program, files: Sequence[rendering.File], *, what: str
) -> Configured:
    secret_names = {each.name for each in framed.spec.files if confidentiality.is_confidential(each.content)}
    secret_names |= {pooling.twin(name) for name in secret_names}
    secret = [file for file in files if file.name in secret_names]
    plain = [file for file in files if file.name not in secret_names]
    made = {
        "configMap": _object(framed, kinds.CONFIG_MAP, {file.name: file.content for file in plain}, what="files"),
        "secret": _object(framed, kinds.SECRET, {file.name: file.content for file in secret}, what="files"),
    }
    variables = _object(framed, kinds.SECRET, program.secret, what=what)
    return Configured(
        program=program,
        files=tuple(files),
        variables=_name(variables),
        sources=tuple(
            {source: {"name": _name(each), "items": [_item(file) for file in contained]}}
            for (source, each), contained in zip(made.items(), (plain, secret), strict=True)
            if each is not None
        ),
        parts=tuple(each for each in (*made.values(), variables) if each is not None),
    )


def volume(configured: Configured) -> dict[str, Any]:
    """Return the pod's volume with the files."""
    return {"name": MOUNT, "projected": {"defaultMode": _MODE, "sources": list(configured.sources)}}


def _object(framed: frame.Frame, kind: kinds.Kind, data: Mapping[str, str], *, what: str) -> objects.Object | None:
    if not data:
        return None
    name = framed.name(what, objects.digest([kind.kind, dict(data)])[:_DIGEST])
    return objects.make(framed.wanted, kind, name, {"immutable": True, **_content(kind, data)})


def _content(kind: kinds.Kind, data: Mapping[str, str]) -> dict[str, Any]:
    if kind is kinds.CONFIG_MAP:
        return {"data": dict(data)}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"type": "Opaque", "data": encoded}


def _name(made: objects.Object | None) -> str:
    return "" if made is None else str(made["metadata"]["name"])


def _item(file: rendering.File) -> dict[str, str]:
    return {"key": file.name, "path": file.path.removeprefix(f"{frame.CONFIGURATION}/")}


def _read(framed: frame.Frame, workload: rendering.Workload) -> frozenset[str]:
    texts = (*workload.command, *workload.environment.values())
    return relevance.files_read(texts, framed.rendered.files)


def _unclaimed(framed: frame.Frame) -> frozenset[str]:
    claimed = [_read(framed, each) for each in framed.rendered.workloads]
    anybodys = (file.path for file in framed.rendered.files if not file.is_for_jobs)
    return frozenset(anybodys).difference(*claimed)
