"""What a structural schema cannot say is refused rather than left out."""

import pytest

from tenantry.operator.resources import structural


def test_a_reference_is_put_in_place_with_the_words_of_its_key() -> None:
    schema = {
        "$defs": {"Part": {"type": "object", "description": "A part.", "properties": {"a": {"type": "string"}}}},
        "properties": {"part": {"$ref": "#/$defs/Part", "description": "What\nit is for."}},
    }
    assert structural.convert(schema, name="Whole") == {
        "type": "object",
        "properties": {
            "part": {"description": "What it is for.", "type": "object", "properties": {"a": {"type": "string"}}}
        },
    }


def test_a_value_that_may_be_null_is_that_value() -> None:
    schema = {"properties": {"a": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None}}}
    made = structural.convert(schema, name="Whole")
    assert made["properties"] == {"a": {"type": "integer", "minimum": 1}}


def test_a_value_of_several_kinds_is_refused() -> None:
    schema = {"properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "string"}]}}}
    with pytest.raises(structural.NotStructuralError, match="several kinds"):
        structural.convert(schema, name="Whole")


def test_a_value_of_no_kind_is_refused() -> None:
    with pytest.raises(structural.NotStructuralError, match="no structural schema"):
        structural.convert({"properties": {"a": {}}}, name="Whole")
