"""The assessment: what is reported of an installation, for what is wanted and what is so."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from support import operator_plans as plans
from tenantry.operator.controller import assessment, model, seen
from tenantry.runtime import document

Phase = document.Phase
Type = document.ConditionType


def ready() -> plans.Cluster:
    cluster = plans.Cluster(wanted=plans.wanted())
    cluster.settle()
    return cluster


def assessed(cluster: plans.Cluster, **observed: Any) -> document.InstallationStatus:
    return assessment.assess(cluster.wanted, cluster.observed(**observed), cluster.now)


def condition(status: document.InstallationStatus, kind: Type) -> document.Condition:
    return next(each for each in status.conditions if each.type is kind)


def test_what_is_ready_says_so_in_every_condition() -> None:
    status = assessed(ready())
    assert (status.phase, status.serving_version) == (Phase.READY, "1.0")
    assert {each.status for each in status.conditions} == {document.ConditionStatus.TRUE}
    assert {each.type for each in status.conditions} == set(Type)


def test_what_has_just_been_asked_for_is_progressing() -> None:
    status = assessed(plans.Cluster(wanted=plans.wanted()))
    assert (status.phase, condition(status, Type.READY).reason) == (Phase.PROGRESSING, "Initialising")


def test_pods_that_are_gone_from_what_was_ready_are_degraded() -> None:
    cluster = ready()
    cluster.objects[plans.WEB] = replace(cluster.objects[plans.WEB], about=plans.STARTING)
    status = assessed(cluster)
    assert (status.phase, condition(status, Type.WORKLOADS_READY).reason) == (Phase.DEGRADED, "Restarting")


@pytest.mark.parametrize(
    ("name", "kind"),
    [(plans.VOLUME, Type.PREPARED), (plans.WEB, Type.WORKLOADS_READY), (plans.ROUTE, Type.ROUTED)],
    ids=str,
)
def test_what_somebody_deletes_is_named(name: model.Name, kind: Type) -> None:
    cluster = ready()
    cluster.objects[name] = replace(cluster.objects[name], is_ending=True)
    told = condition(assessed(cluster), kind)
    assert (told.status, told.reason) == (document.ConditionStatus.FALSE, "ObjectEnding")
    assert f"The {name.kind} “{name.name}” is being deleted" in told.message


def test_a_pod_that_an_autoscaler_added_and_that_finds_no_room_is_no_trouble() -> None:
    cluster = ready()
    added = seen.Rollout(is_seen=True, wanted=3, updated=3, ready=2, total=3, least=2)
    cluster.objects[plans.WEB] = replace(cluster.objects[plans.WEB], about=added)
    assert assessed(cluster).phase is Phase.READY


@pytest.mark.parametrize(("is_awaited", "phase"), [(True, Phase.PENDING), (False, Phase.FAILED)])
def test_what_is_missing_is_named(is_awaited: bool, phase: Phase) -> None:
    missing = model.Missing(reason="SecretMissing", message="No Secret.", is_awaited=is_awaited)
    status = assessed(plans.Cluster(wanted=plans.wanted(objects=None, missing=missing)))
    assert (status.phase, condition(status, Type.PREPARED).message) == (phase, "No Secret.")


def test_one_that_waits_for_its_turn_says_so() -> None:
    status = assessed(plans.Cluster(wanted=plans.wanted()), has_turn=False)
    assert (status.phase, condition(status, Type.READY).reason) == (Phase.PENDING, "Queued")


def test_one_that_gave_its_turn_up_says_why() -> None:
    status = assessed(plans.Cluster(wanted=plans.wanted()), is_overdue=True)
    assert condition(status, Type.READY).reason == "TakesTooLong"


def test_one_that_gave_its_turn_up_still_says_what_failed() -> None:
    cluster = plans.Cluster(wanted=plans.wanted(), are_pods_well=False)
    cluster.settle()
    cluster.now += cluster.wanted.start_timeout
    cluster.settle()
    status = assessed(cluster, is_overdue=True)
    assert (status.phase, condition(status, Type.READY).reason) == (Phase.FAILED, "StartTimedOut")


def test_a_return_to_an_earlier_version_is_told_with_its_reason() -> None:
    cluster = ready()
    cluster.wanted = replace(plans.wanted("1.1"), is_returning=True, objects=plans.wanted("1.0").objects)
    obstacle = document.Obstacle(
        attempt=cluster.wanted.attempt,
        reason="MigrateFailed",
        message="Version 1.0 serves on.",
        condition=Type.MIGRATED,
        job="migrate",
        returned_to="1.0",
    )
    cluster.remember(obstacle=obstacle)
    status = assessed(cluster)
    assert (status.phase, status.serving_version) == (Phase.FAILED, "1.0")
    assert condition(status, Type.READY).reason == condition(status, Type.MIGRATED).reason == "MigrateFailed"


def test_asleep_is_a_phase_of_its_own_once_it_has_settled() -> None:
    cluster = ready()
    cluster.wanted = plans.wanted(is_awake=False, attempt="asleep")
    assert assessed(cluster).phase is Phase.PROGRESSING
    cluster.settle()
    status = assessed(cluster)
    assert (status.phase, status.serving_version) == (Phase.ASLEEP, None)


def test_a_condition_keeps_its_time_as_long_as_it_holds() -> None:
    cluster = ready()
    before = assessed(cluster)
    cluster.now += timedelta(hours=1)
    cluster.objects[plans.WEB] = replace(cluster.objects[plans.WEB], about=plans.STARTING)
    after = assessed(cluster, reported=before)
    assert condition(after, Type.ROUTED).last_transition_time == plans.NOON
    assert condition(after, Type.WORKLOADS_READY).last_transition_time == cluster.now


def test_what_is_removed_is_terminating() -> None:
    cluster = ready()
    cluster.wanted = replace(cluster.wanted, is_deleting=True)
    assert assessed(cluster).phase is Phase.TERMINATING


class TestCause:
    """Why pods are not ready, as a closer look has found it."""

    def unwell(self) -> plans.Cluster:
        cluster = ready()
        cluster.objects[plans.WEB] = replace(cluster.objects[plans.WEB], about=plans.STARTING)
        return cluster

    def message(self, cluster: plans.Cluster, **observed: Any) -> str:
        return condition(assessed(cluster, **observed), Type.WORKLOADS_READY).message

    def test_it_is_told_with_what_is_not_ready(self) -> None:
        assert self.message(self.unwell(), unwell="Out of memory.") == "acme-web: not ready any more. Out of memory."

    def test_it_stands_until_somebody_looks_again(self) -> None:
        cluster = self.unwell()
        reported = assessed(cluster, unwell="Out of memory.")
        assert self.message(cluster, reported=reported).endswith("Out of memory.")
        assert self.message(cluster, reported=reported, unwell="") == "acme-web: not ready any more."

    def test_what_was_found_of_one_is_not_told_of_another(self) -> None:
        cluster = self.unwell()
        reported = assessed(cluster, unwell="Out of memory.")
        cluster.objects[plans.CLOCK] = replace(cluster.objects[plans.CLOCK], about=plans.STARTING)
        assert self.message(cluster, reported=reported) == "acme-clock, acme-web: not ready any more."

    def test_a_start_that_takes_long_says_why(self) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(), are_pods_well=False)
        cluster.settle()
        assert self.message(cluster, unwell="No image.") == "Its workloads are starting. No image."
