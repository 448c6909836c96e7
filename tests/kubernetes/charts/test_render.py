"""What charts render: by golden files, by Helm's own linter, and by what the programs read of it."""

import itertools
import json
from typing import Any, ClassVar

import pytest

import charts
from support import charts_helm
from tenantry.kubernetes import rights
from tenantry.operator import settings as operator_settings
from tenantry.operator.controller import roles
from tenantry.operator.render import facts
from tenantry.portal import settings as portal_settings
from tenantry.provisioner import settings as provisioner_settings
from tenantry.provisioner.adapters.kubernetes import access

OPERATOR, TENANTRY = charts.OPERATOR, charts.TENANTRY
EVERY = pytest.mark.parametrize("case", charts_helm.CASES, ids=lambda case: case.name)
GROUPS = ("supervisor-installations", "supervisor-infrastructure")
LARGE = {case.chart: case for case in charts_helm.CASES if "large" in case.name}


def of_kind(objects: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [each for each in objects if each["kind"] in kinds]


def named(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [found] = [each for each in of_kind(objects, kind) if each["metadata"]["name"] == name]
    return found


def signers(objects: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Return the Secret of whom a workload trusts to sign for its database, and the path of the file."""
    found: dict[str, tuple[str, str]] = {}
    for each in of_kind(objects, "Deployment", "Job"):
        pod = each["spec"]["template"]["spec"]
        mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        for volume in pod["volumes"]:
            items = volume.get("secret", {}).get("items", [])
            for path in (item["path"] for item in items if item["key"] == "database-ca.pem"):
                place = f"{mounts[volume['name']]}/{path}"
                found[each["metadata"]["name"]] = (volume["secret"]["secretName"], place)
    return found


def environment(workload: dict[str, Any]) -> dict[str, str]:
    """Return what a program is told; what comes from elsewhere is a word of its own."""
    listed = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    assert len({each["name"] for each in listed}) == len(listed)
    return {each["name"]: each.get("value", "from-elsewhere") for each in listed}


@EVERY
def test_what_is_rendered_is_what_was_looked_at(helm: charts_helm.Helm, case: charts_helm.Case) -> None:
    file = charts_helm.GOLDEN / f"{case.name}.yaml"
    assert charts_helm.golden(helm, case) == file.read_text(), "run `make charts` and look at the difference"


@EVERY
def test_helm_finds_nothing_to_say_against_it(helm: charts_helm.Helm, case: charts_helm.Case) -> None:
    assert "0 chart(s) failed" in helm.run("lint", "--strict", str(case.chart), "--values", str(case.values))


@pytest.mark.parametrize("chart", charts.CHARTS, ids=lambda chart: chart.name)
def test_defaults_alone_are_enough(helm: charts_helm.Helm, chart: Any) -> None:
    assert "0 chart(s) failed" in helm.run("lint", "--strict", str(chart))
    assert of_kind(helm.template(chart), "Secret") == []


@EVERY
def test_every_container_is_confined(helm: charts_helm.Helm, case: charts_helm.Case) -> None:
    workloads = of_kind(helm.template(case.chart, case.values), "Deployment", "Job")
    assert workloads
    for pod in (each["spec"]["template"]["spec"] for each in workloads):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            confined = container["securityContext"]
            assert confined["capabilities"] == {"drop": ["ALL"]}
            assert confined["readOnlyRootFilesystem"] is True
            assert confined["allowPrivilegeEscalation"] is False
            assert container["resources"]["limits"]["memory"]


@EVERY
def test_every_selector_finds_its_pods(helm: charts_helm.Helm, case: charts_helm.Case) -> None:
    objects = helm.template(case.chart, case.values)
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in of_kind(objects, "Deployment", "Job")]
    selectors = [
        each["spec"].get("podSelector", each["spec"].get("selector")) for each in
        of_kind(objects, "NetworkPolicy", "Service", "PodDisruptionBudget")
    ]  # fmt: skip
    assert len(selectors) >= 3
    for each in selectors:
        wanted = each.get("matchLabels", each).items()
        assert any(wanted <= labels.items() for labels in pods), each


@EVERY
def test_no_deployment_chooses_the_pods_of_another(helm: charts_helm.Helm, case: charts_helm.Case) -> None:
    deployments = of_kind(helm.template(case.chart, case.values), "Deployment")
    for one, other in itertools.permutations(deployments, 2):
        wanted = one["spec"]["selector"]["matchLabels"].items()
        assert not wanted <= other["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("chart", charts.CHARTS, ids=lambda chart: chart.name)
class TestMetrics:
    NAMES: ClassVar = {OPERATOR: "acme-tenantry-operator", TENANTRY: "acme-tenantry-supervisor-installations"}
    FROM: ClassVar = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]

    def ways_in(self, helm: charts_helm.Helm, chart: Any, *given: str) -> Any:
        objects = helm.template(chart, given=given)
        return named(objects, "NetworkPolicy", self.NAMES[chart])["spec"].get("ingress")

    def test_only_those_who_are_named_may_read_them(self, helm: charts_helm.Helm, chart: Any) -> None:
        assert self.ways_in(helm, chart) is None
        [rule] = self.ways_in(helm, chart, f"networkPolicy.metricsFrom={json.dumps(self.FROM)}")
        assert rule["from"] == self.FROM

    def test_whoever_is_told_to_read_them_must_be_let_in(self, helm: charts_helm.Helm, chart: Any) -> None:
        wanted = "metrics.serviceMonitor.enabled=true"
        with pytest.raises(charts_helm.HelmFailedError, match=r"networkPolicy\.metricsFrom"):
            helm.template(chart, given=[wanted])
        assert of_kind(helm.template(chart, given=[wanted, "networkPolicy.enabled=false"]), "ServiceMonitor")


class TestOperator:
    def test_it_reads_what_it_is_told(self, helm: charts_helm.Helm) -> None:
        objects = helm.template(OPERATOR, LARGE[OPERATOR].values)
        told = environment(named(objects, "Deployment", "acme-tenantry-operator-1-of-2"))
        assert all(each.startswith(operator_settings.PREFIX) for each in told)
        read = operator_settings.from_environment(told)
        assert (read.calls_per_second, read.calls_burst, read.workers) == (200, 1_000_000, 64)
        assert (read.shard, read.shards, read.listen) == (1, 2, "0.0.0.0:7430")
        assert read.changing_longest.total_seconds() == 20 * 60

    def test_it_reads_the_facts_that_it_is_given(self, helm: charts_helm.Helm, tmp_path: Any) -> None:
        objects = helm.template(OPERATOR, LARGE[OPERATOR].values)
        file = tmp_path / "facts.yaml"
        file.write_text(named(objects, "ConfigMap", "acme-tenantry-operator-facts")["data"]["facts.yaml"])
        known = operator_settings.Settings(facts_file=file).facts(frozenset())
        assert known.front_door == facts.SharedGateway(name="public", namespace="gateways", accepts_listeners=True)
        assert known.domains == ("apps.example.com",)

    def test_it_may_do_what_its_table_says_and_nothing_else(self, helm: charts_helm.Helm) -> None:
        objects = helm.template(OPERATOR)
        assert named(objects, "ClusterRole", "acme-tenantry-operator")["rules"] == roles.cluster_role()["rules"]
        assert named(objects, "Role", "acme-tenantry-operator")["rules"] == roles.home_role()["rules"]

    def test_definitions_can_be_left_to_others(self, helm: charts_helm.Helm) -> None:
        kind = "CustomResourceDefinition"
        assert len(of_kind(helm.template(OPERATOR), kind)) == 2
        assert of_kind(helm.template(OPERATOR, given=["crds.install=false"]), kind) == []
        loose = of_kind(helm.template(OPERATOR, given=["crds.keep=false"]), kind)
        assert all("helm.sh/resource-policy" not in each["metadata"]["annotations"] for each in loose)

    def test_pods_are_replaced_when_facts_change(self, helm: charts_helm.Helm) -> None:
        pods = [
            of_kind(helm.template(OPERATOR, given=given), "Deployment")[0]["spec"]["template"]
            for given in ([], ['facts={"issuer": "x"}'])
        ]
        assert pods[0] != pods[1]


class TestTenantry:
    def test_the_portal_reads_what_it_is_told(self, helm: charts_helm.Helm) -> None:
        told = environment(named(helm.template(TENANTRY, LARGE[TENANTRY].values), "Deployment", "acme-tenantry-portal"))
        read = portal_settings.from_environment(told)
        assert (read.public_url, read.front_doors, read.smtp_port) == ("https://portal.example.com", "10.0.0.0/8", 587)
        assert (read.smtp_user, str(read.smtp_password_file)) == ("portal", "/etc/tenantry/secrets/smtp-password")
        assert (read.brand.name, read.brand.support) == ("Acme", "help@example.com")
        assert read.provisioner_url == "http://acme-tenantry-api:7410"

    def test_the_provisioner_reads_what_it_is_told(self, helm: charts_helm.Helm) -> None:
        objects = helm.template(TENANTRY, LARGE[TENANTRY].values)
        api = provisioner_settings.from_environment(environment(named(objects, "Deployment", "acme-tenantry-api")))
        assert (api.concurrency, api.deletion_grace.days, api.stop_grace.total_seconds()) == (64, 14, 30)
        assert api.kubeconfig_programs == ["aws"]
        assert api.bootstrap_tokens_file is not None
        name = "acme-tenantry-supervisor-preparations"
        supervisor = provisioner_settings.from_environment(environment(named(objects, "Deployment", name)))
        assert supervisor.bootstrap_tokens_file is None

    def test_schemas_are_brought_forward_first_and_once_for_each_database(self, helm: charts_helm.Helm) -> None:
        jobs = of_kind(helm.template(TENANTRY), "Job")
        assert {each["metadata"]["annotations"]["helm.sh/hook"] for each in jobs} == {"pre-install,pre-upgrade"}
        commands = [each["spec"]["template"]["spec"]["containers"][0]["command"][-1] for each in jobs]
        assert sorted(commands) == ["tenantry.portal.schema", "tenantry.provisioner.schema"]

    @pytest.mark.parametrize("part", ["portal", "provisioner"])
    def test_whoever_opens_a_database_finds_who_signs_for_it(self, helm: charts_helm.Helm, part: str) -> None:
        """Migrations as well as programs, and nobody where there is nothing of the kind in the Secret."""
        assert signers(helm.template(TENANTRY)) == {}
        found = signers(helm.template(TENANTRY, given=[f"{part}.hasDatabaseAuthorities=true"]))
        deployments = {"portal": {"portal"}, "provisioner": {"api", *GROUPS}}[part]
        names = {f"acme-tenantry-{each}" for each in (*deployments, f"migrate-{part}")}
        assert found == dict.fromkeys(names, (f"tenantry-{part}", "/etc/tenantry/secrets/database-ca.pem"))

    def test_only_the_portal_and_whoever_is_named_reach_the_api(self, helm: charts_helm.Helm) -> None:
        objects = helm.template(TENANTRY)
        [rule] = named(objects, "NetworkPolicy", "acme-tenantry-api")["spec"]["ingress"]
        [peer] = rule["from"]
        assert peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "portal"
        assert "ingress" not in named(objects, "NetworkPolicy", "acme-tenantry-supervisor-installations")["spec"]

    @pytest.mark.parametrize(
        "way",
        [
            'provisioner.api.ingress={"enabled": true, "host": "api.example.com"}',
            'provisioner.api.httpRoute={"enabled": true, "host": "api.example.com", "parentRefs": [{"name": "staff"}]}',
        ],
    )
    def test_a_way_to_the_api_that_nobody_may_use_is_refused(self, helm: charts_helm.Helm, way: str) -> None:
        with pytest.raises(charts_helm.HelmFailedError, match=r"networkPolicy\.apiFrom"):
            helm.template(TENANTRY, given=[way])
        for other in ("networkPolicy.enabled=false", 'networkPolicy.apiFrom=[{"namespaceSelector": {}}]'):
            assert of_kind(helm.template(TENANTRY, given=[way, other]), "Ingress", "HTTPRoute")

    def test_a_pod_that_visitors_come_to_still_answers_while_the_front_door_learns_that_it_goes(
        self, helm: charts_helm.Helm
    ) -> None:
        """And has as long as any other to stop afterwards."""
        told: dict[str, tuple[int, int]] = {}
        for each in of_kind(helm.template(TENANTRY), "Deployment"):
            pod = each["spec"]["template"]["spec"]
            kept = pod["containers"][0].get("lifecycle", {"preStop": {"sleep": {"seconds": 0}}})
            drain = kept["preStop"]["sleep"]["seconds"]
            told[each["metadata"]["name"]] = drain, pod["terminationGracePeriodSeconds"] - drain
        visited = dict.fromkeys(("acme-tenantry-portal", "acme-tenantry-api"), (3, 60))
        assert told == {**visited, **dict.fromkeys((f"acme-tenantry-{each}" for each in GROUPS), (0, 60))}

    def test_nobody_gets_a_token_of_the_cluster_by_default(self, helm: charts_helm.Helm) -> None:
        objects = helm.template(TENANTRY)
        pods = [each["spec"]["template"]["spec"] for each in of_kind(objects, "Deployment", "Job")]
        assert {each["automountServiceAccountToken"] for each in pods} == {False}
        assert of_kind(objects, "ClusterRole", "ClusterRoleBinding") == []

    def test_in_its_own_cluster_the_provisioner_may_do_what_its_table_says(self, helm: charts_helm.Helm) -> None:
        objects = helm.template(TENANTRY, given=["provisioner.ownCluster.enabled=true"])
        assert named(objects, "ClusterRole", "home-acme-tenantry-provisioner")["rules"] == rights.rules(access.RIGHTS)
        binding = named(objects, "ClusterRoleBinding", "home-acme-tenantry-provisioner")
        account = {"kind": "ServiceAccount", "name": "acme-tenantry-provisioner", "namespace": "home"}
        assert binding["subjects"] == [account]
        pods = {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in of_kind(objects, "Deployment")}
        given = {name for name, pod in pods.items() if pod["automountServiceAccountToken"]}
        assert set(pods) - given == {"acme-tenantry-portal"}
        assert {pods[name]["serviceAccountName"] for name in given} == {"acme-tenantry-provisioner"}

    def test_a_portal_alone_asks_a_provisioner_elsewhere(self, helm: charts_helm.Helm) -> None:
        given = ["provisioner.enabled=false", 'portal.provisionerUrl="https://api.example.com"']
        objects = helm.template(TENANTRY, given=given)
        [deployment] = of_kind(objects, "Deployment")
        assert environment(deployment)["TENANTRY_PORTAL_PROVISIONER_URL"] == "https://api.example.com"


@pytest.mark.parametrize(
    ("chart", "given", "told"),
    [
        (OPERATOR, "replica=3", "replica"),
        (OPERATOR, "replicas=-1", "replicas"),
        (OPERATOR, 'settings={"callsPerSecond": 0}', "callsPerSecond"),
        (OPERATOR, 'settings={"worker": 1}', "worker"),
        (OPERATOR, 'facts={"frontDoor": {}}', "frontDoor"),
        (OPERATOR, 'image={"repository": "x", "digest": "latest"}', "digest"),
        (TENANTRY, 'portal.secretName=""', "secretName"),
        (TENANTRY, 'provisioner.settings={"addressTemplate": "https://x"}', "addressTemplate"),
        (TENANTRY, 'provisioner.supervisors={"a": {"supervise": ["nonsense"], "replicas": 1}}', "supervise"),
        (TENANTRY, "portal.ingress.enabled=true", "ingress.host"),
        (TENANTRY, 'portal.databaseUrl="postgresql://"', "databaseUrl"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(
    helm: charts_helm.Helm, chart: Any, given: str, told: str
) -> None:
    with pytest.raises(charts_helm.HelmFailedError, match=told):
        helm.template(chart, given=[given])
