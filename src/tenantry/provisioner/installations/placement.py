"""Chooses where an installation goes: pure decisions over what is there, with a stated reason for every "nowhere".

A place offers so much of each measure and an installation takes some of each. It goes where, with it, the scarcest
measure would have the largest free share: so places fill evenly, and none runs out of one thing while it has plenty of
another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tenantry.provisioner.installations import demand as demands
from tenantry.wire.placement import Measure

DEDICATED = "tenantry.dev/dedicated"
"""Label of a cluster that is one customer's own: only those who ask for it by this label are placed there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A cluster, a database server or an object store that might take one more.

    Attributes:
        offers: what installations may take of it in all; what is not in it is not limited.
        taken: what is reserved already.
        kept: what is kept free for rollouts besides.
        labels: what it is labelled with; None where labels do not matter.
        takes: what is taken of it by one more, where that is not what is wanted everywhere.
        problem: why it cannot be used at all now; empty: it can.
        unfit: why what is wanted could not be placed there if it were empty; empty: it could.
    """

    id: str
    name: str
    offers: Mapping[Measure, int]
    taken: Mapping[Measure, int]
    kept: Mapping[Measure, int] = field(default_factory=dict[Measure, int])
    labels: Mapping[str, str] | None = None
    takes: Mapping[Measure, int] = field(default_factory=dict[Measure, int])
    problem: str = ""
    unfit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nowhere:
    """No candidate can take it."""

    message: str


def choose(kind: str, candidates: Sequence[Candidate], wanted: demands.Demand) -> Candidate | Nowhere:
    """Return the candidate with the largest free share of its scarcest measure, or why none will do.

    Args:
        kind: what is chosen, in the plural, for the message: `clusters`.
        candidates: all that are known.
        wanted: what is to be placed.
    """
    fit = [each for each in candidates if not obstacle(each, wanted)]
    if fit:
        return min(fit, key=lambda each: order(each, wanted))
    return Nowhere(message=nowhere(kind, candidates, wanted))


def nowhere(kind: str, candidates: Sequence[Candidate], wanted: demands.Demand) -> str:
    """Return why none of them can take it, for a person."""
    if not candidates:
        return f"No {kind} are registered."
    obstacles = "; ".join(f"{each.name}: {obstacle(each, wanted)}" for each in candidates)
    return f"None of the {kind} can take it now. {obstacles}."


def order(candidate: Candidate, wanted: demands.Demand) -> tuple[float, str]:
    """Return by what candidates are ordered: how full the scarcest measure would be, then the name."""
    return max((share for _, share in _shares(candidate, wanted)), default=0.0), candidate.name


def obstacle(candidate: Candidate, wanted: demands.Demand) -> str:
    """Return why it cannot take it, with the figures of what is scarce; empty: it can."""
    return candidate.problem or _mismatch(candidate, wanted) or shortage(candidate, wanted)


def shortage(candidate: Candidate, wanted: demands.Demand) -> str:
    """Return what there is not enough of, the scarcest first, with figures; empty: there is enough of everything."""
    if candidate.unfit:
        return candidate.unfit
    short = [(share, measure) for measure, share in _shares(candidate, wanted) if lacking(candidate, wanted, measure)]
    ordered = sorted(short, key=lambda each: -each[0])
    return ", ".join(_short(candidate, wanted, measure) for _, measure in ordered)


def lacking(candidate: Candidate, wanted: demands.Demand, measure: Measure) -> int:
    """Return how much more of a measure it would need to take it."""
    if measure not in candidate.offers:
        return 0
    return max(0, candidate.taken.get(measure, 0) + takes(candidate, wanted, measure) - candidate.offers[measure])


def takes(candidate: Candidate, wanted: demands.Demand, measure: Measure) -> int:
    """Return how much of a measure is taken there by what is wanted."""
    return candidate.takes.get(measure, wanted.takes.get(measure, 0))


def scarcest(candidate: Candidate, wanted: demands.Demand) -> Measure | None:
    """Return the measure of which it would be fullest; None where it takes nothing of it."""
    shares = list(_shares(candidate, wanted))
    return max(shares, key=lambda each: each[1])[0] if shares else None


def _shares(candidate: Candidate, wanted: demands.Demand) -> Iterator[tuple[Measure, float]]:
    """Yield how full each measure would be of which it takes some."""
    for measure, offered in candidate.offers.items():
        if more := takes(candidate, wanted, measure):
            yield measure, (candidate.taken.get(measure, 0) + more) / offered if offered else float("inf")


def _mismatch(candidate: Candidate, wanted: demands.Demand) -> str:
    labels = candidate.labels
    if labels is None:
        return ""
    if DEDICATED in labels and wanted.labels.get(DEDICATED) != labels[DEDICATED]:
        return f"dedicated to “{labels[DEDICATED]}”"
    wrong = [f"{key}={value}" for key, value in wanted.labels.items() if labels.get(key) != value]
    return f"not labelled {', '.join(wrong)}" if wrong else ""


def _short(candidate: Candidate, wanted: demands.Demand, measure: Measure) -> str:
    taken, offered = candidate.taken.get(measure, 0), candidate.offers[measure]
    kept = candidate.kept.get(measure, 0)
    free = f", {told(measure, kept)} kept free" if kept else ""
    reserved = f"{told(measure, taken)} of {told(measure, offered)} reserved"
    return f"{_WORDS[measure]} ({reserved}{free}, {told(measure, takes(candidate, wanted, measure))} wanted)"


_WORDS: Mapping[Measure, str] = {
    Measure.CPU: "CPU",
    Measure.MEMORY: "memory",
    Measure.PODS: "pods",
    Measure.ADDRESSES: "addresses",
    Measure.SERVICES: "services",
    Measure.NAMESPACES: "namespaces",
    Measure.STORAGE: "storage",
    Measure.INSTALLATIONS: "installations",
    Measure.DATABASES: "databases",
    Measure.CONNECTIONS: "connections",
    Measure.POOLED: "connections of the pooler",
    Measure.BUCKETS: "buckets",
}
_MIB = 1 << 20
_GIB = 1 << 30


def told(measure: Measure, amount: int) -> str:
    """Return an amount for a person: `0.5`, `1.5 GiB`, `12`."""
    match measure:
        case Measure.CPU:
            return f"{amount / 1000:g}"
        case Measure.MEMORY | Measure.STORAGE if amount >= _GIB:
            return f"{round(amount / _GIB, 1):g} GiB"
        case Measure.MEMORY | Measure.STORAGE:
            return f"{round(amount / _MIB, 1):g} MiB"
        case _:
            return str(amount)
