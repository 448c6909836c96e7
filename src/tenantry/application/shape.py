"""Checks the shape of a manifest's data against the models, and says in words what does not fit."""

from typing import Any, cast

import pydantic
import pydantic_core

from tenantry.application import findings as found
from tenantry.application import manifest

_LONGEST_SHOWN = 80
_SCHEMA: dict[str, Any] = manifest.Application.model_json_schema(by_alias=True)


def read(data: object) -> manifest.Application:
    """Turn plain data into an application; only its shape is checked.

    Raises:
        found.ManifestError: it has unknown or missing keys, or values of a wrong kind.
    """
    try:
        return manifest.Application.model_validate(data, by_alias=True, by_name=False)
    except pydantic.ValidationError as error:
        raise found.ManifestError([_finding(each) for each in error.errors(include_url=False)]) from error


def keys_at(path: found.Path) -> list[str]:
    """Return the keys that may stand in the mapping at the path."""
    schema = _SCHEMA
    for part in path:
        schema = _step(_resolved(schema), part)
    return list(_resolved(schema).get("properties", {}))


def _finding(error: pydantic_core.ErrorDetails) -> found.Finding:
    path: found.Path = tuple(part for part in error["loc"] if part != "[key]")
    match error["type"]:
        case "extra_forbidden":
            suggestion = found.did_you_mean(str(path[-1]), keys_at(path[:-1]))
            message = f"There is no key “{path[-1]}” here."
        case "missing":
            message, suggestion = f"The key “{path[-1]}” is missing.", ""
        case "string_type":
            message, suggestion = _got(error, "A text is expected"), _quotes(error)
        case "literal_error":
            message, suggestion = _got(error, f"Expected is {error.get('ctx', {}).get('expected', '')}"), ""
        case "string_pattern_mismatch":
            message, suggestion = _got(error, "The value has a wrong form"), _form(error)
        case _:
            message, suggestion = _got(error, error["msg"]), ""
    return found.Finding(path=path, message=message, suggestion=suggestion)


def _got(error: pydantic_core.ErrorDetails, expectation: str) -> str:
    given = repr(error["input"])
    shown = given if len(given) <= _LONGEST_SHOWN else f"{given[:_LONGEST_SHOWN]}…"
    return f"{expectation}; here stands {shown}."


def _quotes(error: pydantic_core.ErrorDetails) -> str:
    given = error["input"]
    if isinstance(given, bool | int | float):
        return f'Put quotes around it: "{str(given).lower() if isinstance(given, bool) else given}".'
    return ""


def _form(error: pydantic_core.ErrorDetails) -> str:
    pattern = str(error.get("ctx", {}).get("pattern", ""))
    example = _EXAMPLES.get(pattern)
    return f"It must look like {example}." if example else f"It must match {pattern}."


_EXAMPLES = {
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$": "“my-name”: small letters, digits and hyphens",
    r"^[a-z][A-Za-z0-9]*$": "“signingKey”: letters and digits, beginning with a small letter",
    r"^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi|Ti)?$": "“500m” or “512Mi”",
    r"^[0-9]+(ms|s|m|h)$": "“30s”: a number with ms, s, m or h",
}


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while True:
        if "$ref" in schema:
            schema = _SCHEMA["$defs"][str(schema["$ref"]).rsplit("/", 1)[-1]]
        elif "anyOf" in schema:
            options = cast("list[dict[str, Any]]", schema["anyOf"])
            schema = next(option for option in options if option.get("type") != "null")
        else:
            return schema


def _step(schema: dict[str, Any], part: str | int) -> dict[str, Any]:
    if isinstance(part, int):
        return schema.get("items", {})
    inner = schema.get("properties", {}).get(part)
    if inner is not None:
        return inner
    extra = schema.get("additionalProperties")
    return cast("dict[str, Any]", extra) if isinstance(extra, dict) else {}
