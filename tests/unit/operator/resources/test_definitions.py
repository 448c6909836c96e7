"""The definitions are those of the models, structural, described, and as they were written down."""

from collections.abc import Iterator
from typing import Any

import pytest

from support import operator_things as things
from tenantry.operator.resources import definitions, refinements

WRITTEN = things.ROOT / "deploy/crds"
DEFINITIONS = {made["spec"]["names"]["kind"]: made for made in (definitions.application(), definitions.installation())}
FORBIDDEN = {"$ref", "$defs", "anyOf", "oneOf", "allOf", "not", "const", "title", "additionalItems", "nullable"}


def schema(kind: str) -> dict[str, Any]:
    [version] = DEFINITIONS[kind]["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]


def parts(found: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema with its place."""
    yield path, found
    for name, each in found.get("properties", {}).items():
        yield from parts(each, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in found:
            yield from parts(found[key], f"{path}[]")


def at(kind: str, path: str) -> dict[str, Any]:
    return dict(parts(schema(kind)))[path]


def test_the_files_have_not_drifted() -> None:
    written = {path.name: path.read_text("utf-8") for path in WRITTEN.iterdir()}
    assert written == definitions.files(), "python -m tenantry.operator.resources deploy/crds"


@pytest.mark.parametrize("kind", DEFINITIONS)
class TestSchema:
    def test_it_is_structural(self, kind: str) -> None:
        assert [(path, key) for path, each in parts(schema(kind)) for key in each if key in FORBIDDEN] == []
        assert [path for path, each in parts(schema(kind)) if "type" not in each] == []

    def test_every_key_is_described(self, kind: str) -> None:
        own = [path for path, _ in parts(schema(kind)) if path.startswith((".spec", ".status"))]
        silent = [path for path in own if not path.endswith("[]") and "description" not in at(kind, path)]
        assert silent == []

    def test_only_settings_take_what_is_not_described(self, kind: str) -> None:
        free = [path for path, each in parts(schema(kind)) if each.get("x-kubernetes-preserve-unknown-fields")]
        assert free == [".spec.settings"]

    def test_a_mapping_of_free_keys_is_applied_as_a_whole(self, kind: str) -> None:
        """Of one that becomes empty, the API server would make `null` otherwise, and refuse the object."""
        free = ("additionalProperties", "x-kubernetes-preserve-unknown-fields")
        mappings = [each for _, each in parts(schema(kind)) if each.keys() & set(free)]
        assert {each.get("x-kubernetes-map-type") for each in mappings} == {"atomic"}

    def test_nothing_is_so_unless_somebody_says_so(self, kind: str) -> None:
        said = [path for path, each in parts(schema(kind)) if path.startswith(".status") and "default" in each]
        assert said == []

    def test_the_status_is_written_apart(self, kind: str) -> None:
        [version] = DEFINITIONS[kind]["spec"]["versions"]
        assert version["subresources"] == {"status": {}}


class TestContent:
    def test_a_default_of_the_model_is_one_of_the_definition(self) -> None:
        assert at("Installation", ".spec.runPolicy")["default"] == "Running"
        assert at("Application", ".spec.workloads[].startup")["default"] == {}
        assert at("Application", ".spec.workloads[].startup.timeout")["default"] == "60s"

    def test_a_part_that_may_be_absent_has_no_default(self) -> None:
        assert "default" not in at("Application", ".spec.needs.database")
        assert "database" not in at("Application", ".spec.needs").get("required", [])

    def test_conditions_are_told_apart_by_their_type(self) -> None:
        assert at("Installation", ".status.conditions")["x-kubernetes-list-map-keys"] == ["type"]

    def test_columns_show_where_it_is(self) -> None:
        [version] = DEFINITIONS["Installation"]["spec"]["versions"]
        columns = {each["name"]: each.get("priority", 0) for each in version["additionalPrinterColumns"]}
        assert [name for name, priority in columns.items() if not priority] == [
            *("Phase", "Version", "Size", "URL", "Age")
        ]
        assert {"Reason", "Message", "Serving"} <= columns.keys()


class TestRefinements:
    def models(self) -> dict[str, list[dict[str, Any]]]:
        rules: dict[str, list[dict[str, Any]]] = {}
        for kind in DEFINITIONS:
            for path, each in parts(schema(kind)):
                if "x-kubernetes-validations" in each:
                    rules[f"{kind}{path}"] = each["x-kubernetes-validations"]
        return rules

    def test_every_rule_has_found_its_place(self) -> None:
        placed = {rule["message"] for rules in self.models().values() for rule in rules}
        assert placed == {rule.message for rules in refinements.RULES.values() for rule in rules}

    def test_every_bound_and_every_key_has_found_its_place(self) -> None:
        found = [each for kind in DEFINITIONS for _, each in parts(schema(kind))]
        lists = [each for each in found if "x-kubernetes-list-map-keys" in each]
        assert len(lists) == len(refinements.LIST_KEYS)
        bounds = {key for bound in refinements.BOUNDS.values() for key in bound}
        assert bounds == {"maxItems", "maxLength", "maxProperties"}

    def test_what_tells_items_apart_is_required(self) -> None:
        for kind in DEFINITIONS:
            for path, each in parts(schema(kind)):
                for key in each.get("x-kubernetes-list-map-keys", []):
                    assert key in each["items"]["required"], path
