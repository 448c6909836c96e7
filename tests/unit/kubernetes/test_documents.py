"""Objects become documents and documents objects, and nothing of a document is lost on the way."""

from typing import Any

import pytest

from support import operator_things as things
from tenantry.kubernetes import documents
from tenantry.runtime import document


@pytest.fixture
def installation() -> document.Installation:
    return things.wanted(things.application("synapse"), restarted_at=things.NOON).installation


def as_the_server_gives_it(given: dict[str, Any]) -> dict[str, Any]:
    metadata = {
        **given["metadata"],
        "uid": things.UID,
        "generation": 3,
        "resourceVersion": "77",
        "creationTimestamp": "2026-11-24T12:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
        "finalizers": ["tenantry.dev/clean-up"],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
    }
    return {**given, "metadata": metadata}


def test_an_installation_comes_back_as_it_went(installation: document.Installation) -> None:
    given = as_the_server_gives_it(documents.written(installation, namespace="acme"))
    read = documents.installation(given)
    assert read.spec == installation.spec
    assert (read.metadata.name, read.metadata.generation) == ("acme", 3)


def test_an_application_comes_back_as_it_went() -> None:
    application = things.application("ihatemoney")
    read = documents.application(as_the_server_gives_it(documents.written(application)))
    assert read.spec == application.spec


def test_a_status_is_read_where_there_is_one(installation: document.Installation) -> None:
    status = document.InstallationStatus(observed_generation=3, phase=document.Phase.READY, serving_version="1.0")
    given = {**documents.written(installation, namespace="acme"), "status": dict(documents.status(status))}
    assert documents.installation(given).status == status


def test_what_a_newer_version_reports_besides_is_passed_over(installation: document.Installation) -> None:
    """Wherever it is in the status; who reads it must not fail because somebody else is newer."""
    condition = {"type": "Ready", "status": "True", "reason": "Ready", "lastTransitionTime": "2026-11-24T12:00:00Z"}
    obstacle = {"attempt": "a", "reason": "Slow", "condition": "Ready", "later": 1}
    status = {
        "phase": "Ready",
        "conditions": [{**condition, "later": 1}],
        "endpoints": [{"workload": "web", "port": "http", "address": "web:80", "later": 1}],
        "memory": {"isInitialised": True, "obstacle": obstacle, "later": 1},
        "later": {"than": "this"},
    }
    read = documents.installation({**documents.written(installation, namespace="acme"), "status": status}).status
    assert read is not None
    assert (read.phase, read.conditions[0].reason, read.endpoints[0].port) == (document.Phase.READY, "Ready", "http")
    assert read.memory is not None
    assert read.memory.obstacle is not None
    assert "later" not in str(read)


def test_what_is_reported_of_an_application_besides_is_passed_over() -> None:
    version = {"version": "1.0", "phase": "Prepared", "later": 1}
    given = {**documents.written(things.application("ihatemoney")), "status": {"versions": [version], "later": 1}}
    read = documents.application(given).status
    assert read is not None
    assert [each.version for each in read.versions] == ["1.0"]


def test_an_object_carries_neither_status_nor_what_the_server_decides(installation: document.Installation) -> None:
    given = documents.written(installation, namespace="acme")
    assert given.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert given["metadata"] == {"name": "acme", "namespace": "acme"}


def test_what_is_not_understood_is_said_without_its_value(installation: document.Installation) -> None:
    given = documents.written(installation, namespace="acme")
    given["spec"] = {**given["spec"], "size": "NOT-A-SIZE-0123", "shape": "round-0123"}
    with pytest.raises(documents.ObjectInvalidError) as raised:
        documents.installation(given)
    assert "Installation “acme” is not understood" in raised.value.message
    assert "spec.size" in raised.value.message
    assert "0123" not in raised.value.message


def test_an_application_that_is_not_understood_is_refused() -> None:
    with pytest.raises(documents.ObjectInvalidError, match=r"spec\.title"):
        documents.application(
            {"apiVersion": "tenantry.dev/v1alpha1", "kind": "Application", "metadata": {"name": "a"}, "spec": {}}
        )
