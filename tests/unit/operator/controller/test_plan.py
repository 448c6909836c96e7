"""The plan, over the life of an installation: which steps, in which order, wherever it was cut off."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from support import operator_plans as plans
from tenantry.application import rendering
from tenantry.operator.controller import model, plan, seen, step
from tenantry.runtime import document

Job = rendering.JobName
EVERY_JOB: dict[str, Any] = {
    "has_initialise": True,
    "has_migrate": True,
    "has_administrator": True,
    "has_smoke_check": True,
}
NOTHING = (step.Rest(),)


def started(**parts: Any) -> plans.Cluster:
    cluster = plans.Cluster(wanted=plans.wanted(**parts))
    cluster.settle()
    cluster.done.clear()
    return cluster


class TestStart:
    def test_a_start_passes_its_stages_in_order(self) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(**EVERY_JOB))
        assert cluster.settle() == NOTHING
        assert cluster.done == [
            "apply acme-files",
            "apply acme-data",
            "run initialise",
            "apply acme-web",
            "apply acme-clock",
            "run firstAdministrator",
            "apply acme",
            "run smokeCheck",
            "settle",
        ]

    def test_without_jobs_nothing_is_waited_for_but_pods(self) -> None:
        cluster = plans.Cluster(wanted=plans.wanted())
        cluster.settle()
        assert [each for each in cluster.done if each.startswith("run")] == []

    def test_visitors_need_not_wait_for_the_administrator_where_the_manifest_says_so(self) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(**EVERY_JOB, is_administrator_first=False))
        cluster.settle()
        assert cluster.done.index("apply acme") < cluster.done.index("run firstAdministrator")

    def test_the_route_waits_for_the_workloads(self) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(), are_pods_well=False)
        [rest] = cluster.settle()
        assert rest == step.Rest(until=plans.NOON + cluster.wanted.start_timeout)
        assert "apply acme" not in cluster.done

    @pytest.mark.parametrize("cut", range(1, 12))
    def test_wherever_it_is_cut_off_it_ends_the_same(self, cut: int) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(**EVERY_JOB))
        for _ in range(cut):
            for each in cluster.steps()[:1]:
                cluster.take(each)
        assert cluster.settle() == NOTHING
        assert cluster.memory.served_attempt == cluster.wanted.attempt

    @pytest.mark.parametrize("cut", range(1, 16))
    def test_what_was_not_told_before_the_end_is_found_out_again(self, cut: int) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(**EVERY_JOB))
        cluster.settle(most=cut, is_cut_off=True)
        cluster.memory = document.Memory()
        assert cluster.settle() == NOTHING
        assert cluster.memory.served_version == cluster.memory.deployed_version == "1.0"

    def test_what_cannot_be_rendered_is_left_alone(self) -> None:
        missing = model.Missing(reason="SecretMissing", message="")
        assert plans.Cluster(wanted=plans.wanted(objects=None, missing=missing)).steps() == NOTHING


class TestRepair:
    def test_what_is_as_wanted_is_left_alone(self) -> None:
        assert started().steps() == NOTHING

    @pytest.mark.parametrize("name", [plans.CONFIGURATION, plans.WEB, plans.ROUTE])
    def test_what_was_deleted_or_changed_is_applied_again(self, name: model.Name) -> None:
        deleted, edited = started(), started()
        del deleted.objects[name]
        edited.objects[name] = replace(edited.objects[name], found="something else")
        for cluster in (deleted, edited):
            [applied] = cluster.steps()
            assert isinstance(applied, step.Apply)
            assert applied.names == (name,)
            assert cluster.settle() == NOTHING

    @pytest.mark.parametrize("name", [plans.VOLUME, plans.WEB, plans.ROUTE], ids=str)
    def test_what_somebody_deletes_is_made_again_when_it_is_gone(self, name: model.Name) -> None:
        cluster = started()
        cluster.objects[name] = replace(cluster.objects[name], is_ending=True)
        assert cluster.settle() == NOTHING
        assert not cluster.done
        del cluster.objects[name]
        cluster.settle()
        assert cluster.done == [f"apply {name.name}"]

    def test_what_the_api_server_writes_differently_is_tolerated(self) -> None:
        cluster = started()
        cluster.objects[plans.WEB] = replace(cluster.objects[plans.WEB], found="written differently")
        observed = cluster.observed(tolerated={plans.WEB: "written differently"})
        assert plan.plan(cluster.wanted, observed, cluster.now) == NOTHING

    def test_what_is_no_longer_wanted_is_removed_but_never_a_volume(self) -> None:
        cluster = started()
        stray, old_volume = model.Name("ConfigMap", "acme-old"), model.Name("PersistentVolumeClaim", "acme-old")
        cluster.objects |= {
            name: replace(cluster.objects[plans.CONFIGURATION], kind=name.kind) for name in (stray, old_volume)
        }
        assert cluster.steps() == (step.Remove(names=(stray,)),)

    def test_pods_that_come_and_go_change_nothing(self) -> None:
        cluster = started()
        cluster.objects[plans.WEB] = replace(cluster.objects[plans.WEB], about=plans.STARTING)
        assert cluster.steps() == NOTHING


class TestUpdate:
    def updated(self, **parts: Any) -> plans.Cluster:
        cluster = started(**EVERY_JOB)
        cluster.wanted = plans.wanted("1.1", **EVERY_JOB, **parts)
        return cluster

    def test_data_are_migrated_before_the_workloads_change(self) -> None:
        cluster = self.updated()
        cluster.settle()
        assert cluster.done.index("run migrate") < cluster.done.index("apply acme-web")
        assert cluster.memory.data_version == cluster.memory.deployed_version == "1.1"

    def test_a_migration_that_fails_is_tried_again_and_then_given_up(self) -> None:
        cluster = self.updated()
        cluster.outcomes[Job.MIGRATE] = seen.Outcome.FAILED
        for _ in range(plan.PATIENCE):
            cluster.settle()
            cluster.now += timedelta(seconds=10)
        assert cluster.done.count("run migrate") == plan.PATIENCE
        assert "apply acme-web" not in cluster.done
        obstacle = cluster.memory.obstacle
        assert obstacle is not None
        assert (obstacle.returned_to, obstacle.retry_at, obstacle.reason) == ("1.0", None, "MigrateFailed")

    def test_workloads_that_do_not_start_send_it_back_if_the_data_still_fit(self) -> None:
        cluster = self.updated(returns_to=frozenset({"1.0"}))
        cluster.are_pods_well = False
        cluster.settle()
        cluster.now += cluster.wanted.start_timeout
        [failed] = cluster.steps()
        assert isinstance(failed, step.Fail)
        assert failed.returns_to == "1.0"

    def test_it_does_not_go_back_to_a_version_that_the_data_no_longer_fit(self) -> None:
        cluster = self.updated()
        cluster.are_pods_well = False
        cluster.settle()
        cluster.now += cluster.wanted.start_timeout
        [failed] = cluster.steps()
        assert isinstance(failed, step.Fail)
        assert failed.returns_to is None

    def test_an_earlier_version_that_serves_again_is_kept_as_it_is(self) -> None:
        cluster = self.updated()
        cluster.remember(
            obstacle=document.Obstacle(
                attempt=cluster.wanted.attempt,
                reason="MigrateFailed",
                condition=document.ConditionType.MIGRATED,
                job=Job.MIGRATE,
                returned_to="1.0",
            )
        )
        before = plans.wanted("1.0")
        cluster.wanted = replace(cluster.wanted, is_returning=True, objects=before.objects, rendered_version="1.0")
        assert cluster.settle() == NOTHING
        assert not any(each.startswith(("run", "return")) for each in cluster.done)

    def test_what_comes_back_is_told_once_and_what_served_on_is_not(self) -> None:
        cluster = self.updated(returns_to=frozenset({"1.0"}))
        cluster.are_pods_well = False
        cluster.settle()
        cluster.now += cluster.wanted.start_timeout
        cluster.settle()
        before = plans.wanted("1.0")
        cluster.wanted = replace(cluster.wanted, is_returning=True, objects=before.objects, rendered_version="1.0")
        cluster.settle()
        assert "return to 1.0" not in cluster.done
        cluster.are_pods_well = True
        assert cluster.settle() == cluster.settle() == NOTHING
        assert cluster.done.count("return to 1.0") == 1

    def test_late_workloads_that_come_after_all_are_taken_as_ready(self) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(), are_pods_well=False)
        cluster.settle()
        cluster.now += cluster.wanted.start_timeout
        cluster.settle()
        assert cluster.memory.obstacle is not None
        cluster.are_pods_well = True
        assert cluster.settle() == NOTHING
        assert cluster.memory.obstacle is None

    @pytest.mark.parametrize("about", [plans.STARTING, replace(plans.STARTING, is_late=True)], ids=["slow", "given up"])
    def test_one_of_thousands_is_waited_for_longer(self, about: seen.Rollout) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(), are_pods_well=False)
        cluster.settle()
        cluster.objects[plans.WEB] = replace(cluster.objects[plans.WEB], about=about)
        cluster.now += cluster.wanted.start_timeout
        patience = 2 * cluster.wanted.start_timeout
        [waits] = plan.plan(cluster.wanted, cluster.observed(patience=patience), cluster.now)
        assert waits == step.Rest(until=cluster.now + patience)
        cluster.now += patience
        [failed] = plan.plan(cluster.wanted, cluster.observed(patience=patience), cluster.now)
        assert isinstance(failed, step.Fail)

    def test_a_controller_that_has_given_up_is_believed(self) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(), are_pods_well=False)
        cluster.settle()
        late = replace(plans.STARTING, is_late=True)
        cluster.objects[plans.WEB] = replace(cluster.objects[plans.WEB], about=late)
        [failed] = cluster.steps()
        assert isinstance(failed, step.Fail)
        assert (failed.reason, failed.is_retried) == ("StartTimedOut", False)

    def test_data_of_a_version_that_was_changed_while_they_were_made_are_migrated(self) -> None:
        cluster = plans.Cluster(wanted=plans.wanted("1.1", **EVERY_JOB))
        cluster.jobs[Job.INITIALISE] = seen.Job(
            name=Job.INITIALISE, attempt="attempt-1.0", version="1.0", outcome=seen.Outcome.RUNNING
        )
        cluster.settle()
        assert cluster.done.index("run migrate") < cluster.done.index("apply acme-web")
        assert cluster.memory.data_version == "1.1"

    def test_what_serves_as_it_is_is_not_tried_out_again(self) -> None:
        cluster = started(**EVERY_JOB)
        cluster.wanted = replace(cluster.wanted, attempt="by another operator")
        assert cluster.settle() == NOTHING
        assert cluster.done == ["settle"]


class TestJobs:
    def test_a_job_that_failed_waits_for_its_time(self) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(**EVERY_JOB))
        cluster.outcomes[Job.INITIALISE] = seen.Outcome.FAILED
        [rest] = cluster.settle()
        assert rest == step.Rest(until=plans.NOON + timedelta(seconds=2))
        cluster.now += timedelta(seconds=2)
        cluster.outcomes.clear()
        cluster.settle()
        assert cluster.memory.is_initialised

    @pytest.mark.parametrize("name", [Job.FIRST_ADMINISTRATOR, Job.SMOKE_CHECK])
    def test_a_first_start_is_never_given_up(self, name: Job) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(**EVERY_JOB))
        cluster.outcomes[name] = seen.Outcome.FAILED
        for _ in range(plan.PATIENCE + 2):
            cluster.settle()
            cluster.now += timedelta(seconds=10)
        assert cluster.done.count(f"run {name}") == plan.PATIENCE + 2

    def test_a_job_that_took_too_long_is_told_apart(self) -> None:
        cluster = plans.Cluster(wanted=plans.wanted(has_initialise=True))
        for each in cluster.steps():
            cluster.take(each)
        cluster.jobs[Job.INITIALISE] = seen.Job(
            name="initialise", attempt="", outcome=seen.Outcome.FAILED, why="DeadlineExceeded"
        )
        [failed] = cluster.steps()
        assert isinstance(failed, step.Fail)
        assert "did not end in time" in failed.message


class TestSleep:
    def test_visitors_are_sent_away_before_the_workloads_end(self) -> None:
        cluster = started()
        asleep = plans.wanted("1.0", is_awake=False, attempt="asleep")
        objects = dict(asleep.objects or {})
        del objects[plans.ROUTE]
        objects[plans.WEB] = replace(objects[plans.WEB], digest="none run")
        cluster.wanted = replace(asleep, objects=objects)
        assert cluster.settle() == NOTHING
        assert cluster.done == ["remove acme", "apply acme-web", "settle"]

    def test_it_is_asleep_only_when_every_pod_has_ended(self) -> None:
        cluster = started()
        cluster.wanted = plans.wanted("1.0", is_awake=False, attempt="asleep")
        cluster.are_pods_well = False
        assert cluster.settle() == NOTHING
        assert cluster.memory.served_attempt != "asleep"


class TestRemoval:
    def test_routes_go_first_and_the_installation_last(self) -> None:
        cluster = started()
        cluster.wanted = replace(cluster.wanted, is_deleting=True)
        assert cluster.settle() == (step.Finish(),)
        assert cluster.done[0] == "remove acme"
        assert len(cluster.done) == 5

    def test_what_is_going_is_waited_for(self) -> None:
        cluster = started()
        cluster.wanted = replace(cluster.wanted, is_deleting=True)
        cluster.objects = {plans.WEB: replace(cluster.objects[plans.WEB], is_ending=True)}
        assert cluster.steps() == NOTHING

    def test_volumes_that_are_to_stay_are_let_go_of_before_anything_is_removed(self) -> None:
        cluster = started()
        cluster.wanted = replace(cluster.wanted, is_deleting=True, is_retained=True)
        assert cluster.steps() == (step.Release(names=(plans.VOLUME,)),)
        cluster.settle()
        assert list(cluster.objects) == [plans.VOLUME]

    def test_volumes_stay_though_nothing_can_be_rendered_any_more(self) -> None:
        cluster = started()
        cluster.wanted = replace(cluster.wanted, is_deleting=True, is_retained=True, objects=None)
        assert cluster.settle() == (step.Finish(),)
        assert [(name, each.is_kept) for name, each in cluster.objects.items()] == [(plans.VOLUME, True)]

    def test_what_cannot_be_rendered_can_be_removed(self) -> None:
        cluster = started()
        cluster.wanted = replace(cluster.wanted, is_deleting=True, objects=None)
        assert cluster.settle() == (step.Finish(),)
