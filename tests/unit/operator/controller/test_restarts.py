"""Restarts: what counts, what is forgotten, and how long a report stands of what restarts again and again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from support import operator_plans as plans
from tenantry.operator.controller import assessment, restarts
from tenantry.runtime import document

NOON = plans.NOON
NONE = restarts.Tally(restarts=0, of_pods={})
LONG_AGO = NOON - timedelta(hours=5)


def pod(uid: str, count: int, **more: Any) -> restarts.Pod:
    return restarts.Pod(uid=uid, restarts=count, **more)


def counted(before: restarts.Tally, *pods: restarts.Pod, is_well: bool = False) -> restarts.Tally:
    return restarts.counted(before, pods, is_well=is_well, now=NOON)


class TestCount:
    def test_only_what_is_new_of_each_pod_is_added(self) -> None:
        first = counted(NONE, pod("a", 2), pod("b", 0))
        assert first == restarts.Tally(restarts=2, of_pods={"a": 2})
        assert counted(first, pod("a", 3), pod("b", 1)) == restarts.Tally(restarts=4, of_pods={"a": 3, "b": 1})

    def test_the_same_look_twice_adds_nothing(self) -> None:
        first = counted(NONE, pod("a", 2))
        assert counted(first, pod("a", 2)) == first

    def test_a_pod_in_anothers_place_has_restarted_nothing(self) -> None:
        first = counted(NONE, pod("a", 5))
        assert counted(first, pod("b", 0)) == restarts.Tally(restarts=5, of_pods={})
        assert counted(first, pod("b", 1)).restarts == 6

    @pytest.mark.parametrize(("last_end", "new"), [(NOON - timedelta(seconds=1), 1), (LONG_AGO, 0), (None, 0)])
    def test_after_ten_good_minutes_what_nobody_counted_is_forgotten_but_for_a_restart_of_now(
        self, last_end: Any, new: int
    ) -> None:
        found = counted(NONE, pod("a", 7, last_end=last_end), is_well=True)
        assert found == restarts.Tally(restarts=new, of_pods={"a": 7})

    def test_all_containers_of_a_pod_count(self) -> None:
        ended: dict[str, Any] = {"terminated": {"finishedAt": "2026-11-24T11:59:00Z", "reason": "OOMKilled"}}
        containers: list[Any] = [{"restartCount": 2, "lastState": ended}, {"restartCount": 1, "lastState": {}}]
        item: dict[str, Any] = {"metadata": {"uid": "a"}, "status": {"containerStatuses": containers}}
        assert restarts.pod(item) == pod("a", 3, last_end=NOON - timedelta(minutes=1))

    def test_a_pod_that_has_not_started_counts_nothing(self) -> None:
        assert restarts.pod({"metadata": {"uid": "a"}, "status": {}}) == pod("a", 0)


def ready(**observed: Any) -> tuple[plans.Cluster, document.InstallationStatus]:
    cluster = plans.Cluster(wanted=plans.wanted())
    cluster.settle()
    return cluster, assessment.assess(cluster.wanted, cluster.observed(**observed), cluster.now)


def later(cluster: plans.Cluster, before: document.InstallationStatus, **passed: int) -> document.InstallationStatus:
    observed = cluster.observed(reported=before, restarts=before.restarts)
    return assessment.assess(cluster.wanted, observed, cluster.now + timedelta(**passed))


class TestForgetting:
    def test_ten_good_minutes_forget_them(self) -> None:
        cluster, status = ready(restarts=3)
        assert status.restarts == 3
        assert restarts.forgotten_at(status) == NOON + restarts.WELL_AFTER
        assert later(cluster, status, minutes=9).restarts == 3
        assert later(cluster, status, minutes=10).restarts == 0

    def test_where_there_are_none_nothing_is_due(self) -> None:
        assert restarts.forgotten_at(ready()[1]) is None

    def test_what_is_not_well_forgets_nothing(self) -> None:
        cluster, status = ready(restarts=3)
        cluster.objects[plans.WEB] = replace(cluster.objects[plans.WEB], about=plans.STARTING)
        unwell = later(cluster, status, minutes=11)
        assert (unwell.restarts, restarts.forgotten_at(unwell)) == (3, None)


class TestHolding:
    @pytest.mark.parametrize(("count", "seconds"), [(1, 1), (7, 7), (900, 30)])
    def test_a_report_stands_longer_with_each_restart(self, count: int, seconds: int) -> None:
        cluster, before = ready(restarts=count)
        cluster.objects[plans.WEB] = replace(cluster.objects[plans.WEB], about=plans.STARTING)
        assert restarts.held_until(before, later(cluster, before, seconds=1)) == NOON + timedelta(seconds=seconds)

    def test_what_has_not_restarted_is_told_at_once(self) -> None:
        cluster, before = ready()
        cluster.objects[plans.WEB] = replace(cluster.objects[plans.WEB], about=plans.STARTING)
        assert restarts.held_until(before, later(cluster, before, seconds=1)) is None

    def test_what_somebody_wants_is_told_at_once(self) -> None:
        cluster, before = ready(restarts=9)
        cluster.wanted = replace(cluster.wanted, generation=2)
        assert restarts.held_until(before, later(cluster, before, seconds=1)) is None

    def test_what_has_to_be_remembered_is_told_at_once(self) -> None:
        cluster, before = ready(restarts=9)
        cluster.remember(data_version="1.1")
        assert restarts.held_until(before, later(cluster, before, seconds=1)) is None
