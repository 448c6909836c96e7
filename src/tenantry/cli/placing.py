"""What commands about places ask for, and how a plan of capacity is shown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, TypeVar

import typer

from tenantry.application import quantities
from tenantry.cli import rendering
from tenantry.kernel import errors
from tenantry.wire import placement as wire

Labels = Annotated[
    list[str] | None,
    typer.Option("--label", "-l", metavar="KEY=VALUE", help="A label, for installations that ask for it."),
]
Where = Annotated[
    list[str] | None,
    typer.Option("--on", metavar="KEY=VALUE", help="A label that its cluster must have."),
]
Capacity = Annotated[
    list[str] | None,
    typer.Option(
        "--capacity",
        metavar="WHAT=AMOUNT",
        help="What it has for installations, where its nodes do not tell: cpu, memory, storage, pods, addresses, "
        "services or namespaces.",
    ),
]

_WITH_UNITS: Mapping[str, wire.Measure] = {
    "cpu": wire.Measure.CPU,
    "memory": wire.Measure.MEMORY,
    "storage": wire.Measure.STORAGE,
}
_MEASURES: Mapping[str, wire.Measure] = {
    **_WITH_UNITS,
    **{str(each): each for each in wire.STATED if each not in _WITH_UNITS.values()},
}
_WORDS = {measure: word for word, measure in _MEASURES.items()}
_GIB = 1 << 30

Key = TypeVar("Key")
Value = TypeVar("Value")


def pairs(given: Iterable[str] | None) -> dict[str, str]:
    """Return options of the form KEY=VALUE."""
    return dict(_pair(each) for each in given or ())


def capacity(given: Iterable[str] | None) -> dict[wire.Measure, int]:
    """Return options of the form WHAT=AMOUNT: `cpu=64`, `memory=256Gi`, `pods=500`."""
    return {_measure(what): _amount(what, amount) for what, amount in pairs(given).items()}


def replacement(
    read: Callable[[Iterable[str]], dict[Key, Value]], given: Iterable[str] | None, *, emptied_by: str | None
) -> dict[Key, Value] | None:
    """Return what takes the place of all that there was; None where that stays.

    Args:
        read: what understands the options.
        given: the options.
        emptied_by: the option that asks for nothing to be left, where it was given.

    Raises:
        CustomerMustActError: both were given.
    """
    if given and emptied_by:
        raise errors.CustomerMustActError(f"{emptied_by} leaves nothing, so nothing can be given beside it.")
    return read(given or ()) if given or emptied_by else None


def show(plan: wire.CapacityPlan, output: rendering.Format) -> None:
    """Write a plan: a table of places and what it means in words, or the whole of it for programs."""
    if output is not rendering.Format.TABLE:
        rendering.changed(plan, "", output)
        return
    rendering.line(f"{plan.placed} of {plan.installations} have a place; each takes {_taken(plan)}.")
    if plan.message:
        rendering.line(plan.message)
    rendering.line("")
    rendering.table(("place", "name", "installations", "scarcest", "one more needs"), _rows(plan.places))


def _rows(places: Iterable[wire.PlannedPlace]) -> Iterable[Sequence[str]]:
    for each in places:
        yield each.kind.replace("-", " "), each.name, str(each.installations), _scarcest(each), _lacking(each)


def _scarcest(place: wire.PlannedPlace) -> str:
    for each in place.measures:
        if each.measure is place.scarcest:
            return f"{_word(each.measure)}: {told(each.measure, each.planned)} of {told(each.measure, each.offered)}"
    return ""


def _lacking(place: wire.PlannedPlace) -> str:
    lacking = [f"{told(each.measure, each.lacking)} {_word(each.measure)}" for each in place.measures if each.lacking]
    return ", ".join(lacking) or place.message


def _taken(plan: wire.CapacityPlan) -> str:
    return ", ".join(f"{told(measure, amount)} {_word(measure)}" for measure, amount in plan.takes.items() if amount)


def told(measure: wire.Measure, amount: int) -> str:
    """Return an amount for a person."""
    match measure:
        case wire.Measure.CPU:
            return f"{amount / 1000:g}"
        case wire.Measure.MEMORY | wire.Measure.STORAGE:
            return f"{round(amount / _GIB, 2):g} GiB"
        case _:
            return str(amount)


def _word(measure: wire.Measure) -> str:
    return _WORDS.get(measure, str(measure))


def _pair(given: str) -> tuple[str, str]:
    key, equals, value = given.partition("=")
    if not key or not equals:
        raise errors.CustomerMustActError(f"“{given}” is not KEY=VALUE.")
    return key, value


def _measure(what: str) -> wire.Measure:
    if what not in _MEASURES:
        raise errors.CustomerMustActError(f"“{what}” is none of {', '.join(_MEASURES)}.")
    return _MEASURES[what]


def _amount(what: str, amount: str) -> int:
    try:
        return quantities.thousandths(amount) if what == "cpu" else quantities.whole(amount)
    except (ValueError, KeyError):
        raise errors.CustomerMustActError(f"“{amount}” is no amount; examples: 64, 500m, 256Gi.") from None
