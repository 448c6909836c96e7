"""Ownership, from objects as an API server writes them: the fields that a manager owns, beside the object."""

from typing import Any

import pytest

from tenantry.kubernetes import client, kinds
from tenantry.operator.controller import ownership
from tenantry.operator.render import objects

APPLIED = objects.sealed(
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "acme", "labels": {"a": "b"}},
        "spec": {
            "clusterIP": "None",
            "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
            "selector": {"x": "y"},
        },
    }
)
FIELDS: dict[str, Any] = {
    "f:metadata": {
        "f:annotations": {f"f:{objects.HASH}": {}},
        "f:labels": {"f:a": {}},
    },
    "f:spec": {
        "f:clusterIP": {},
        "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}}},
        "f:selector": {},
    },
}


def stored(fields: dict[str, Any] = FIELDS, **spec: Any) -> kinds.Object:
    """Return the object as the API server has it: with defaults, and with what others own."""
    managed: list[dict[str, Any]] = [
        {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {"f:type": {}}}},
        {"manager": client.FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields},
    ]
    metadata: dict[str, Any] = {**APPLIED["metadata"], "uid": "u", "resourceVersion": "7", "managedFields": managed}
    ports = [*APPLIED["spec"]["ports"], {"port": 81, "protocol": "TCP"}]
    return {"metadata": metadata, "spec": {**APPLIED["spec"], "type": "ClusterIP", "ports": ports, **spec}}


DIGEST = APPLIED["metadata"]["annotations"][objects.HASH]


def test_what_nobody_touched_has_the_digest_that_it_was_applied_with() -> None:
    assert ownership.found(stored(), kinds.SERVICE) == DIGEST


def without(*path: str) -> dict[str, Any]:
    """Return the fields without one that somebody took."""

    def cut(fields: dict[str, Any], way: tuple[str, ...]) -> dict[str, Any]:
        if len(way) == 1:
            return {key: value for key, value in fields.items() if key != way[0]}
        return {**fields, way[0]: cut(fields[way[0]], way[1:])}

    return cut(FIELDS, path)


@pytest.mark.parametrize(
    "fields",
    [
        without("f:spec", "f:selector"),
        without("f:metadata", "f:labels"),
        without("f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:name"),
    ],
)
def test_a_field_that_somebody_took_is_missed(fields: dict[str, Any]) -> None:
    assert ownership.found(stored(fields), kinds.SERVICE) != DIGEST


def test_a_field_that_is_owned_and_not_there_is_missed() -> None:
    assert ownership.found(stored(ports=[]), kinds.SERVICE) == ""


def test_an_object_that_we_never_applied_is_not_as_applied() -> None:
    assert ownership.found({"metadata": {"name": "web"}}, kinds.SERVICE) == ""


class TestRecall:
    def test_what_is_told_again_is_found_again(self) -> None:
        recall = ownership.Recall()
        assert [recall.found(stored(), kinds.SERVICE) for _ in range(2)] == [DIGEST, DIGEST]

    def test_a_field_that_somebody_took_meanwhile_is_missed(self) -> None:
        recall = ownership.Recall()
        assert recall.found(stored(), kinds.SERVICE) == DIGEST
        assert recall.found(stored(without("f:spec", "f:selector")), kinds.SERVICE) != DIGEST
        assert recall.found(stored(), kinds.SERVICE) == DIGEST

    def test_an_object_that_does_not_say_what_was_applied_is_looked_at_each_time(self) -> None:
        recall = ownership.Recall()
        for item in (stored(), stored(ports=None)):  # the same fields, and another content
            item["metadata"]["annotations"] = {}
            assert recall.found(item, kinds.SERVICE) == ownership.found(item, kinds.SERVICE)
