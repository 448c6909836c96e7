"""A workload becomes a Deployment, or a StatefulSet where it uses a volume, with what watches over it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from support import operator_things as things
from tenantry.application import manifest
from tenantry.operator.render import facts as fact
from tenantry.operator.render import frame, workloads

TWO = manifest.WorkloadSize(replicas=2, cpu="250m", memory="384Mi")
SCALED = manifest.WorkloadSize(scale=manifest.Scale(up_to=5, cpu_percent=60))


class TestKeepingNothing:
    def test_an_old_pod_serves_until_a_new_one_does(self, budget: manifest.Application) -> None:
        spec = things.render(things.wanted(budget)).one("Deployment")["spec"]
        assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        assert spec["replicas"] == 1

    def test_it_starts_again_when_that_was_asked_for(self, budget: manifest.Application) -> None:
        template = things.render(things.wanted(budget, restarted_at=things.NOON)).one("Deployment")["spec"]["template"]
        assert template["metadata"]["annotations"] == {workloads.RESTARTED_AT: "2026-11-24T12:00:00+00:00"}

    def test_the_front_door_learns_that_a_pod_goes_while_it_still_answers(self, budget: manifest.Application) -> None:
        spec = things.render(things.wanted(budget)).one("Deployment")["spec"]["template"]["spec"]
        assert spec["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 3}}}
        assert spec["terminationGracePeriodSeconds"] == 13

    def test_several_copies_are_spread_and_never_all_gone(self, budget: manifest.Application) -> None:
        found = things.render(things.wanted(things.with_share(budget, TWO)))
        assert found.one("Deployment")["spec"]["replicas"] == 2
        assert found.one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
        spread = found.one("Deployment")["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert [each["topologyKey"] for each in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]

    def test_where_an_autoscaler_decides_no_number_is_said(self, budget: manifest.Application) -> None:
        found = things.render(things.wanted(things.with_share(budget, SCALED)))
        spec = found.one("HorizontalPodAutoscaler")["spec"]
        assert (spec["minReplicas"], spec["maxReplicas"], spec["scaleTargetRef"]["name"]) == (1, 5, "acme-web")
        assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 60
        assert "replicas" not in found.one("Deployment")["spec"]

    def test_memory_is_a_bound_and_processor_time_a_share(self, budget: manifest.Application) -> None:
        assert things.render(things.wanted(budget)).container("Deployment")["resources"] == {
            "requests": {"cpu": "250m", "memory": "402653184"},
            "limits": {"memory": "402653184"},
        }


class TestUsingAVolume:
    def test_it_never_runs_twice(self, synapse: manifest.Application) -> None:
        found = things.render(things.wanted(synapse))
        spec = found.one("StatefulSet")["spec"]
        assert (spec["podManagementPolicy"], spec["serviceName"]) == ("Parallel", "acme-synapse")
        assert "Deployment" not in found.kinds()

    def test_it_finds_the_volume_at_its_place(self, synapse: manifest.Application) -> None:
        found = things.render(things.wanted(synapse))
        mounts = {each["name"]: each["mountPath"] for each in found.container("StatefulSet")["volumeMounts"]}
        assert mounts["volume-data"] == "/tenantry/volumes/data"
        [claim] = [
            each["persistentVolumeClaim"]
            for each in found.one("StatefulSet")["spec"]["template"]["spec"]["volumes"]
            if each["name"] == "volume-data"
        ]
        assert claim == {"claimName": found.one("PersistentVolumeClaim")["metadata"]["name"]}

    def test_its_name_leaves_room_for_the_label_of_a_revision(self, synapse: manifest.Application) -> None:
        found = things.render(things.wanted(synapse, name="a" * 63))
        assert len(found.one("StatefulSet")["metadata"]["name"]) == 52

    def test_it_is_not_scaled_by_load(self, synapse: manifest.Application) -> None:
        found = things.render(things.wanted(things.with_share(synapse, SCALED)))
        assert "HorizontalPodAutoscaler" not in found.kinds()
        assert found.one("StatefulSet")["spec"]["replicas"] == 1

    def test_copies_that_share_a_volume_want_to_be_together(self, synapse: manifest.Application) -> None:
        found = things.render(things.wanted(things.with_share(synapse, TWO)))
        spec = found.one("StatefulSet")["spec"]["template"]["spec"]
        assert "topologySpreadConstraints" not in spec
        assert spec["affinity"]["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]


class TestProbes:
    def test_a_start_is_watched_every_second_for_as_long_as_it_may_take(self, synapse: manifest.Application) -> None:
        probe = things.render(things.wanted(synapse)).container("StatefulSet")["startupProbe"]
        assert (probe["periodSeconds"], probe["failureThreshold"]) == (1, 120)
        assert probe["httpGet"] == {"path": "/health", "port": 8080, "scheme": "HTTP"}

    def test_readiness_and_health_are_as_the_manifest_says(self, synapse: manifest.Application) -> None:
        container = things.render(things.wanted(synapse)).container("StatefulSet")
        said = [(container[each]["periodSeconds"], container[each]["timeoutSeconds"]) for each in PROBES]
        assert said == [(5, 3), (15, 5)]

    def test_a_check_that_needs_the_host_name_sends_it(self, budget: manifest.Application) -> None:
        http = manifest.HttpCheck(port="http", path="/", host_header=True)
        changed = things.with_first_workload(budget, readiness=manifest.Probe(http=http, timeout="500ms"))
        probe = things.render(things.wanted(changed)).container("Deployment")["readinessProbe"]
        assert probe["httpGet"]["httpHeaders"] == [{"name": "Host", "value": "acme.example.com"}]
        assert probe["timeoutSeconds"] == 1

    def test_without_checks_there_are_none(self, budget: manifest.Application) -> None:
        changed = things.with_first_workload(budget, readiness=None, health=None)
        container = things.render(things.wanted(changed)).container("Deployment")
        assert not {"startupProbe", *PROBES} & container.keys()


PROBES = ("readinessProbe", "livenessProbe")


class TestEnding:
    def test_another_signal_is_set_where_it_can_be(self, budget: manifest.Application) -> None:
        changed = things.with_first_workload(budget, stop=manifest.Stop(signal="INT", grace="20s"))
        can = fact.Facts(has_stop_signals=True, has_sleep=False)
        spec = things.render(things.wanted(changed, facts=can)).one("Deployment")["spec"]["template"]["spec"]
        assert spec["containers"][0]["lifecycle"] == {"stopSignal": "SIGINT"}
        assert (spec["os"], spec["terminationGracePeriodSeconds"]) == ({"name": "linux"}, 20)

    def test_where_it_cannot_be_the_image_decides(self, budget: manifest.Application) -> None:
        changed = things.with_first_workload(budget, stop=manifest.Stop(signal="INT"))
        cannot = fact.Facts(has_sleep=False)
        assert "lifecycle" not in things.render(things.wanted(changed, facts=cannot)).container("Deployment")


class TestAsleep:
    @pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
    def test_nothing_runs_and_everything_is_kept(
        self, kind: str, synapse: manifest.Application, budget: manifest.Application
    ) -> None:
        application = synapse if kind == "StatefulSet" else budget
        awake, asleep = things.render(things.wanted(application)), things.render(things.asleep(application))
        assert asleep.one(kind)["spec"]["replicas"] == 0
        kept = {"ConfigMap", "Secret", "PersistentVolumeClaim", "Service"}
        names = [
            [each["metadata"]["name"] for each in found.objects if each["kind"] in kept] for found in (awake, asleep)
        ]
        assert names[0] == names[1]

    def test_waking_changes_no_pod(self, budget: manifest.Application) -> None:
        templates = [
            things.render(each).one("Deployment")["spec"]["template"]
            for each in (things.wanted(budget), things.asleep(budget))
        ]
        assert templates[0] == templates[1]

    def test_nothing_watches_over_what_does_not_run(self, budget: manifest.Application) -> None:
        changed = things.with_share(budget, SCALED)
        assert not {"HorizontalPodAutoscaler", "PodDisruptionBudget"} & things.render(things.asleep(changed)).kinds()


class TestMetrics:
    METRICS = manifest.Metrics(port="http", path="/stats")

    def test_they_are_read_where_the_kind_exists(self, budget: manifest.Application) -> None:
        found = things.render(things.wanted(things.with_first_workload(budget, metrics=self.METRICS)))
        assert found.one("PodMonitor")["spec"]["podMetricsEndpoints"] == [{"port": "http", "path": "/stats"}]
        assert found.container("Deployment")["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]

    def test_whoever_reads_them_finds_them_by_label(self, budget: manifest.Application) -> None:
        facts = replace(things.EVERYTHING, monitor_labels={"release": "prometheus"})
        changed = things.with_first_workload(budget, metrics=self.METRICS)
        monitor = things.render(things.wanted(changed, facts=facts)).one("PodMonitor")
        assert monitor["metadata"]["labels"]["release"] == "prometheus"

    def test_elsewhere_nobody_is_told(self, budget: manifest.Application) -> None:
        changed = things.with_first_workload(budget, metrics=self.METRICS)
        assert "PodMonitor" not in things.render(things.wanted(changed, facts=things.PLAIN)).kinds()


class TestImage:
    def test_programs_run_as_its_user_and_from_its_folder(self, budget: manifest.Application) -> None:
        version = budget.spec.versions[-1]
        version = version.model_copy(update={"image_user": 991, "image_package": "/opt/budget"})
        found = things.render(things.wanted(things.changed(budget, versions=[version])))
        assert found.container("Deployment")["command"][0] == "/opt/budget/bin/python"
        context = found.one("Deployment")["spec"]["template"]["spec"]["securityContext"]
        assert {context["runAsUser"], context["runAsGroup"], context["fsGroup"]} == {991}

    def test_a_version_without_one_cannot_run_here(self, budget: manifest.Application) -> None:
        version = budget.spec.versions[-1]
        without = things.changed(budget, versions=[version.model_copy(update={"image": None})])
        with pytest.raises(frame.ImageMissingError, match=r"I Hate Money 7\.2\.1 has no container image"):
            things.render(things.wanted(without))

    def test_the_time_for_a_new_pod_includes_its_start(self, budget: manifest.Application) -> None:
        spec = things.render(things.wanted(budget)).one("Deployment")["spec"]
        assert timedelta(seconds=spec["progressDeadlineSeconds"]) > timedelta(seconds=90)
