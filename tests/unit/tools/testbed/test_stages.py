"""Pods whose image names a fate are left to it."""

from testbed import stages


def stage(name: str) -> stages.Document:
    return {"metadata": {"name": name}, "spec": {"selector": {"matchExpressions": [{"key": "first"}]}}}


def test_the_stage_that_makes_pods_well_spares_those_with_a_fate() -> None:
    [first, added] = stages.without(stage(stages.READY), ["failing", "crashing"])["spec"]["selector"][
        "matchExpressions"
    ]
    assert first == {"key": "first"}
    assert "crashing|failing" in added["key"]
    assert added["operator"] == "DoesNotExist"


def test_other_stages_stay_as_they_are() -> None:
    assert stages.without(stage("pod-delete"), ["crashing"]) == stage("pod-delete")
