"""A product's settings as form fields, and what was typed back as settings.

A vendor describes settings by a JSON Schema; strings, booleans, closed choices and numbers become fields. A property of
another shape keeps its default and is left to the API.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import jsonschema

PREFIX = "setting."


class FieldKind(StrEnum):
    """How a setting is asked for."""

    TEXT = "text"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the values of a closed choice."""

    value: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting in a form."""

    name: str
    key: str
    title: str
    description: str
    kind: FieldKind
    value: str
    choices: tuple[Choice, ...] = ()
    minimum: str = ""
    maximum: str = ""
    step: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What was typed, as settings, or what is wrong with it by field name."""

    settings: dict[str, Any]
    errors: dict[str, str]


def fields(
    schema: Mapping[str, Any], values: Mapping[str, str] | None = None, problems: Mapping[str, str] | None = None
) -> tuple[Field, ...]:
    """Return the fields of a schema, filled with what was typed before or with the defaults."""
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    made = (_field(key, property_, values, problems or {}) for key, property_ in properties.items())
    return tuple(field for field in made if field is not None)


def as_values(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return settings as a form would send them."""
    return {PREFIX + key: _text(value) for key, value in settings.items()}


def parse(schema: Mapping[str, Any], typed: Mapping[str, str]) -> Parsed:
    """Read what was typed and check it against the schema."""
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    settings: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for key, property_ in properties.items():
        if _kind(property_) is None:
            continue
        try:
            value = _value(property_, typed.get(PREFIX + key, ""))
        except ValueError:
            problems[PREFIX + key] = "Enter a number."
            continue
        if value is not None:
            settings[key] = value
    return Parsed(settings=settings, errors=problems or _violations(schema, settings))


def _field(
    key: str, property_: Mapping[str, Any], values: Mapping[str, str] | None, problems: Mapping[str, str]
) -> Field | None:
    kind = _kind(property_)
    if kind is None:
        return None
    name = PREFIX + key
    default = _text(property_.get("default", ""))
    return Field(
        name=name,
        key=key,
        title=property_.get("title") or _humanise(key),
        description=property_.get("description", ""),
        kind=kind,
        value=default if values is None else values.get(name, ""),
        choices=tuple(Choice(value=_text(value), title=_humanise(_text(value))) for value in property_.get("enum", ())),
        minimum=_text(property_.get("minimum", "")),
        maximum=_text(property_.get("maximum", "")),
        step="1" if property_.get("type") == "integer" else "any",
        error=problems.get(name, ""),
    )


def _kind(property_: Mapping[str, Any]) -> FieldKind | None:
    if "enum" in property_:
        return FieldKind.CHOICE
    match property_.get("type"):
        case "string":
            return FieldKind.TEXT
        case "boolean":
            return FieldKind.SWITCH
        case "integer" | "number":
            return FieldKind.NUMBER
        case _:
            return None


def _value(property_: Mapping[str, Any], text: str) -> Any:
    match _kind(property_):
        case FieldKind.SWITCH:
            return text != ""
        case FieldKind.NUMBER:
            if not text.strip():
                return None
            return int(text) if property_.get("type") == "integer" else _finite(text)
        case FieldKind.CHOICE:
            return next((value for value in property_["enum"] if _text(value) == text), text or None)
        case _:
            return text.strip()


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _violations(schema: Mapping[str, Any], settings: dict[str, Any]) -> dict[str, str]:
    # The stubs of jsonschema leave the instance's type open; an iterator of errors is what it returns.
    validator: Any = jsonschema.Draft202012Validator(dict(schema))
    found: dict[str, str] = {}
    for error in validator.iter_errors(settings):
        key = str(error.path[0]) if error.path else _missing_key(error.message)
        found.setdefault(PREFIX + key, _words(str(error.validator), error.validator_value, error.message))
    return found


def _missing_key(message: str) -> str:
    found = re.match(r"'([^']+)' is a required property", message)
    return found.group(1) if found else ""


def _words(rule: str, limit: Any, otherwise: str) -> str:
    known = {
        "minimum": f"Enter {limit} or more.",
        "maximum": f"Enter {limit} or less.",
        "minLength": f"Enter at least {limit} characters.",
        "maxLength": f"Enter at most {limit} characters.",
        "enum": "Choose one of the options.",
        "required": "This is needed.",
        "pattern": "This does not have the form that is asked for.",
    }
    return known.get(rule, otherwise)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    return "" if value is None else str(value)


def _humanise(key: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]+", " ", key).strip().lower()
    return words[:1].upper() + words[1:]
