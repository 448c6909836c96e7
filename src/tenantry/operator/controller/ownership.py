"""Tells from an object alone whether everything that we applied still stands. Pure.

The API server writes down which manager owns which fields. What we own, taken out of the object, is what we applied,
as long as nobody changed it: whoever changes one of our fields takes it from us. So its digest is compared with the one
that the object carries, and nothing of the object needs to be kept.
"""

import functools
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson

from tenantry.kubernetes import client, kinds, parts
from tenantry.operator.render import objects

_FIELD, _KEY, _VALUE, _SELF = "f:", "k:", "v:", "."
_KEPT = 4096
_DIGEST_BYTES = 16


class _LostError(Exception):
    """A field that we own is not there."""


def found(item: kinds.Object, kind: kinds.Kind) -> str:
    """Return the digest of what we own of an object; empty where we own nothing.

    It is the object's `objects.HASH` as long as nobody touched what we applied.
    """
    fields = _fields(item)
    if fields is None:
        return ""
    try:
        ours: dict[str, Any] = _taken(item, fields)
    except _LostError:
        return ""
    about: dict[str, Any] = dict(ours.pop("metadata", {}))
    annotations = {key: value for key, value in about.get("annotations", {}).items() if key != objects.HASH}
    about |= {key: item["metadata"][key] for key in ("name", "namespace") if key in item["metadata"]}
    about["annotations"] = annotations
    return objects.digest({"apiVersion": kind.api_version, "kind": kind.kind, "metadata": about, **ours})


class Recall:
    """`found`, worked out once for what was applied as long as we own the same fields of it.

    A Deployment is told of half a dozen times while its pods come, and nothing of that is ours. Whoever changes a field
    of ours takes it from us, so that fields and what was applied say whether it has to be looked at again.

    Attributes:
        asked: how often it was asked.
        worked_out: how often it had to work the answer out.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.asked = 0
        self.worked_out = 0
        self._known: OrderedDict[tuple[str, bytes], str] = OrderedDict()

    def found(self, item: kinds.Object, kind: kinds.Kind) -> str:
        """Return the digest of what we own of an object; see `found`."""
        self.asked += 1
        applied = parts.mapping(item["metadata"], "annotations").get(objects.HASH)
        fields = _fields(item)
        if applied is None or fields is None:
            return self._worked_out(item, kind)
        key = (applied, hashlib.blake2b(orjson.dumps(fields), digest_size=_DIGEST_BYTES).digest())
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        made = self._known[key] = self._worked_out(item, kind)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return made

    def _worked_out(self, item: kinds.Object, kind: kinds.Kind) -> str:
        self.worked_out += 1
        return found(item, kind)


def _fields(item: kinds.Object) -> Mapping[str, Any] | None:
    managers: list[Mapping[str, Any]] = item["metadata"].get("managedFields") or []
    for each in managers:
        if each.get("manager") == client.FIELD_MANAGER and each.get("operation") == "Apply":
            return each.get("fieldsV1")
    return None


def _taken(value: Any, fields: Mapping[str, Any]) -> Any:
    if not fields:
        return value
    if isinstance(value, dict):
        return _taken_of_mapping(cast("dict[str, Any]", value), fields)
    if isinstance(value, list):
        return _taken_of_list(cast("list[Any]", value), fields)
    raise _LostError


def _taken_of_mapping(value: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    taken: dict[str, Any] = {}
    for name, below in fields.items():
        if name == _SELF:
            continue
        key = name.removeprefix(_FIELD)
        if key not in value:
            raise _LostError
        taken[key] = _taken(value[key], below)
    return taken


def _taken_of_list(value: Sequence[Any], fields: Mapping[str, Any]) -> list[Any]:
    keyed = [(_read(name[2:]), below) for name, below in fields.items() if name.startswith(_KEY)]
    single = [_read(name[2:]) for name in fields if name.startswith(_VALUE)]
    taken: list[Any] = []
    for item in value:
        if item in single:
            taken.append(item)
        else:
            taken += [_taken(item, below) for key, below in keyed if _has(item, key)]
    if len(taken) != len(keyed) + len(single):
        raise _LostError
    return taken


@functools.lru_cache(maxsize=1024)
def _read(text: str) -> Any:
    return orjson.loads(text)


def _has(item: Any, key: Mapping[str, Any]) -> bool:
    return isinstance(item, dict) and all(
        cast("dict[str, Any]", item).get(name) == value for name, value in key.items()
    )
