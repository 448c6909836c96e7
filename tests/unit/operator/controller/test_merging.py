from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as some

from tenantry.operator.controller import merging

VALUES = some.recursive(
    some.integers() | some.text(max_size=3) | some.booleans(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = some.dictionaries(some.sampled_from("abc"), VALUES, max_size=3)


def merged(before: Any, patch: Any) -> Any:
    """Apply a merge patch as RFC 7386 says."""
    if not isinstance(patch, dict):
        return patch
    result = dict(cast("dict[str, Any]", before)) if isinstance(before, dict) else {}
    for key, value in cast("dict[str, Any]", patch).items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


@given(OBJECTS, OBJECTS)
def test_the_change_makes_one_of_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert merged(before, merging.changes(before, after)) == after


@given(OBJECTS)
def test_nothing_changes_where_nothing_is_different(state: dict[str, Any]) -> None:
    assert merging.changes(state, state) == {}


def test_only_what_is_different_is_in_it() -> None:
    before = {"phase": "Progressing", "memory": {"a": 1, "b": 2}, "gone": 1}
    after = {"phase": "Ready", "memory": {"a": 1, "b": 3}}
    assert merging.changes(before, after) == {"phase": "Ready", "memory": {"b": 3}, "gone": None}
