"""A job's name tells its moment, so that asking twice runs it once; its configuration is there before it."""

from typing import Any

import pytest

from support import operator_things as things
from tenantry.application import manifest
from tenantry.application.rendering import JobName
from tenantry.operator.render import jobs
from tenantry.operator.render.wanted import Wanted

ADMINISTRATOR = JobName.FIRST_ADMINISTRATOR
CHECK = JobName.SMOKE_CHECK


def name(wanted: Wanted, **more: Any) -> str:
    return jobs.render(wanted, CHECK, **more)["metadata"]["name"]


def with_job(application: manifest.Application, *command: str) -> manifest.Application:
    return things.changed(application, jobs=manifest.Jobs(initialise=manifest.Job(command=list(command))))


class TestName:
    def test_the_same_moment_has_the_same_name(self, budget: manifest.Application) -> None:
        assert name(things.wanted(budget)) == name(things.wanted(budget))
        assert name(things.wanted(budget)).startswith("acme-smoke-check-")

    def test_another_generation_try_or_content_has_another(self, budget: manifest.Application) -> None:
        found = {
            name(things.wanted(budget)),
            name(things.wanted(budget, generation=2)),
            name(things.wanted(budget), attempt="another"),
            name(things.wanted(budget, settings={"captcha": True})),
        }
        assert len(found) == 4

    def test_another_version_has_another(self, synapse: manifest.Application) -> None:
        first, second = (name(things.wanted(synapse, version=each.version)) for each in synapse.spec.versions)
        assert first != second


class TestContent:
    def test_it_runs_once_and_within_its_time(self, synapse: manifest.Application) -> None:
        wanted = things.wanted(synapse)
        job = jobs.render(wanted, ADMINISTRATOR)
        deadline = job["spec"]["activeDeadlineSeconds"]
        assert (job["spec"]["backoffLimit"], deadline) == (0, 60 + wanted.facts.pull_seconds)
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
        assert job["metadata"]["annotations"][jobs.GENERATION] == "1"
        assert job["metadata"]["annotations"][jobs.OF_VERSION] == wanted.installation.spec.version

    def test_what_it_needs_is_among_the_objects_of_the_installation(self, synapse: manifest.Application) -> None:
        wanted = things.wanted(synapse)
        [container] = jobs.render(wanted, ADMINISTRATOR)["spec"]["template"]["spec"]["containers"]
        references = {each["valueFrom"]["secretKeyRef"]["name"] for each in container["env"] if "valueFrom" in each}
        assert references <= {each["metadata"]["name"] for each in things.render(wanted).of("Secret")}
        assert [each["name"] for each in container["env"]][:2] == ["PASSWORD", "SECRET"]

    def test_it_reaches_a_workload_by_name(self, synapse: manifest.Application) -> None:
        [container] = jobs.render(things.wanted(synapse), CHECK)["spec"]["template"]["spec"]["containers"]
        assert {"name": "ENDPOINT", "value": "acme-synapse.acme.svc.cluster.local:8080"} in container["env"]

    def test_it_gets_a_volume_that_it_names_near_those_who_use_it(self, synapse: manifest.Application) -> None:
        bare = things.changed(synapse, files=[])
        [workload] = bare.spec.workloads
        bare = things.with_first_workload(bare, command=[workload.command[0]])
        job = jobs.render(things.wanted(with_job(bare, "/bin/clean", "{{ volumes.data }}")), JobName.INITIALISE)
        spec = job["spec"]["template"]["spec"]
        assert [each["name"] for each in spec["volumes"]] == ["home", "tmp", "volume-data"]
        assert "podAffinity" in spec["affinity"]

    def test_it_gets_no_volume_that_nothing_it_reads_names(self, budget: manifest.Application) -> None:
        spec = jobs.render(things.wanted(budget), CHECK)["spec"]["template"]["spec"]
        assert "affinity" not in spec
        assert [each["name"] for each in spec["volumes"]] == ["home", "tmp", "configuration"]


def test_a_job_that_the_application_has_not_is_refused(budget: manifest.Application) -> None:
    with pytest.raises(jobs.JobMissingError, match="I Hate Money has no job “migrate”"):
        jobs.render(things.wanted(budget), JobName.MIGRATE)
