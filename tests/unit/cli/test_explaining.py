"""Every status has a sentence, and what is wrong comes with what to do."""

from typing import Any

import pytest

from support import things
from tenantry.cli import explaining, waiting
from tenantry.wire import installations

WAITING = {"type": "DatabaseReady", "status": "False", "reason": "Creating", "message": "The database is being made."}


def state(**more: Any) -> installations.Installation:
    return installations.Installation.model_validate(things.installation(**more))


@pytest.mark.parametrize("status", list(installations.Status))
def test_every_status_has_a_sentence(status: installations.Status) -> None:
    assert explaining.explain(state(status=status))[0].startswith("acme ")


def test_a_failure_says_why_and_what_to_do() -> None:
    lines = explaining.explain(state(status="failed", message="It ran out of memory.", lastLogLines=["Killed"]))
    assert lines[1:] == [
        "Why: It ran out of memory.",
        "The last that it printed:",
        "  Killed",
        "Mend the cause, then `tenantry installation retry acme`.",
    ]


def test_work_says_what_it_waits_for() -> None:
    assert "Waits for DatabaseReady: The database is being made." in explaining.explain(state(conditions=[WAITING]))


def test_what_is_well_waits_for_nothing() -> None:
    assert explaining.explain(state(status="stable", conditions=[WAITING])) == ["acme runs as it should."]


def test_what_was_well_when_its_cluster_was_last_heard_of_says_so() -> None:
    away = {"type": "ClusterReachable", "status": "False", "reason": "ClusterAway", "message": "Its cluster is away."}
    assert explaining.explain(state(status="stable", conditions=[WAITING, away])) == [
        "acme runs as it should.",
        "Waits for ClusterReachable: Its cluster is away.",
    ]


@pytest.mark.parametrize(
    ("status", "generation", "observed", "is_at_rest"),
    [
        ("provisioning", 1, 0, False),
        ("stable", 1, 1, True),
        ("stable", 2, 1, False),
        ("failed", 2, 1, True),
        ("updating", 2, 2, False),
        ("hibernated", 2, 2, True),
        ("deleted", 3, 2, True),
    ],
)
def test_rest_is_when_nothing_is_done_and_nothing_is_unseen(
    status: str, generation: int, observed: int, *, is_at_rest: bool
) -> None:
    seen = state(status=status, generation=generation, observedGeneration=observed)
    assert waiting.is_at_rest(seen) is is_at_rest
