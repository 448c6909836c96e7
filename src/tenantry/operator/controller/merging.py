"""Finds the smallest change between two states of an object, so that only what has changed is written."""

from collections.abc import Mapping
from typing import Any, cast


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge patch (RFC 7386) that makes `after` of `before`; empty where they are the same."""
    found: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if old == value:
            continue
        if isinstance(old, dict) and isinstance(value, dict):
            found[key] = changes(cast("dict[str, Any]", old), cast("dict[str, Any]", value))
        else:
            found[key] = value
    return found
