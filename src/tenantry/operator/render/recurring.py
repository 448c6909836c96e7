"""Jobs on a schedule: a CronJob for each, which starts nothing while the installation sleeps.

The jobs that it starts are its own: they carry no label by which they would be taken for objects that we made, and go
when it goes. Only their pods are the installation's, for its network and its quota.
"""

from typing import Any

from tenantry.application import manifest, rendering
from tenantry.kubernetes import kinds
from tenantry.operator.render import configuration, frame, jobs, names, objects

PREFIX = "scheduled"
"""What their names begin with, so that none is taken for a job of another moment."""

_LONGEST = 52
"""The controller adds a hyphen and ten digits for the moment."""
_LATE = 120
"""Seconds for which a start is made up for; what was due before is left out, after a night's sleep too."""
_KEPT = 1


def render(framed: frame.Frame) -> list[objects.Object]:
    """Return the CronJobs and their configuration."""
    declared = framed.spec.jobs.scheduled
    return [
        made
        for job, said in zip(framed.rendered.scheduled, declared, strict=True)
        for made in _scheduled(framed, job, said)
    ]


def _scheduled(framed: frame.Frame, job: rendering.ScheduledJob, said: manifest.ScheduledJob) -> list[objects.Object]:
    configured = configuration.of_job(framed, job, said)
    version = names.label_value(framed.wanted.installation.spec.version)
    labels = {objects.COMPONENT: "job", objects.JOB: f"{PREFIX}-{job.name}", objects.VERSION: version}
    spec: dict[str, Any] = {
        "schedule": job.schedule,
        "timeZone": job.time_zone,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": _LATE,
        "suspend": not framed.wanted.is_awake,
        "successfulJobsHistoryLimit": _KEPT,
        "failedJobsHistoryLimit": _KEPT,
        "jobTemplate": {
            "metadata": {"labels": {objects.COMPONENT: "job", objects.VERSION: version}},
            "spec": jobs.pod_once(framed, job, configured, labels=labels),
        },
    }
    name = framed.name(PREFIX, job.name, longest=_LONGEST)
    return [*configured.parts, objects.make(framed.wanted, kinds.CRON_JOB, name, {"spec": spec}, labels=labels)]
