"""What stands in the way of deregistering something."""

from typing import Any

import pytest

from tenantry.kernel import errors
from tenantry.provisioner.events.model import SubjectKind
from tenantry.provisioner.registry import deregistration


def case(inhabitants: int = 0, **more: Any) -> deregistration.Case:
    given: dict[str, Any] = {
        "kind": SubjectKind.CLUSTER,
        "name": "eu",
        "etag": '"a"',
        "inhabitants": [deregistration.Inhabitant(name=f"acme-{n}", status="stable") for n in range(inhabitants)],
        "keeps_operator": False,
        **more,
    }
    return deregistration.Case(**given)


def refused(given: deregistration.Case, *etags: str) -> errors.TenantryError:
    with pytest.raises(errors.ConflictError) as found:
        deregistration.check(given, frozenset(etags) or None)
    return found.value


@pytest.mark.parametrize("if_match", [None, frozenset({'"a"'}), frozenset({'"a"', '"b"'})])
def test_what_is_empty_may_go(if_match: frozenset[str] | None) -> None:
    deregistration.check(case(), if_match)


@pytest.mark.parametrize(
    ("count", "named"),
    [
        (1, "acme-0 (stable)."),
        (5, "acme-3 (stable), acme-4 (stable)."),
        (6, "acme-3 (stable), acme-4 (stable) and 1 more."),
    ],
)
def test_those_that_live_there_are_named(count: int, named: str) -> None:
    assert refused(case(count)).message.endswith(named)


@pytest.mark.parametrize("kind", [SubjectKind.CLUSTER, SubjectKind.DATABASE_SERVER, SubjectKind.OBJECT_STORE])
def test_every_kind_says_what_is_there(kind: SubjectKind) -> None:
    assert refused(case(1, kind=kind)).message.startswith("eu still has the ")


def test_who_has_read_something_else_hears_that_first() -> None:
    given = case(1, keeps_operator=True)
    assert refused(given, '"b"').code == "changed-meanwhile"
    assert refused(given, '"a"').code == "still-used"
    assert refused(case(keeps_operator=True)).code == "operator-kept"


def test_an_empty_list_of_etags_matches_nothing() -> None:
    with pytest.raises(errors.ConflictError, match="changed"):
        deregistration.check(case(), frozenset())
