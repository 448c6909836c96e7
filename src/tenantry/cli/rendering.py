"""Writes answers: as a table for people, as JSON or YAML (the API's own words) for programs.

Columns and their order are part of the interface. When the output is no terminal, lines are never folded or cut.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar, assert_never

import pydantic
import yaml
from rich import console as consoles
from rich import table as tables
from rich import text as texts

from tenantry.cli import formats

Thing = TypeVar("Thing", bound=pydantic.BaseModel)

_UNLIMITED = 10_000
NOTHING = "-"


Format = formats.Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[Thing]):
    """One column of a table, and one line when a single thing is shown."""

    title: str
    value: Callable[[Thing], str]


class Columns(tuple[Column[Thing], ...]):
    """What is shown of one kind of thing."""

    __slots__ = ()


def many(things: Sequence[Thing], columns: Columns[Thing], output: Format) -> None:
    """Write a list."""
    if output is Format.TABLE:
        _table([each.title for each in columns], [[each.value(thing) for each in columns] for thing in things])
    else:
        _structured([_plain(thing) for thing in things], output)


def one(thing: Thing, columns: Columns[Thing], output: Format) -> None:
    """Write one thing: a line for each column."""
    if output is Format.TABLE:
        _table(None, [[f"{each.title}:", each.value(thing)] for each in columns])
    else:
        _structured(_plain(thing), output)


def changed(thing: pydantic.BaseModel, sentence: str, output: Format) -> None:
    """Write what a change came to: a sentence for people, the whole thing for programs."""
    if output is Format.TABLE:
        line(sentence)
    else:
        _structured(_plain(thing), output)


def streamed(thing: pydantic.BaseModel, text: str, output: Format) -> None:
    """Write one of many things that come one after the other: a line of text, or a document."""
    match output:
        case Format.TABLE:
            line(text)
        case Format.JSON:
            line(json.dumps(_plain(thing), ensure_ascii=False))
        case Format.YAML:
            line("---\n" + _yaml(_plain(thing)))
        case _:
            assert_never(output)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table for people."""
    _table(titles, rows)


def line(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def moment(at: datetime | None) -> str:
    """Return a time as it is shown in tables."""
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else NOTHING


def yes(*, is_so: bool) -> str:
    """Return a yes or a no."""
    return "yes" if is_so else "no"


def _plain(thing: pydantic.BaseModel) -> Any:
    return thing.model_dump(mode="json", by_alias=True)


def _structured(value: Any, output: Format) -> None:
    line(_yaml(value) if output is Format.YAML else json.dumps(value, ensure_ascii=False, indent=2))


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


def _table(titles: Sequence[str] | None, rows: Iterable[Sequence[str]]) -> None:
    grid = tables.Table(box=None, pad_edge=False, show_header=titles is not None, header_style="bold")
    first = list(rows)
    for title in titles or [""] * (len(first[0]) if first else 0):
        grid.add_column(title.upper(), overflow="fold", no_wrap=not sys.stdout.isatty())
    for row in first:
        grid.add_row(*[texts.Text(cell or NOTHING) for cell in row])
    width = None if sys.stdout.isatty() else _UNLIMITED
    consoles.Console(file=sys.stdout, width=width, highlight=False).print(grid)
