"""Whose pods are looked at, and when: a start that goes well never, one that takes long soon."""

from datetime import timedelta

from support import operator_plans as plans
from tenantry.operator.controller import assessment, keys, troubles
from tenantry.runtime import document

BEFORE = document.InstallationStatus()


def starting() -> plans.Cluster:
    """Return an installation whose pods have not come up."""
    cluster = plans.Cluster(wanted=plans.wanted(), are_pods_well=False)
    cluster.settle()
    return cluster


def status(cluster: plans.Cluster, unwell: str | None = None) -> document.InstallationStatus:
    return assessment.assess(cluster.wanted, cluster.observed(unwell=unwell), cluster.now)


def test_a_start_is_looked_at_once_it_is_slow_and_then_now_and_again() -> None:
    cluster, known = starting(), troubles.Troubles()
    told = status(cluster)
    assert not known.must_count(plans.KEY, BEFORE, told, cluster.now)
    assert known.next_look(plans.KEY, told, cluster.now) == plans.NOON + troubles.SLOW
    later = plans.NOON + troubles.SLOW
    assert known.must_count(plans.KEY, told, told, later)
    assert not known.must_count(plans.KEY, told, told, later + timedelta(seconds=1))
    assert known.next_look(plans.KEY, told, later) == later + troubles.AGAIN
    assert known.must_count(plans.KEY, told, told, later + troubles.AGAIN)


def test_one_that_is_ready_is_not_looked_at() -> None:
    cluster, known = plans.Cluster(wanted=plans.wanted()), troubles.Troubles()
    cluster.settle()
    told = status(cluster)
    assert told.phase is document.Phase.READY
    assert known.next_look(plans.KEY, told, cluster.now + troubles.SLOW) is None
    assert not known.must_count(plans.KEY, told, told, cluster.now + troubles.SLOW)


def test_where_many_are_not_well_each_is_looked_at_less_often() -> None:
    many = 1000
    cluster, known = starting(), troubles.Troubles()
    told, later = status(cluster), plans.NOON + troubles.SLOW
    for number in range(many):
        assert known.must_count(keys.Key(f"acme-{number}", "acme"), told, told, later)
    first = keys.Key("acme-0", "acme")
    assert known.next_look(first, told, later) == later + many * troubles.EACH
    assert not known.must_count(first, told, told, later + troubles.AGAIN)
    assert known.must_count(first, told, told, later + many * troubles.EACH)


def test_where_many_start_one_may_take_longer_before_it_is_looked_at() -> None:
    longer = timedelta(minutes=1)
    cluster, known = starting(), troubles.Troubles(lambda: longer)
    told = status(cluster)
    assert known.next_look(plans.KEY, told, cluster.now) == plans.NOON + troubles.SLOW + longer
    assert not known.must_count(plans.KEY, told, told, plans.NOON + troubles.SLOW)
    assert known.must_count(plans.KEY, told, told, plans.NOON + troubles.SLOW + longer)
