"""Jobs on a schedule: a CronJob for each, with the surroundings of any job, which sleeps with its installation."""

from typing import Any

from support import operator_things as things
from tenantry.application import manifest
from tenantry.operator.render import facts as fact
from tenantry.operator.render import installation, names, objects, stages
from tenantry.operator.render.wanted import Wanted


def scheduling(application: manifest.Application, **job: Any) -> manifest.Application:
    given = {"name": "tidy", "schedule": "0 3 * * *", "timeZone": "Europe/Berlin", "command": ["tidy"], **job}
    jobs = application.spec.jobs.model_copy(update={"scheduled": [manifest.ScheduledJob.model_validate(given)]})
    return things.changed(application, jobs=jobs)


def found(wanted: Wanted, kind: str) -> list[objects.Object]:
    return [each for each in installation.render(wanted) if each["kind"] == kind]


def test_it_is_a_cron_job_that_runs_one_at_a_time_within_its_time(budget: manifest.Application) -> None:
    [made] = found(things.wanted(scheduling(budget, timeout="90s")), "CronJob")
    spec = made["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("0 3 * * *", "Europe/Berlin", "Forbid")
    assert (spec["suspend"], spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (False, 1, 1)
    assert spec["startingDeadlineSeconds"] == 120
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 90 + fact.Facts().pull_seconds
    assert stages.stage_of(made) is stages.Stage.WORKLOADS


def test_asleep_nothing_of_it_changes_but_that_it_is_suspended(budget: manifest.Application) -> None:
    application = scheduling(budget)
    [awake], [asleep] = (found(make(application), "CronJob") for make in (things.wanted, things.asleep))
    assert asleep["spec"] == {**awake["spec"], "suspend": True}


def test_its_secrets_come_from_a_secret(budget: manifest.Application) -> None:
    variable = {"name": "KEY", "value": "{{ secrets.session }}"}
    wanted = things.wanted(scheduling(budget, environment=[variable]))
    [made] = found(wanted, "CronJob")
    [container] = made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    [key] = [each for each in container["env"] if each["name"] == "KEY"]
    source = key["valueFrom"]["secretKeyRef"]["name"]
    assert source in {each["metadata"]["name"] for each in found(wanted, "Secret")}
    assert "generated-session" not in str(made)


def test_its_pods_are_told_from_those_of_workloads_and_of_other_jobs(budget: manifest.Application) -> None:
    [made] = found(things.wanted(scheduling(budget, name="initialise")), "CronJob")
    template = made["spec"]["jobTemplate"]
    assert template["spec"]["template"]["metadata"]["labels"][objects.JOB] == "scheduled-initialise"
    assert objects.INSTALLATION not in template["metadata"]["labels"]


def test_a_long_name_leaves_room_for_the_moment(budget: manifest.Application) -> None:
    [made] = found(things.wanted(scheduling(budget, name="t" * 40), name="a" * 63), "CronJob")
    assert len(made["metadata"]["name"]) <= names.LONGEST - len("-1234567890")


def test_the_quota_has_room_for_it(budget: manifest.Application) -> None:
    def pods(application: manifest.Application) -> int:
        [quota] = found(things.wanted(application), "ResourceQuota")
        return int(quota["spec"]["hard"]["pods"])

    assert pods(scheduling(budget)) == pods(budget) + 1
