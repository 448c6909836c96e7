"""What is known of a cluster, in words: its version, its nodes, and what it has for installations to use."""

from collections.abc import Callable, Iterable

from tenantry.cli import placing, rendering
from tenantry.runtime import document
from tenantry.wire import infrastructure as wire
from tenantry.wire import placement

_Told = Callable[[document.ClusterFacts], str]


def _column(title: str, told: _Told) -> rendering.Column[wire.Cluster]:
    return rendering.Column(title=title, value=lambda each: "" if each.facts is None else told(each.facts))


def _room(facts: document.ClusterFacts) -> str:
    amounts = [
        f"{placing.told(placement.Measure.CPU, facts.cpu_millis)} cpu",
        f"{placing.told(placement.Measure.MEMORY, facts.memory_bytes)} memory",
        *([f"{facts.pods} pods"] if facts.pods is not None else []),
        *([f"{facts.addresses} addresses"] if facts.addresses is not None else []),
    ]
    return ", ".join(amounts)


def _add_on(given: document.AddOn) -> str:
    """Return one add-on: `cert-manager 1.18.2 (Helm, cert-manager)`."""
    where = ", ".join(each for each in (given.manager, given.namespace) if each)
    named = " ".join(each for each in (given.name, given.version) if each)
    state = "" if given.state is document.AddOnState.PRESENT else f": {given.state}"
    return f"{named}{f' ({where})' if where else ''}{state}"


def _storage(given: document.StorageClass) -> str:
    return f"{given.name} (default)" if given.is_default else given.name


def _lines(told: Iterable[str]) -> str:
    return "\n".join(told)


COLUMNS = rendering.Columns[wire.Cluster](
    [
        _column("version", lambda facts: facts.version),
        _column("nodes", lambda facts: str(sum(each.count for each in facts.nodes) or "")),
        _column("room", _room),
        _column("zones", lambda facts: ", ".join(facts.zones)),
        _column("storage classes", lambda facts: ", ".join(map(_storage, facts.storage_classes))),
        _column("add-ons", lambda facts: _lines(map(_add_on, facts.add_ons))),
        _column("advice", lambda facts: _lines(each.advice for each in facts.add_ons if each.advice)),
        _column("not readable", lambda facts: ", ".join(facts.unread)),
    ]
)
