"""What surrounds an installation's pods: its namespace, its volumes, its names, and the order of all that."""

from dataclasses import replace

from support import operator_things as things
from tenantry.application import manifest
from tenantry.operator.render import stages
from tenantry.operator.render.stages import Stage
from tenantry.runtime import document


class TestNamespace:
    def test_it_lets_only_restricted_pods_in(self, budget: manifest.Application) -> None:
        namespace = things.render(things.wanted(budget)).one("Namespace")
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        assert "ownerReferences" not in namespace["metadata"]

    def test_its_quota_holds_the_largest_size_while_it_is_exchanged(self, budget: manifest.Application) -> None:
        quotas = [things.render(things.wanted(budget, size=size)).one("ResourceQuota") for size in ("small", "medium")]
        assert quotas[0] == quotas[1]
        hard = quotas[0]["spec"]["hard"]
        assert (hard["requests.cpu"], hard["requests.memory"]) == ("4", str(4 * 768 * 2**20))
        assert hard["services.loadbalancers"] == "0"

    def test_its_quota_holds_all_copies_twice_and_two_jobs(self, budget: manifest.Application) -> None:
        share = manifest.WorkloadSize(cpu="2", scale=manifest.Scale(up_to=5))
        hard = things.render(things.wanted(things.with_share(budget, share))).one("ResourceQuota")["spec"]["hard"]
        assert hard["requests.cpu"] == "24"


class TestVolumes:
    def test_a_claim_is_as_large_as_the_manifest_says(self, synapse: manifest.Application) -> None:
        spec = things.render(things.wanted(synapse)).one("PersistentVolumeClaim")["spec"]
        assert spec == {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "2Gi"}},
            "storageClassName": "fast",
        }

    def test_it_outlives_the_installation_where_that_is_wanted(self, synapse: manifest.Application) -> None:
        retain = things.wanted(synapse, deletion_policy=document.DeletionPolicy.RETAIN)
        assert "ownerReferences" not in things.render(retain).one("PersistentVolumeClaim")["metadata"]
        assert "ownerReferences" in things.render(things.wanted(synapse)).one("PersistentVolumeClaim")["metadata"]

    def test_many_pods_share_it_where_there_is_a_class_for_that(self, synapse: manifest.Application) -> None:
        several = things.with_share(synapse, manifest.WorkloadSize(replicas=3))
        facts = replace(things.EVERYTHING, shared_storage_class="shared")
        for size in ("small", "medium"):
            spec = things.render(things.wanted(several, facts=facts, size=size)).one("PersistentVolumeClaim")["spec"]
            assert (spec["accessModes"], spec["storageClassName"]) == (["ReadWriteMany"], "shared")


class TestServices:
    def test_a_service_has_no_address_of_its_own(self, budget: manifest.Application) -> None:
        spec = things.render(things.wanted(budget)).one("Service")["spec"]
        assert spec["clusterIP"] == "None"
        assert spec["ports"] == [{"name": "http", "port": 8080, "targetPort": 8080, "protocol": "TCP"}]

    def test_what_does_not_listen_has_none(self, budget: manifest.Application) -> None:
        worker = manifest.Workload(name="worker", command=["/bin/work"])
        found = things.render(things.wanted(things.changed(budget, workloads=[*budget.spec.workloads, worker])))
        assert [each["metadata"]["name"] for each in found.of("Service")] == ["acme-web"]
        assert len(found.of("Deployment")) == 2


class TestAccount:
    def test_it_has_no_token_and_the_means_to_pull(self, budget: manifest.Application) -> None:
        facts = replace(things.EVERYTHING, pull_secrets=("registry",))
        account = things.render(things.wanted(budget, facts=facts)).one("ServiceAccount")
        assert (account["automountServiceAccountToken"], account["imagePullSecrets"]) == (False, [{"name": "registry"}])


class TestOrder:
    def test_jobs_find_configuration_before_workloads_change(self, synapse: manifest.Application) -> None:
        objects = things.render(things.wanted(synapse)).objects
        order = [stages.stage_of(each) for each in objects]
        assert order == sorted(order)
        first = {each["kind"] for each in objects if stages.stage_of(each) is Stage.FOUNDATION}
        assert {"Secret", "ConfigMap", "PersistentVolumeClaim", "NetworkPolicy", "ServiceAccount"} <= first
        last = {each["kind"] for each in objects if stages.stage_of(each) is Stage.ROUTE}
        assert last == {"HTTPRoute", "ListenerSet", "Certificate"}

    def test_a_new_version_changes_only_what_runs(self, synapse: manifest.Application) -> None:
        older, newer = (
            {(each["kind"], each["metadata"]["name"]): each for each in things.render(wanted).objects}
            for wanted in (things.wanted(synapse, version="1.160.0"), things.wanted(synapse))
        )
        assert [key for key in newer if older.get(key) != newer[key]] == [("StatefulSet", "acme-synapse")]
