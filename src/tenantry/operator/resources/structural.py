"""Turns the JSON Schema of our models into the structural schema that a custom resource needs.

Structural schemas know no references and no alternatives: references are put in place, and a value that may be absent
is simply not required (the API server drops a `null` of its own accord). Unknown keys need no word, since they are
pruned, and refused by `kubectl`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from tenantry.kernel import errors
from tenantry.operator.resources import refinements

Schema = dict[str, Any]

_KEPT = frozenset(
    "type format pattern enum minimum maximum minLength maxLength minItems maxItems exclusiveMinimum".split()
)
_REFERENCE = "#/$defs/"
_WHOLE = {"x-kubernetes-map-type": "atomic"}
"""Whoever applies a mapping applies the whole of it: of one that becomes empty, the API server would make `null`."""


class NotStructuralError(errors.PermanentError):
    """The model says something that a custom resource cannot."""

    code = "schema-not-structural"


def convert(schema: Mapping[str, Any], *, name: str) -> Schema:
    """Return the structural schema of a model.

    Args:
        schema: the JSON Schema that Pydantic gives.
        name: the model's name, by which its refinements are found.

    Raises:
        NotStructuralError: a part of it cannot be said in a structural schema.
    """
    return _Conversion(schema.get("$defs", {})).model(schema, name)


class _Conversion:
    """Carries the definitions through one conversion."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions

    def model(self, schema: Mapping[str, Any], name: str) -> Schema:
        """Convert a model."""
        properties: dict[str, Schema] = schema.get("properties", {})
        made = _described(schema, {"type": "object"})
        if properties:
            made["properties"] = {key: self._property(name, key, each) for key, each in properties.items()}
        if required := schema.get("required"):
            made["required"] = list(required)
        if rules := refinements.RULES.get(name):
            made["x-kubernetes-validations"] = [rule.written() for rule in rules]
        return made

    def _property(self, owner: str, key: str, schema: Schema) -> Schema:
        made = self._value(schema)
        place = f"{owner}.{key}"
        if (description := schema.get("description")) is not None:
            text = _combined(_text(description), made)
            made = {"description": text, **{name: made[name] for name in made if name != "description"}}
        if (default := _default(schema, made)) is not None:
            made["default"] = default
        made |= refinements.BOUNDS.get(place, {})
        if (keys := refinements.LIST_KEYS.get(place)) is not None:
            made |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}
        return made

    def _value(self, schema: Mapping[str, Any]) -> Schema:
        if "$ref" in schema:
            name = str(schema["$ref"]).removeprefix(_REFERENCE)
            definition = self._definitions[name]
            is_model = definition.get("type") == "object"
            return self.model(definition, name) if is_model else self._value(definition)
        if "anyOf" in schema:
            return self._value(_only(schema["anyOf"]))
        if "const" in schema:
            return _described(schema, {"type": "string", "enum": [schema["const"]]})
        made = _described(schema, {key: schema[key] for key in schema if key in _KEPT})
        match made.get("type"):
            case "array":
                made["items"] = self._value(schema["items"])
            case "object":
                made |= self._mapping(schema.get("additionalProperties", True))
            case "string" | "integer" | "number" | "boolean":
                pass
            case other:
                raise NotStructuralError(f"There is no structural schema for “{other or dict(schema)}”.")
        return made

    def _mapping(self, values: object) -> Schema:
        if isinstance(values, dict):
            return {"additionalProperties": self._value(cast("Schema", values)), **_WHOLE}
        return {"x-kubernetes-preserve-unknown-fields": True, **_WHOLE}


def _only(alternatives: list[Schema]) -> Schema:
    """Return the one alternative that is not `null`."""
    real = [each for each in alternatives if each.get("type") != "null"]
    if len(real) != 1:
        raise NotStructuralError("A value of several kinds has no structural schema.")
    return real[0]


def _default(schema: Mapping[str, Any], made: Schema) -> Any:
    """Return the default that the API server shows; a part gets one where something inside it has."""
    if made["type"] == "object":
        has_default = schema.get("default") is not None and any(_defaults(made))
        return {} if has_default and "required" not in made else None
    default = schema.get("default")
    return None if default in (None, "", []) else default


def _defaults(made: Schema) -> Iterator[bool]:
    properties: dict[str, Schema] = made.get("properties", {})
    for each in properties.values():
        yield "default" in each


def _described(schema: Mapping[str, Any], made: Schema) -> Schema:
    description = schema.get("description")
    return made if description is None else {"description": _text(description), **made}


def _combined(description: str, made: Schema) -> str:
    """Return what a key is for; where it says under which names its value is read, what the value is stands before."""
    of_value: str = made.get("description", "") if made["type"] == "object" else ""
    return f"{of_value} Templates read {description}" if of_value and description.startswith("`") else description


def _text(description: str) -> str:
    """Return a docstring as prose: lines are joined, paragraphs stay."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in description.split("\n\n"))
