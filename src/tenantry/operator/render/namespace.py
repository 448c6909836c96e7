"""The namespace of an installation, where it is the installation's alone: how strict it is, and how much it may hold.

The quota is what the largest size needs while it is exchanged for a new version, so that neither a rollout nor another
size ever meets it: it bounds what goes wrong, and it is not what is sold.
"""

from typing import Any

from tenantry.application import manifest, quantities
from tenantry.kubernetes import kinds
from tenantry.operator.render import amounts, certificates, frame, objects

_STANDARD = "restricted"
_JOBS = 2
"""Jobs that may run at once, besides those on a schedule."""


def render(framed: frame.Frame) -> list[objects.Object]:
    """Return the namespace's labels, its quota and its limits."""
    if not framed.wanted.facts.owns_namespace:
        return []
    return [_namespace(framed), _quota(framed), _limits(framed)]


def _namespace(framed: frame.Frame) -> objects.Object:
    modes = ("enforce", "audit", "warn")
    labels = {f"pod-security.kubernetes.io/{mode}": _STANDARD for mode in modes}
    return objects.make(framed.wanted, kinds.NAMESPACE, framed.wanted.namespace, {}, labels=labels, is_owned=False)


def _quota(framed: frame.Frame) -> objects.Object:
    spec = framed.spec
    needs = [_needed(spec, size) for size in spec.sizes]
    volumes = spec.needs.volumes
    solvers = len(certificates.wanted_for(framed))
    hard = {
        "requests.cpu": amounts.processor(max(cpu for cpu, _, _ in needs)),
        "requests.memory": amounts.count(max(memory for _, memory, _ in needs)),
        "limits.memory": amounts.count(max(memory for _, memory, _ in needs)),
        "pods": str(max(pods for _, _, pods in needs) + solvers),
        "persistentvolumeclaims": str(len(volumes)),
        "requests.storage": amounts.count(sum(quantities.whole(each.size) for each in volumes)),
        "services": str(sum(1 for each in spec.workloads if each.ports) + solvers),
        "services.nodeports": str(solvers),
        "services.loadbalancers": "0",
    }
    return objects.make(framed.wanted, kinds.RESOURCE_QUOTA, framed.name(), {"spec": {"hard": hard}})


def _needed(spec: manifest.ApplicationSpec, size: manifest.Size) -> tuple[int, int, int]:
    """Return thousandths of a processor, bytes and pods that a size needs while each of its pods is exchanged."""
    shares = [size.workloads.get(each.name, manifest.WorkloadSize()) for each in spec.workloads]
    counted = [(share, _copies(share) * 2) for share in shares]
    counted.append((shares[0], _JOBS + len(spec.jobs.scheduled)))  # jobs get what the first workload gets
    return (
        sum(quantities.thousandths(share.cpu) * count for share, count in counted),
        sum(quantities.whole(share.memory) * count for share, count in counted),
        sum(count for _, count in counted),
    )


def _copies(share: manifest.WorkloadSize) -> int:
    return share.replicas if share.scale is None else share.scale.up_to


def _limits(framed: frame.Frame) -> objects.Object:
    """What a container gets that says nothing: little, so that a quota lets it in at all."""
    limit: dict[str, Any] = {
        "type": "Container",
        "default": {"memory": "128Mi"},
        "defaultRequest": {"cpu": "50m", "memory": "128Mi"},
    }
    return objects.make(framed.wanted, kinds.LIMIT_RANGE, framed.name(), {"spec": {"limits": [limit]}})
