"""Who has the role of a database cluster, where several installations want it."""

import pytest

from tenantry.operator.controller import claims, keys, seen

EARLY, LATE = "2026-11-30T12:00:00Z", "2026-11-30T12:00:01Z"


def database(
    owner: str | None, since: str, *, namespace: str = "pg", cluster: str = "pg", role: str = "app"
) -> seen.Seen:
    return seen.Seen(
        kind="Database",
        key=keys.Key(namespace, f"of-{owner}"),
        owner=None if owner is None else keys.Key(namespace, owner),
        uid="u",
        version=1,
        digest="",
        found="",
        about=seen.Supply(is_there=True, claim=seen.Claim(cluster=cluster, role=role, since=since)),
    )


def holder(wanting: str, *databases: seen.Seen) -> str | None:
    return claims.holder("pg", "app", keys.Key("pg", wanting), databases)


def test_a_role_that_nobody_has_is_free() -> None:
    assert holder("acme") is None
    assert holder("acme", database("acme", EARLY)) is None


def test_a_role_that_somebody_has_is_theirs() -> None:
    assert holder("acme", database("other", LATE)) == "other"


@pytest.mark.parametrize(("ours", "theirs", "found"), [(EARLY, LATE, None), (LATE, EARLY, "other"), (LATE, LATE, None)])
def test_of_two_whoever_had_it_first_keeps_it(ours: str, theirs: str, found: str | None) -> None:
    assert holder("acme", database("acme", ours), database("other", theirs)) == found


def test_of_two_that_began_together_exactly_one_keeps_it() -> None:
    both = (database("acme", EARLY), database("other", EARLY))
    assert (holder("acme", *both), holder("other", *both)) == (None, "acme")


@pytest.mark.parametrize(
    "other",
    [
        database("other", EARLY, namespace="elsewhere"),
        database("other", EARLY, cluster="second"),
        database("other", EARLY, role="theirs"),
        database(None, EARLY),
    ],
)
def test_other_roles_and_clusters_do_not_matter(other: seen.Seen) -> None:
    assert holder("acme", other) is None
