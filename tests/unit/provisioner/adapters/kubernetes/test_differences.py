"""What applying would change of an object, as a person reads it."""

from typing import Any

from tenantry.provisioner.adapters.kubernetes import differences
from tenantry.wire.operators import ChangeKind, ObjectChange


def thing(kind: str = "ConfigMap", **parts: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x", "namespace": "home"}, **parts}


def fields(change: ObjectChange | None) -> dict[str, tuple[Any, Any]]:
    assert change is not None
    assert change.change is ChangeKind.CHANGED
    return {each.path: (each.before, each.after) for each in change.fields}


def test_what_the_server_notes_is_no_change() -> None:
    noted: dict[str, Any] = {
        "resourceVersion": "1",
        "generation": 1,
        "managedFields": [],
        "uid": "u",
        "creationTimestamp": "t",
    }
    before = thing(status={"replicas": 1}) | {"metadata": {"name": "x", **noted}}
    assert differences.changed(before, thing() | {"metadata": {"name": "x"}}) is None


def test_fields_are_told_with_their_path() -> None:
    before = thing(spec={"replicas": 1, "paused": True, "same": {"a": 1}})
    after = thing(spec={"replicas": 2, "same": {"a": 1}, "more": {"b": [1]}})
    assert fields(differences.changed(before, after)) == {
        "spec.replicas": (1, 2),
        "spec.paused": (True, None),
        "spec.more": (None, {"b": [1]}),
    }


def test_entries_of_a_list_are_told_by_their_names() -> None:
    before = thing(spec={"containers": [{"name": "a", "image": "x:1"}, {"name": "b"}]})
    after = thing(spec={"containers": [{"name": "b"}, {"name": "a", "image": "x:2"}]})
    assert fields(differences.changed(before, after)) == {"spec.containers.a.image": ("x:1", "x:2")}


def test_a_list_of_plain_values_is_told_whole() -> None:
    before, after = thing(rules=[{"verbs": ["get"]}]), thing(rules=[{"verbs": ["get", "list"]}])
    assert fields(differences.changed(before, after)) == {"rules": ([{"verbs": ["get"]}], [{"verbs": ["get", "list"]}])}


def test_values_of_secrets_are_masked() -> None:
    before, after = thing("Secret", data={"a": "c3dvcmRmaXNo"}), thing("Secret", data={"a": "bmV3", "b": "bW9yZQ=="})
    told = differences.changed(before, after)
    assert fields(told) == {
        "data.a": (differences.MASK, differences.MASK),
        "data.b": (None, differences.MASK),
    }
    whole = differences.changed(thing("Secret"), thing("Secret", data={"a": "c3dvcmRmaXNo"}))
    assert "c3dvcmRmaXNo" not in str(whole)


def test_what_is_made_or_removed_is_told_as_a_whole() -> None:
    assert (differences.made(thing()).change, differences.made(thing()).fields) == (ChangeKind.MADE, [])
    assert differences.removed(thing()).change is ChangeKind.REMOVED
