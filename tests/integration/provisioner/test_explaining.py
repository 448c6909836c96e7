"""Why an installation is not well: what the operator finds out reaches whoever asks, in `explain` and as a reason.

The cluster is a twin in memory. It reports what the operator's own assessment makes of each fault.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from support import operator_plans as plans
from support import provisioner_stage
from tenantry.application import rendering
from tenantry.cli import explaining
from tenantry.kernel import errors
from tenantry.kubernetes import failures
from tenantry.operator.controller import assessment, seen
from tenantry.runtime import document
from tenantry.wire import installations

Stage = provisioner_stage.Stage
Status = installations.Status
Will = Callable[[document.Installation], document.InstallationStatus]

IMAGE = "The pod says ImagePullBackOff: Back-off pulling image “registry.example.com/tiny:1”."
UNANSWERING = "It runs, but its readiness check has not succeeded."
EVICTED = "A pod was stopped (Evicted): The node was low on resource: memory."
FULL = "A volume is full; the log says: OSError: [Errno 28] No space left on device"
QUOTA = failures.QuotaExceededError("patch /api/v1/namespaces/acme/services/acme-web: exceeded quota: none")
INVALID = failures.InvalidObjectError("patch /api/v1/namespaces/acme/services/acme-web: spec.ports: Required value")


def told(cluster: plans.Cluster, *, unwell: str = "", lines: tuple[str, ...] = ()) -> Will:
    """Return what the operator reports of an installation, whichever generation it is of."""

    def will(given: document.Installation) -> document.InstallationStatus:
        wanted = replace(cluster.wanted, generation=given.metadata.generation)
        return assessment.assess(wanted, cluster.observed(unwell=unwell, log_lines=lines), cluster.now)

    return will


def starting(unwell: str) -> Will:
    """Its pods have never been ready."""
    cluster = plans.Cluster(wanted=plans.wanted(), are_pods_well=False)
    cluster.settle()
    return told(cluster, unwell=unwell)


def restarting(unwell: str, *lines: str) -> Will:
    """It ran, and a pod is not ready any more."""
    cluster = plans.Cluster(wanted=plans.wanted())
    cluster.settle()
    cluster.objects[plans.CLOCK] = replace(cluster.objects[plans.CLOCK], about=plans.STARTING)
    return told(cluster, unwell=unwell, lines=lines)


def refused(error: errors.TenantryError) -> Will:
    """The cluster did not take an object."""
    cluster = plans.Cluster(wanted=plans.wanted())
    passes = isinstance(error, errors.TemporaryError)
    obstacle = document.Obstacle(
        attempt=cluster.wanted.attempt,
        reason=errors.reason(error),
        message=error.message,
        condition=document.ConditionType.READY,
        retry_at=cluster.now if passes else None,
    )
    cluster.remember(obstacle=obstacle)
    return told(cluster)


def late(unwell: str) -> Will:
    """Its pods were not ready in time."""
    cluster = plans.Cluster(wanted=plans.wanted(), are_pods_well=False)
    cluster.settle()
    cluster.now += cluster.wanted.start_timeout
    cluster.settle()
    obstacle = cluster.memory.obstacle
    assert obstacle is not None
    cluster.remember(obstacle=obstacle.model_copy(update={"message": f"{obstacle.message} {unwell}"}))
    return told(cluster)


def unmigrated() -> Will:
    """The job that migrates its data has failed too often."""
    cluster = plans.Cluster(wanted=plans.wanted())
    cluster.settle()
    cluster.wanted = plans.wanted("1.1", has_migrate=True)
    cluster.outcomes = {rendering.JobName.MIGRATE: seen.Outcome.FAILED}
    while (obstacle := cluster.memory.obstacle) is None or obstacle.returned_to is None:
        cluster.settle()
        cluster.now += timedelta(minutes=1)
    cluster.wanted = replace(cluster.wanted, is_returning=True, objects=plans.wanted("1.0").objects)
    return told(cluster)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that befalls an installation, and what a person has to learn of it.

    Attributes:
        will: what its cluster reports then.
        status: of the installation.
        reason: a word for programs.
        words: parts of what is said.
    """

    will: Will
    status: Status
    reason: str
    words: tuple[str, ...]


MAKING, ILL, FAILED = Status.PROVISIONING, Status.UNHEALTHY, Status.FAILED
FAULTS = {
    "missing image": Fault(will=starting(IMAGE), status=MAKING, reason="Starting", words=(IMAGE,)),
    "never ready": Fault(will=starting(UNANSWERING), status=MAKING, reason="Starting", words=(UNANSWERING,)),
    "quota": Fault(will=refused(QUOTA), status=MAKING, reason="QuotaExceeded", words=(QUOTA.message,)),
    "refused": Fault(will=refused(INVALID), status=FAILED, reason="ObjectInvalid", words=(INVALID.message,)),
    "late": Fault(will=late(IMAGE), status=FAILED, reason="StartTimedOut", words=("Not ready within 300 s", IMAGE)),
    "unmigrated": Fault(
        will=unmigrated(), status=FAILED, reason="MigrateFailed", words=("job “migrate” failed", "1.0 serves on")
    ),
    "evicted": Fault(will=restarting(EVICTED), status=ILL, reason="Restarting", words=("acme-clock", EVICTED)),
    "full volume": Fault(will=restarting(FULL, "saving"), status=ILL, reason="Restarting", words=(FULL, "  saving")),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_what_befalls_it_is_explained(stage: Stage, fault: Fault) -> None:
    await befall(stage, fault)

    async def is_explained() -> bool:
        found = await stage.client.installations.get("acme")
        reasons = {found.reason, *(each.reason for each in found.conditions)}
        lines = "\n".join(explaining.explain(found))
        are_told = fault.reason in reasons and all(word in lines for word in fault.words)
        return are_told and (found.status, found.reason or fault.reason) == (fault.status, fault.reason)

    await provisioner_stage.poll(is_explained)


async def befall(stage: Stage, fault: Fault) -> None:
    """Let it befall an installation that runs, or one that is being made."""
    if fault.status is ILL:
        made = await stage.stable("acme")
        stage.world.report(made.id, fault.will(stage.world.bundles[made.id].installation))
    else:
        stage.world.will = fault.will
        await stage.create("acme")
