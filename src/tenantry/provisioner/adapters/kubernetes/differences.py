"""What applying an object would change of it, field by field; values of Secrets are masked. Pure.

What the API server counts or notes by itself is no change: versions, times, who manages which field, and status.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from tenantry.kubernetes import kinds
from tenantry.wire.operators import ChangeKind, FieldChange, ObjectChange

MASK = "•••"

_NOTED = ("managedFields", "resourceVersion", "generation", "creationTimestamp", "uid")
_SECRET_PARTS = ("data", "stringData", "metadata.annotations")
"""Clients keep whole objects in annotations."""
_NAMED = ("name", "type", "port", "containerPort", "mountPath", "topologyKey")
"""By which of its fields an entry of a list is told from others."""


def made(wanted: kinds.Object) -> ObjectChange:
    """Return that an object would be made."""
    return _change(ChangeKind.MADE, wanted)


def removed(present: kinds.Object) -> ObjectChange:
    """Return that an object would be removed."""
    return _change(ChangeKind.REMOVED, present)


def changed(before: kinds.Object, after: kinds.Object) -> ObjectChange | None:
    """Return what would change of an object; None where nothing would."""
    mask = before.get("kind") == "Secret"
    fields = [
        FieldChange(path=path, before=_masked(old, is_so=hide), after=_masked(new, is_so=hide))
        for path, old, new in _differing(_own(before), _own(after), "")
        for hide in (mask and path.startswith(_SECRET_PARTS),)
    ]
    return _change(ChangeKind.CHANGED, after, fields) if fields else None


def _change(change: ChangeKind, item: kinds.Object, fields: list[FieldChange] | None = None) -> ObjectChange:
    about: Mapping[str, Any] = item["metadata"]
    return ObjectChange(
        change=change, kind=item["kind"], namespace=about.get("namespace"), name=about["name"], fields=fields or []
    )


def _own(item: kinds.Object) -> kinds.Object:
    metadata = {key: value for key, value in item["metadata"].items() if key not in _NOTED}
    return {**{key: value for key, value in item.items() if key != "status"}, "metadata": metadata}


def _differing(before: object, after: object, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, old and new value of whatever differs, as deep as both have the same shape."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        yield from _of_mappings(old, new, path)
    elif isinstance(before, list) and isinstance(after, list):
        old, new = _by_name(cast("list[Any]", before)), _by_name(cast("list[Any]", after))
        if old is None or new is None:
            yield path, cast("Any", before), cast("Any", after)
            return
        yield from _of_mappings(old, new, path)
    else:
        yield path, before, after


def _of_mappings(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    for key in sorted({*old, *new}):
        yield from _differing(old.get(key), new.get(key), f"{path}.{key}" if path else key)


def _by_name(entries: list[Any]) -> Mapping[str, Any] | None:
    """Return the entries of a list by what tells them apart; None where nothing does."""
    if not all(isinstance(each, dict) for each in entries):
        return None
    mappings = cast("list[dict[str, Any]]", entries)
    for field in _NAMED:
        named = {str(each[field]): each for each in mappings if field in each}
        if len(named) == len(mappings):
            return named
    return None


def _masked(value: Any, *, is_so: bool) -> Any:
    return MASK if is_so and value is not None else value
