import pytest

from support import former
from tenantry.kubernetes import kinds
from tenantry.operator.migration import case as cases
from tenantry.operator.migration import model, table


@pytest.mark.parametrize(
    ("patch", "does"),
    [
        ({"spec": {"paused": True}}, True),
        ({"spec": {"paused": False}}, False),
        ({"spec": {"gone": None}}, True),
        ({"spec": {"paused": None}}, False),
        ({"metadata": {"annotations": {"pause": "yes"}}}, False),
        ({}, True),
    ],
)
def test_an_object_agrees_with_a_patch_that_would_change_nothing(patch: kinds.Object, does: bool) -> None:
    assert cases.agrees({"metadata": {"name": "a"}, "spec": {"paused": True, "more": 1}}, patch) is does


@pytest.mark.parametrize(("value", "way"), [("true", model.Way.OVER), ("false", model.Way.BACK), ("yes", None)])
def test_the_flag_says_the_way(value: str, way: model.Way | None) -> None:
    assert cases.way({"metadata": {"labels": {model.MIGRATE: value}}}) is way


def test_without_the_flag_nobody_has_asked() -> None:
    assert cases.way({"metadata": {"name": "a"}}) is None


def test_the_role_names_the_former_kind_and_no_star() -> None:
    role = table.cluster_role(former.MAPPING)
    resources = {(group, each) for rule in role["rules"] for group in rule["apiGroups"] for each in rule["resources"]}
    assert ("former.example.com", "workspaces") in resources
    assert not any("*" in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]] for rule in role["rules"])
