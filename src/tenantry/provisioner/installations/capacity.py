"""What clusters, database servers and object stores offer to installations. Pure.

Of a Kubernetes cluster it is what the scheduler could give, less what is kept free so that installations can be
exchanged for another version: a tenth, no more than as many need as an operator changes at once, and never less than
one needs. One machine has no pods and lends its processor time to whoever wants it, so only memory and the number of
installations count there.

Volumes are made of a storage class, so a Kubernetes cluster has to have the one that its operator asks for. How much
there is behind it, no cluster tells: that counts where somebody has stated it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tenantry.provisioner.installations import demand as demands
from tenantry.runtime import document
from tenantry.wire.placement import Measure

THRESHOLDS = {Measure.SERVICES: 10_000, Measure.NAMESPACES: 10_000}
"""Beyond these, Kubernetes promises nothing."""
EXCHANGED_AT_ONCE = 200
"""So many installations may an operator change at the same time, where nothing else is decided."""
MEMORY_LENT = 4
"""On one machine, what may be held in all is this many times what there is: it is a bound there, and hardly any
program holds a quarter of it at rest."""
ASLEEP_PERCENT = 10
"""What an installation that is asleep keeps of processor time, memory, pods, addresses and connections: one in ten may
wake and find room. The others may too: a wake is never refused, and nothing new is placed until there is room again."""
_TENTH = 10

_CLASSES = "storageclasses"
"""How what could not be read of a cluster is named."""

_EXCHANGED = (Measure.CPU, Measure.MEMORY, Measure.PODS, Measure.ADDRESSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What is known of a cluster.

    Attributes:
        facts: what it told of itself; None before it was reached.
        stated: what it has for installations where that is not what it told.
        max_installations: how many it may hold.
        surge: what the largest installation there needs besides while it is exchanged.
        storage_class: what its operator makes volumes of, where the provisioner keeps it and that was said; else the
            default.
    """

    facts: document.ClusterFacts | None
    stated: Mapping[Measure, int] = field(default_factory=dict[Measure, int])
    max_installations: int
    surge: Mapping[Measure, int] = field(default_factory=dict[Measure, int])
    storage_class: str | None = None

    @property
    def is_kubernetes(self) -> bool:
        """Tell whether it has pods that a scheduler places."""
        return self.facts is not None and self.facts.kind == "kubernetes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What installations may take in all, and what is kept free besides."""

    offers: Mapping[Measure, int]
    kept: Mapping[Measure, int]
    unfit: str = ""
    """Why what is wanted could not be placed there if it were empty; empty: it could."""


def of(cluster: Cluster, wanted: demands.Demand) -> Offer:
    """Return what a cluster offers to installations like the one that is wanted."""
    whole = _whole(cluster, wanted) | dict(cluster.stated)
    kept = {
        measure: _kept(whole[measure], max(wanted.surge.get(measure, 0), cluster.surge.get(measure, 0)))
        for measure in _EXCHANGED
        if measure in whole and cluster.is_kubernetes
    }
    offers = {measure: max(0, amount - kept.get(measure, 0)) for measure, amount in whole.items()}
    offers |= {Measure.INSTALLATIONS: cluster.max_installations}
    return Offer(offers=offers, kept=kept, unfit=_too_large(cluster, wanted) or _classless(cluster, wanted))


def _kept(whole: int, surge: int) -> int:
    return max(surge, min(EXCHANGED_AT_ONCE * surge, whole // _TENTH))


def _whole(cluster: Cluster, wanted: demands.Demand) -> dict[Measure, int]:
    facts = cluster.facts
    if facts is None:
        return {}
    if not cluster.is_kubernetes:
        return {Measure.MEMORY: facts.memory_bytes * MEMORY_LENT}
    whole = dict(THRESHOLDS)
    if facts.pods is None:  # it has not told yet what this version asks for
        whole |= {Measure.CPU: facts.cpu_millis, Measure.MEMORY: facts.memory_bytes}
    else:
        whole |= {measure: _usable(facts.nodes, wanted, measure) for measure in _ON_A_NODE}
    if facts.addresses is not None:
        whole |= {Measure.ADDRESSES: facts.addresses}
    return whole


_ON_A_NODE = (Measure.CPU, Measure.MEMORY, Measure.PODS)


def _usable(nodes: Sequence[document.NodeGroup], wanted: demands.Demand, measure: Measure) -> int:
    """Return what all nodes have, without what is left over on each that the largest pod does not fit into."""
    largest = max(1, wanted.largest.get(measure, 1))
    return sum(group.count * (amount - amount % largest) for group in nodes for amount in [_amount(group, measure)])


def _amount(group: document.NodeGroup, measure: Measure) -> int:
    match measure:
        case Measure.CPU:
            return group.cpu_millis
        case Measure.MEMORY:
            return group.memory_bytes
        case _:
            return group.pods


def _too_large(cluster: Cluster, wanted: demands.Demand) -> str:
    """A pod is on one node: what all of them have together does not help it."""
    facts = cluster.facts
    if facts is None or not facts.nodes or any(measure in cluster.stated for measure in _ON_A_NODE):
        return ""
    for group in facts.nodes:
        if all(_amount(group, measure) >= wanted.largest.get(measure, 0) for measure in _ON_A_NODE):
            return ""
    return "its largest pod fits on none of the nodes"


def _classless(cluster: Cluster, wanted: demands.Demand) -> str:
    """A claim of a class that is not there waits for ever.

    Of a cluster whose classes could not be read nothing is known, and whoever has stated its storage vouches for it.
    """
    facts = cluster.facts
    if facts is None or not cluster.is_kubernetes or Measure.STORAGE not in wanted.takes:
        return ""
    if _CLASSES in facts.unread or Measure.STORAGE in cluster.stated:
        return ""
    if cluster.storage_class is None:
        return "" if any(each.is_default for each in facts.storage_classes) else "no default storage class for volumes"
    names = [each.name for each in facts.storage_classes]
    return "" if cluster.storage_class in names else f"no storage class “{cluster.storage_class}” for volumes"
