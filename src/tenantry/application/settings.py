"""The settings that a customer may change: their schema, their defaults, and errors a customer understands."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import jsonschema
import jsonschema.exceptions

from tenantry.application import findings as found
from tenantry.kernel import errors

Settings = dict[str, Any]


class SettingsInvalidError(errors.CustomerMustActError):
    """Some settings cannot be used."""

    code = "settings-invalid"
    status = 422

    def __init__(self, fields: Mapping[str, str]) -> None:
        """Take what is wrong, by dotted path (`settings.title`)."""
        self.fields = dict(fields)
        message = " ".join(f"{field}: {problem}" for field, problem in fields.items())
        super().__init__(message, field=next(iter(fields), None))


def check(schema: Mapping[str, Any], given: Mapping[str, Any]) -> Settings:
    """Return the settings with the defaults of what was not given.

    Raises:
        SettingsInvalidError: a setting is unknown or has a value that its schema does not allow.
    """
    complete = defaults(schema) | dict(given)
    problems = _unknown(schema, given)
    for error in _errors(schema, complete):
        problems.setdefault(_field(error), _words(error))
    if problems:
        raise SettingsInvalidError(problems)
    return complete


def defaults(schema: Mapping[str, Any]) -> Settings:
    """Return the value of each setting where the customer has chosen nothing."""
    return {name: each["default"] for name, each in _properties(schema).items() if "default" in each}


def find_in_schema(schema: Mapping[str, Any], path: found.Path) -> Iterator[found.Finding]:
    """Yield what is wrong with a settings schema itself."""
    if not schema:
        return
    try:
        jsonschema.Draft202012Validator.check_schema(dict(schema))
    except jsonschema.SchemaError as error:
        yield found.Finding(path=(*path, *error.absolute_path), message=f"This is no JSON Schema: {error.message}.")
        return
    if schema.get("type") != "object":
        yield found.Finding(path=(*path, "type"), message="Settings are described by a schema of the type “object”.")
        return
    yield from _find_defaults(schema, path)


def _find_defaults(schema: Mapping[str, Any], path: found.Path) -> Iterator[found.Finding]:
    for name, each in _properties(schema).items():
        place = (*path, "properties", name)
        if "default" not in each:
            message = f"The setting “{name}” has no default; a new installation would have no value for it."
            yield found.Finding(path=place, message=message, suggestion="Add “default”.")
            continue
        for error in _errors(each, each["default"]):
            message = f"The default of “{name}” does not fit its own schema: {error.message}."
            yield found.Finding(path=(*place, "default"), message=message)


def _properties(schema: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return cast("dict[str, dict[str, Any]]", schema.get("properties", {}))


def _errors(schema: Mapping[str, Any], value: Any) -> list[jsonschema.exceptions.ValidationError]:
    validator = jsonschema.Draft202012Validator(
        dict(schema), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    found: Iterator[jsonschema.exceptions.ValidationError] = validator.iter_errors(value)  # pyright: ignore[reportUnknownMemberType] - the stubs leave a second, deprecated argument open
    return sorted(found, key=lambda error: list(map(str, error.absolute_path)))


def _unknown(schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, str]:
    known = _properties(schema)
    return {
        f"settings.{name}": f"There is no setting “{name}”. {found.did_you_mean(name, known)}".rstrip()
        for name in given
        if name not in known
    }


def _field(error: jsonschema.exceptions.ValidationError) -> str:
    path: found.Path = ("settings", *error.absolute_path)
    return found.dotted(path)


def _words(error: jsonschema.exceptions.ValidationError) -> str:
    limit: Any = error.validator_value
    sentences = {
        "type": f"Expected is {_kind(limit)}.",
        "enum": f"Choose one of: {', '.join(str(each) for each in _list(limit))}.",
        "minimum": f"The value is at least {limit}.",
        "maximum": f"The value is at most {limit}.",
        "minLength": f"At least {limit} characters are needed." if limit != 1 else "This cannot be empty.",
        "maxLength": f"At most {limit} characters are possible.",
        "pattern": f"The value must match {limit}.",
        "format": f"This is not a valid {limit}.",
    }
    return sentences.get(str(error.validator), f"{error.message}.")


def _kind(name: object) -> str:
    names = {"string": "a text", "integer": "a whole number", "number": "a number", "boolean": "yes or no"}
    return " or ".join(names.get(str(each), str(each)) for each in _list(name))


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]
