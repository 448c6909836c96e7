"""What an installation takes: it follows from its application and its size. Pure.

It is what the operator writes as requests, counted for all pods: processor time is a share and memory a bound
(docs/decisions/0008), and on Kubernetes the scheduler keeps both for the pod. What copies an autoscaler may add is not
in it: they are started where there happens to be room.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenantry.application import manifest, quantities, rendering, values
from tenantry.provisioner.installations import model
from tenantry.wire.placement import Measure

MOST = 1 << 53
"""What is more than this is no more: nobody has it, and it still is a number that everybody can reckon with."""
_MOST_CONNECTIONS = (1 << 31) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one installation asks of the places it goes to.

    Attributes:
        takes: what it has as long as it is awake.
        surge: what it needs besides while each of its programs is exchanged for another version.
        largest: what the largest of its pods takes of its node.
        labels: what its cluster must be labelled with.
    """

    takes: Mapping[Measure, int]
    surge: Mapping[Measure, int] = field(default_factory=dict[Measure, int])
    largest: Mapping[Measure, int] = field(default_factory=dict[Measure, int])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


def of(application: manifest.Application, size: manifest.Size, labels: Mapping[str, str] | None = None) -> Demand:
    """Return what an installation of this size takes.

    Args:
        application: what it runs.
        size: one of the application's sizes.
        labels: what its cluster must be labelled with.
    """
    spec = application.spec
    shares = {each.name: rendering.resources(size, each.name) for each in spec.workloads}
    pods = [(share, share.replicas) for share in shares.values()]
    takes = _sum(pods) | {
        Measure.SERVICES: sum(1 for each in spec.workloads if each.ports),
        Measure.NAMESPACES: 1,
        Measure.INSTALLATIONS: 1,
    }
    return Demand(
        takes=takes | _needs(spec),
        surge=_surge(spec, shares),
        largest={
            Measure.CPU: min(MOST, max(share.cpu_millis for share in shares.values())),
            Measure.MEMORY: min(MOST, max(share.memory_bytes for share in shares.values())),
            Measure.PODS: 1,
        },
        labels=labels or {},
    )


def of_installation(installation: model.Installation, size: str) -> Demand:
    """Return what an installation takes in one of its application's sizes.

    Raises:
        UnknownSizeError: the application has no such size.
    """
    found = values.size(installation.application, size)
    return of(installation.application, found, installation.match_labels)


def _surge(spec: manifest.ApplicationSpec, shares: Mapping[str, rendering.Resources]) -> Mapping[Measure, int]:
    """A workload without a volume gets a new pod beside each old one; before and after that, one job runs.

    Jobs on a schedule may run at any time, each once.
    """
    exchanged = _sum([(shares[each.name], 1) for each in spec.workloads if not each.volumes])
    has_jobs = any(True for _ in rendering.declared_jobs(spec.jobs))
    share = shares[spec.workloads[0].name]
    job, scheduled = _sum([(share, int(has_jobs))]), _sum([(share, len(spec.jobs.scheduled))])
    return {each: min(max(exchanged[each], job[each]) + scheduled[each], MOST) for each in exchanged}


def _sum(pods: list[tuple[rendering.Resources, int]]) -> dict[Measure, int]:
    count = sum(number for _, number in pods)
    amounts = {
        Measure.CPU: sum(share.cpu_millis * number for share, number in pods),
        Measure.MEMORY: sum(share.memory_bytes * number for share, number in pods),
        Measure.PODS: count,
        Measure.ADDRESSES: count,
    }
    return {measure: min(amount, MOST) for measure, amount in amounts.items()}


def _needs(spec: manifest.ApplicationSpec) -> dict[Measure, int]:
    needs: dict[Measure, int] = {}
    if spec.needs.database is not None:
        needs |= {Measure.DATABASES: 1, Measure.CONNECTIONS: min(spec.needs.database.connections, _MOST_CONNECTIONS)}
        if (pooling := spec.needs.database.pooling) is not None:
            needs |= {Measure.POOLED: min(pooling.connections, _MOST_CONNECTIONS)}
    if spec.needs.bucket is not None:
        needs |= {Measure.BUCKETS: 1}
    if spec.needs.volumes:
        needs |= {Measure.STORAGE: min(MOST, sum(quantities.whole(each.size) for each in spec.needs.volumes))}
    return needs
