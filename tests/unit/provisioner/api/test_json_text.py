"""Bodies are read strictly: nothing of two meanings and nothing that cannot be kept comes through."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.provisioner.api import json_text

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_SCALARS = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | _TEXT
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner), max_leaves=20)


@given(value=_VALUES)
def test_what_is_plain_comes_through(value: Any) -> None:
    assert json_text.read(json.dumps(value).encode()) == value


@given(raw=st.binary())
def test_nothing_else_is_an_accident(raw: bytes) -> None:
    try:
        json_text.read(raw)
    except (json_text.BodyUnreadableError, json_text.ValueRefusedError):
        return


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "line 1, column 1"),
        (b'{"a": 1,}', "column"),
        (b'{"a":\n tru}', "line 2"),
        (b"\xff", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[" * 100_000, "nested"),
    ],
)
def test_what_is_no_json_is_refused_where_it_ends_to_be(raw: bytes, said: str) -> None:
    with pytest.raises(json_text.BodyUnreadableError, match=said):
        json_text.read(raw)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('{"a": 1, "b": 2, "a": 3}', (), "“a” is given twice"),
        ('{"a": [{"b": 1, "b": 1}]}', ("a", 0), "“b” is given twice"),
        ('{"a": {"b": "x\\u0000"}}', ("a", "b"), "NUL"),
        ('{"a": ["\\ud800"]}', ("a", 0), "half a character"),
        ('{"a\\u0000": 1}', (), "NUL"),
        ("[NaN]", (0,), "out of range"),
        ('{"a": -Infinity}', ("a",), "out of range"),
        ('{"a": 1e999}', ("a",), "out of range"),
        ('{"a": 9223372036854775808}', ("a",), "out of range"),
        (f'{{"a": {"9" * 5000}}}', ("a",), "out of range"),
        ("[" * 65 + "]" * 65, (0,) * 65, "deeper"),
    ],
)
def test_a_value_that_cannot_be_taken_is_refused_with_its_place(text: str, place: json_text.Place, said: str) -> None:
    if "deeper" in said:
        text = "[" + text + "]"
    with pytest.raises(json_text.ValueRefusedError, match=said) as refused:
        json_text.read(text.encode())
    assert refused.value.place == place
