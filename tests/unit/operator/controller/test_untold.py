"""Where many are on their way, the end is told and not the beginning, and nothing else waits."""

from datetime import timedelta

import pytest

from support import operator_plans as plans
from tenantry.operator.controller import assessment, untold
from tenantry.runtime import document

NEW = document.InstallationStatus()
CROWD = untold.Crowd()
MANY = CROWD.few * 2
Phase = document.Phase


def begun(**parts: object) -> document.InstallationStatus:
    """Return what is to be reported of one whose pods have not come up."""
    cluster = plans.Cluster(wanted=plans.wanted(), are_pods_well=False)
    cluster.settle()
    return assessment.assess(cluster.wanted, cluster.observed(), cluster.now).model_copy(update=parts)


def waits(
    known: untold.Untold,
    *,
    before: document.InstallationStatus = NEW,
    after: document.InstallationStatus | None = None,
    changing: int = MANY,
    later: timedelta = timedelta(),
) -> bool:
    told = begun() if after is None else after
    return known.waits(plans.KEY, before, told, changing=changing, now=plans.NOON + later)


def test_where_few_change_each_beginning_is_told() -> None:
    known = untold.Untold(CROWD)
    assert not waits(known, changing=CROWD.few)
    assert known.next_look(plans.KEY) is None


def test_where_many_change_it_waits_and_is_remembered_until_all_may_have_ended() -> None:
    known = untold.Untold(CROWD)
    assert waits(known)
    assert known.memory(plans.KEY, NEW) == begun().memory
    assert known.next_look(plans.KEY) == plans.NOON + CROWD.patience(MANY)
    assert waits(known, changing=1, later=CROWD.patience(MANY) - timedelta(seconds=1))
    assert not waits(known, changing=1, later=CROWD.patience(MANY))
    assert known.memory(plans.KEY, NEW) is None


def test_the_more_they_become_the_longer_it_waits() -> None:
    known = untold.Untold(CROWD)
    assert waits(known)
    assert waits(known, changing=MANY * 2, later=CROWD.patience(MANY))
    assert known.next_look(plans.KEY) == plans.NOON + CROWD.patience(MANY * 2)


def test_what_another_operator_has_told_meanwhile_counts_instead() -> None:
    known, served = untold.Untold(CROWD), begun(phase=Phase.READY)
    assert waits(known)
    assert known.memory(plans.KEY, served) is None
    nearly = CROWD.patience(MANY) - timedelta(seconds=1)
    assert waits(known, before=served, later=nearly)
    assert known.next_look(plans.KEY) == plans.NOON + nearly + CROWD.patience(MANY)


def test_what_served_is_not_told_to_go_on_either() -> None:
    served = begun(phase=Phase.READY)
    assert waits(untold.Untold(CROWD), before=served)


OBSTACLE = document.Obstacle(attempt="a", reason="InitialiseFailed", condition=document.ConditionType.INITIALISED)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NEW, begun(phase=Phase.READY)),
        (NEW, begun(phase=Phase.FAILED)),
        (NEW, begun(phase=Phase.PENDING)),
        (NEW, begun(memory=document.Memory(obstacle=OBSTACLE))),
        (NEW, begun(restarts=1)),
        (begun(), begun()),
        (begun(phase=Phase.PENDING), begun()),
        (begun(phase=Phase.DEGRADED), begun()),
    ],
    ids=["end", "failure", "wait", "obstacle", "restart", "further", "after a wait", "after trouble"],
)
def test_whatever_else_is_told_at_once(before: document.InstallationStatus, after: document.InstallationStatus) -> None:
    known = untold.Untold(CROWD)
    assert waits(known)
    assert not waits(known, before=before, after=after)
    assert known.next_look(plans.KEY) is None
