"""The description of the API is whole: every name leads somewhere, and every operation says what it answers."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tenantry.provisioner.api import app, schema_names

Json = dict[str, Any]


@pytest.fixture(scope="module")
def described() -> Json:
    return app.bare().openapi()


def operations(described: Json) -> Iterator[Json]:
    for methods in described["paths"].values():
        yield from methods.values()


def test_every_reference_leads_somewhere_and_every_schema_is_used(described: Json) -> None:
    found = set(re.findall(r'"\$ref": "#/components/(\w+/[^"]+)"', json.dumps(described)))
    kept = {"schemas", "headers", "responses"}
    there = {f"{kind}/{name}" for kind in kept for name in described["components"][kind]}
    assert found == there


def test_schemas_have_names_for_people(described: Json) -> None:
    assert [name for name in described["components"]["schemas"] if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []


def test_every_operation_has_an_id_of_its_own_and_says_what_it_does(described: Json) -> None:
    ids = [each["operationId"] for each in operations(described)]
    assert len(ids) == len(set(ids)) > 30
    assert [each["operationId"] for each in operations(described) if not each["description"].endswith(".")] == []
    tags = {each["name"] for each in described["tags"]}
    assert {tag for each in operations(described) for tag in each["tags"]} == tags


def test_every_operation_names_its_scope_and_how_it_refuses(described: Json) -> None:
    for each in operations(described):
        assert each["security"][0]["token"]
        assert {"401", "403", "422", "503"} <= set(each["responses"])


def test_no_parameter_may_be_null(described: Json) -> None:
    for each in operations(described):
        for parameter in each.get("parameters", []):
            assert "null" not in json.dumps(parameter["schema"]), (each["operationId"], parameter["name"])


def test_every_problem_is_of_its_media_type_with_its_codes(described: Json) -> None:
    for name, each in described["components"]["responses"].items():
        schema = each["content"]["application/problem+json"]["schema"]
        codes = schema["allOf"][1]["properties"]["code"]
        assert codes == {"type": "string"} if name == "TemporarilyUnavailable" else codes["enum"]


def test_an_alternative_without_null_is_left_as_it_is() -> None:
    both = {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}], "title": "Either"}
    assert schema_names.sendable(both) == {"anyOf": [{"type": "string"}, {"type": "integer"}], "title": "Either"}
    assert schema_names.sendable({"type": "string"}) == {"type": "string"}
