"""Reads parts of objects that may be left out: what is not there is empty."""

from collections.abc import Mapping
from typing import Any, cast

from tenantry.kubernetes import kinds


def mapping(item: Mapping[str, Any], *path: str) -> kinds.Object:
    """Return the mapping at a path of keys; empty where there is none."""
    for key in path:
        item = cast("Mapping[str, Any]", item.get(key) or {})
    return dict(item)


def listed(item: Mapping[str, Any], *path: str) -> list[kinds.Object]:
    """Return the list of mappings at a path of keys; empty where there is none."""
    *before, last = path
    return list(cast("list[kinds.Object]", mapping(item, *before).get(last) or []))
