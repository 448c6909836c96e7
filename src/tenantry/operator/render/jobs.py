"""Jobs: programs that run once at a certain moment of an installation's life.

A job's name tells attempt, version and content apart, so that asking for it twice runs it once, and a later moment
runs it again. The configuration it needs is among the installation's objects of the first stage.
"""

from collections.abc import Mapping
from typing import Any

from tenantry.application import manifest, rendering
from tenantry.kernel import errors
from tenantry.kubernetes import kinds
from tenantry.operator.render import configuration, frame, names, objects, pods, probes, storage
from tenantry.operator.render import wanted as wants

GENERATION = "tenantry.dev/generation"
"""Annotation: the generation of the installation for which the job runs."""

OF_VERSION = "tenantry.dev/version"
"""Annotation: the version that the job is of, as it is written; a label cannot hold every one."""

_KEPT = 3600
"""Seconds for which a job that has ended can be looked at."""
_GRACE = 10
_DIGEST = 10


class JobMissingError(errors.PermanentError):
    """The application has no such job."""

    code = "job-missing"


def render(wanted: wants.Wanted, name: rendering.JobName, *, attempt: str = "") -> objects.Object:
    """Return the Job, ready to be created.

    Args:
        wanted: the installation.
        name: which of the application's jobs.
        attempt: another one is another Job: for another moment, or for a new try of one that has failed.

    Raises:
        JobMissingError: the application has no such job.
        errors.TenantryError: the document and the application do not fit each other; the message says where.
    """
    framed = frame.build(wanted)
    job = framed.rendered.jobs.get(name)
    if job is None:
        raise JobMissingError(f"{wanted.application.spec.title} has no job “{name}”.")
    configured = configuration.of_job(framed, job, _declared(framed, name))
    spec = pod_once(framed, job, configured, labels=_labels(framed, name)) | {"ttlSecondsAfterFinished": _KEPT}
    generation, version = wanted.installation.metadata.generation, wanted.installation.spec.version
    told_apart = objects.digest([generation, version, attempt, spec])[:_DIGEST]
    return objects.make(
        wanted,
        kinds.JOB,
        framed.name(names.kebab(name), told_apart),
        {"spec": spec},
        labels=_labels(framed, name),
        annotations={GENERATION: str(generation), OF_VERSION: version},
    )


def configurations(framed: frame.Frame) -> list[objects.Object]:
    """Return the ConfigMaps and Secrets of all jobs."""
    return [
        made
        for name, job in framed.rendered.jobs.items()
        for made in configuration.of_job(framed, job, _declared(framed, name)).parts
    ]


def _declared(framed: frame.Frame, name: rendering.JobName) -> manifest.Job:
    return next(job for known, job in rendering.declared_jobs(framed.spec.jobs) if known is name)


def pod_once(
    framed: frame.Frame,
    job: rendering.Job | rendering.ScheduledJob,
    configured: configuration.Configured,
    *,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """Return the spec of a Job: one pod that runs once and within its time.

    Args:
        framed: the installation.
        job: what runs.
        configured: its program.
        labels: of its pod, besides those that all objects have.
    """
    mounted = storage.mentioned(framed, configured.reads())
    resources = pods.resources(framed.rendered.workloads[0].resources)
    pod = pods.spec(
        framed, {"name": names.kebab(job.name), "resources": resources}, configured=configured, mounted=mounted
    )
    pod |= {"restartPolicy": "Never", "terminationGracePeriodSeconds": _GRACE} | pods.near_volumes(framed, mounted)
    template = {"metadata": {"labels": objects.common_labels(framed.wanted) | dict(labels)}, "spec": pod}
    return {
        # A try more than one would hide what went wrong; a pod that had to make room does not count.
        "backoffLimit": 0,
        "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]},
        "podReplacementPolicy": "Failed",
        # It counts from the Job, so a node and an image that are still to come are in it.
        "activeDeadlineSeconds": probes.seconds(job.timeout) + framed.wanted.facts.pull_seconds,
        "template": template,
    }


def _labels(framed: frame.Frame, name: rendering.JobName) -> dict[str, str]:
    version = names.label_value(framed.wanted.installation.spec.version)
    return {objects.COMPONENT: "job", objects.JOB: names.kebab(name), objects.VERSION: version}
