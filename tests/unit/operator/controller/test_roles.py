from pathlib import Path

from tenantry.kubernetes import rights
from tenantry.operator.controller import roles, table

ROOT = Path(__file__).parents[4]


def test_the_written_roles_are_those_of_the_table() -> None:
    for name, text in roles.files().items():
        assert (ROOT / "deploy/rbac" / name).read_text() == text, (
            "run `python -m tenantry.operator.controller.roles deploy/rbac`"
        )


def test_every_right_is_in_a_role_once() -> None:
    for role, allowed in ((roles.cluster_role(), table.RIGHTS), (roles.home_role(), table.AT_HOME)):
        written = [
            (group, resource, verb)
            for rule in role["rules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        ]
        wanted = [(right.kind.group, right.resource, str(verb)) for right in allowed for verb in right.verbs]
        assert sorted(written) == sorted(wanted)


def test_nothing_is_allowed_by_a_star_and_namespaces_are_never_deleted() -> None:
    rules = roles.cluster_role()["rules"]
    assert not any("*" in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]] for rule in rules)
    [namespaces] = [right for right in table.RIGHTS if right.resource == "namespaces"]
    assert rights.Verb.DELETE not in namespaces.verbs
