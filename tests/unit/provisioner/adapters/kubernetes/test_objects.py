from typing import Any

import pytest

from support import tiny
from tenantry.application import manifest
from tenantry.provisioner.adapters.kubernetes import objects
from tenantry.runtime import contract, document

BUNDLE = tiny.bundle("ins-a", generation=7)


def reported(*, theirs: int, seen: int, phase: str = "Ready", **metadata: Any) -> dict[str, Any]:
    """An Installation as the API server returns it, with the operator's report."""
    given = objects.installation(BUNDLE.installation)
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Ready",
        "lastTransitionTime": "2026-11-25T12:00:00Z",
        "observedGeneration": seen,
    }
    return given | {
        "metadata": given["metadata"] | {"generation": theirs, "uid": "u"} | metadata,
        "status": {"observedGeneration": seen, "phase": phase, "conditions": [condition]},
    }


class TestGenerations:
    def test_a_report_on_the_object_as_it_is_is_of_our_generation(self) -> None:
        found = objects.observed(reported(theirs=3, seen=3))
        assert found.metadata.generation == 7
        assert found.status is not None
        assert found.status.observed_generation == 7
        assert [each.observed_generation for each in found.status.conditions] == [7]

    def test_a_report_on_an_earlier_object_is_of_an_earlier_generation(self) -> None:
        found = objects.observed(reported(theirs=3, seen=2))
        assert found.status is not None
        assert found.status.observed_generation == 6

    def test_nothing_reported_is_pending(self) -> None:
        given = objects.installation(BUNDLE.installation)
        found = objects.observed(given | {"metadata": given["metadata"] | {"generation": 1}})
        assert found.status == document.InstallationStatus(phase=document.Phase.PENDING)

    def test_what_others_applied_is_of_no_generation(self) -> None:
        assert objects.generation({"metadata": {"name": "x"}}) == 0
        assert objects.generation({"metadata": {"name": "x", "annotations": {objects.GENERATION: "many"}}}) == 0


class TestHandingOver:
    def test_everything_is_in_a_namespace_of_the_installations_name(self) -> None:
        made = [objects.installation(BUNDLE.installation), *objects.secrets(BUNDLE)]
        assert {each["metadata"]["namespace"] for each in made} == {"ins-a"}
        assert all(each["metadata"]["labels"].items() >= objects.HANDED_OVER.items() for each in made)

    def test_secrets_are_in_secrets_only(self) -> None:
        text = str(objects.installation(BUNDLE.installation)) + str(
            objects.namespace("ins-a", document.DeletionPolicy.DELETE)
        )
        assert "swordfish-42" not in text
        assert [each["data"] for each in objects.secrets(BUNDLE)] == [{"adminPassword": "c3dvcmRmaXNoLTQy"}]

    def test_what_a_secret_has_besides_is_taken_from_it(self) -> None:
        [wanted] = objects.secrets(BUNDLE)
        present = wanted | {"data": {"adminPassword": "b3RoZXI=", "poolerUrl": "", "caCertificate": ""}}
        assert objects.without(wanted, present) == {"data": {"caCertificate": None, "poolerUrl": None}}
        assert objects.without(wanted, wanted) is None
        assert objects.without(wanted | {"data": {}}, {"metadata": {}}) is None

    def test_the_namespace_enforces_the_restricted_standard(self) -> None:
        labels = objects.namespace("ins-a", document.DeletionPolicy.DELETE)["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"

    @pytest.mark.parametrize("policy", document.DeletionPolicy)
    def test_the_namespace_outlives_an_installation_whose_volumes_are_retained(
        self, policy: document.DeletionPolicy
    ) -> None:
        is_retained = objects.is_retained(objects.namespace("ins-a", policy))
        assert is_retained == (policy is document.DeletionPolicy.RETAIN)


class TestTold:
    def test_one_that_is_understood_is_told_as_it_is(self) -> None:
        told = objects.told(reported(theirs=3, seen=3))
        assert isinstance(told, contract.InstallationObserved)
        assert told.installation == objects.observed(reported(theirs=3, seen=3))

    def test_one_that_is_not_understood_is_there_all_the_same(self) -> None:
        told = objects.told(reported(theirs=3, seen=3, phase="Flying"))
        assert isinstance(told, contract.InstallationNotUnderstood)
        assert told.name == "ins-a"
        assert "status.phase" in told.problem
        assert "Flying" not in told.problem


def test_a_version_without_an_image_cannot_run_there() -> None:
    spec = tiny.SPEC["versions"]
    versions = [spec[0], spec[1] | {"image": f"registry.example/tiny@sha256:{'0' * 64}"}]
    application = tiny.application(generation=4, versions=versions)
    found = objects.prepared(objects.application(application))
    assert found.status is not None
    assert found.status.observed_generation == 4
    assert {each.version: each.phase for each in found.status.versions} == {
        "1.0": manifest.VersionPhase.FAILED,
        "2.0": manifest.VersionPhase.PREPARED,
    }
    assert "image" in found.status.versions[0].message
