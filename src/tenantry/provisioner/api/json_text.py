"""Reads a request's JSON strictly.

What two programs could understand differently, and what no database can hold, is refused with its place.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

from tenantry.kernel import errors

DEEPEST = 64
"""Objects and lists may be nested so deep."""
_LONGEST_NUMBER = 40
_BIGGEST = 2**63 - 1

Place = tuple[str | int, ...]


class BodyUnreadableError(errors.CustomerMustActError):
    """The body is not JSON in UTF-8."""

    code = "body-unreadable"
    hint = "Send one JSON value in UTF-8, without comments, NaN or Infinity."


class ValueRefusedError(errors.CustomerMustActError):
    """The body holds a value that cannot be taken."""

    code = "request-invalid"
    status = 422
    hint = "Correct the named fields and send the request again."

    def __init__(self, message: str, place: Place) -> None:
        """Say what is wrong with the value at a place in the body."""
        super().__init__(message, field=".".join(str(part) for part in place))
        self.place = place


class _Object(dict[str, Any]):
    """An object of the body; it remembers a key that was given twice."""

    repeated: str | None = None


def read(raw: bytes) -> Any:
    """Return the value that the body is.

    Raises:
        BodyUnreadableError: it is not JSON.
        ValueRefusedError: a key is given twice, or a value is a NUL, half a character, a number out of range, or nested
            too deep.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=float,
            parse_int=_whole_number,
        )
    except UnicodeDecodeError as error:
        raise BodyUnreadableError("The body is not UTF-8.") from error
    except json.JSONDecodeError as error:
        message = f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise BodyUnreadableError(message) from error
    except RecursionError as error:
        raise BodyUnreadableError(f"The body is nested deeper than {DEEPEST} levels.") from error
    for place, problem in _problems(value):
        raise ValueRefusedError(problem, place)
    return value


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        seen = set[str]()
        made.repeated = next(key for key, _ in pairs if key in seen or seen.add(key))
    return made


def _whole_number(text: str) -> float:
    """Return the number; one that is too long even to be read counts as endless."""
    return int(text) if len(text) <= _LONGEST_NUMBER else math.inf


def _problems(value: Any) -> Iterator[tuple[Place, str]]:
    waiting: list[tuple[Place, Any]] = [((), value)]
    while waiting:
        place, each = waiting.pop()
        if problem := _problem(each, depth=len(place)):
            yield place, problem
        elif isinstance(each, _Object):
            for key, child in each.items():
                if _is_broken(key):
                    yield place, "A key holds a NUL or half a character."
                waiting.append(((*place, key), child))
        elif isinstance(each, list):
            waiting.extend(((*place, index), child) for index, child in enumerate(each))  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType] - JSON


def _problem(value: Any, *, depth: int) -> str | None:
    if depth > DEEPEST:
        return f"Nested deeper than {DEEPEST} levels."
    match value:
        case _Object() if value.repeated is not None:
            return f"The key “{value.repeated}” is given twice."
        case str() if _is_broken(value):
            return "A text holds a NUL or half a character."
        case int() | float() if not abs(value) <= _BIGGEST:
            return "A number is out of range."
        case _:
            return None


def _is_broken(text: str) -> bool:
    return "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)
