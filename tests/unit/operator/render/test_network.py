"""Nobody reaches an installation's pods, and they reach nobody, but for what the manifest needs."""

from dataclasses import replace
from typing import Any

import pytest

from support import operator_things as things
from tenantry.application import manifest, needs
from tenantry.operator.render import facts as fact

NAMESPACE = "kubernetes.io/metadata.name"


def egress(found: things.Found) -> list[dict[str, Any]]:
    return found.one("NetworkPolicy", "acme")["spec"]["egress"]


def to_database(application: manifest.Application, host: str, **facts: Any) -> list[dict[str, Any]]:
    """Return the ways out that a database at this host adds, to the names and siblings that are always there."""
    secret = {"acme-database": {**things.DATABASE, "host": host}}
    alone = things.without_configuration(application, needs.Needs(database=needs.DatabaseNeed()))
    cluster = replace(things.EVERYTHING, **facts)
    return egress(things.render(things.wanted(alone, secrets=secret, facts=cluster)))[2:]


def test_workloads_reach_the_pooler_and_jobs_the_server(budget: manifest.Application) -> None:
    hosts = {"host": "192.0.2.1", "port": "5432", "poolerHost": "192.0.2.2", "poolerPort": "6432", "poolerUrl": "x"}
    secret = {"acme-database": {**things.DATABASE, **hosts}}
    pooling = needs.Pooling(mode="transaction")
    for need, ports in (
        (needs.DatabaseNeed(pooling=pooling), [("192.0.2.1/32", 5432), ("192.0.2.2/32", 6432)]),
        (needs.DatabaseNeed(), [("192.0.2.1/32", 5432)]),
    ):
        alone = things.without_configuration(budget, needs.Needs(database=need))
        found = egress(things.render(things.wanted(alone, secrets=secret)))[2:]
        assert [(each["to"][0]["ipBlock"]["cidr"], each["ports"][0]["port"]) for each in found] == ports


class TestInward:
    def test_in_a_namespace_of_its_own_nothing_else_speaks(self, budget: manifest.Application) -> None:
        spec = things.render(things.wanted(budget)).one("NetworkPolicy", "acme-nobody")["spec"]
        assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}

    def test_in_a_shared_namespace_others_are_left_alone(self, budget: manifest.Application) -> None:
        facts = replace(things.EVERYTHING, owns_namespace=False)
        found = things.render(things.wanted(budget, facts=facts))
        assert not {"Namespace", "ResourceQuota", "LimitRange"} & found.kinds()
        selectors = [each["spec"]["podSelector"] for each in found.of("NetworkPolicy")]
        assert {} not in selectors

    def test_the_front_door_comes_to_the_routed_port_alone(self, budget: manifest.Application) -> None:
        spec = things.render(things.wanted(budget)).one("NetworkPolicy", "acme-visitors")["spec"]
        assert spec["podSelector"]["matchLabels"]["tenantry.dev/workload"] == "web"
        front_door = {"namespaceSelector": {"matchLabels": {NAMESPACE: "front-door"}}}
        assert spec["ingress"] == [{"ports": [{"protocol": "TCP", "port": 8080}], "from": [front_door]}]

    def test_without_a_front_door_nobody_comes(self, budget: manifest.Application) -> None:
        found = things.render(things.wanted(budget, facts=fact.Facts()))
        assert [each["metadata"]["name"] for each in found.of("NetworkPolicy")] == ["acme", "acme-nobody"]

    def test_metrics_are_read_by_those_who_watch(self, budget: manifest.Application) -> None:
        changed = things.with_first_workload(budget, metrics=manifest.Metrics(port="http"))
        spec = things.render(things.wanted(changed)).one("NetworkPolicy", "acme-web-metrics")["spec"]
        assert spec["ingress"][0]["from"] == [{"namespaceSelector": {"matchLabels": {NAMESPACE: "monitoring"}}}]

    def test_whoever_certifies_a_domain_is_answered(self, budget: manifest.Application) -> None:
        found = things.render(things.wanted(budget))
        assert found.one("NetworkPolicy", "acme-solvers")["spec"]["ingress"] == [
            {"ports": [{"protocol": "TCP", "port": 8089}]}
        ]
        hard = found.one("ResourceQuota")["spec"]["hard"]
        assert (hard["services"], hard["services.nodeports"]) == ("2", "1")


class TestOutward:
    def test_names_siblings_and_needs_are_all(self, synapse: manifest.Application) -> None:
        dns, siblings, database, mail, *bucket = egress(things.render(things.wanted(synapse)))
        assert [each["port"] for each in dns["ports"]] == [53, 53]
        assert siblings["to"] == [{"podSelector": {"matchLabels": {"tenantry.dev/installation": "acme"}}}]
        assert database == {"to": [{"namespaceSelector": {"matchLabels": {NAMESPACE: "databases"}}}]}
        assert mail == {"to": [{"ipBlock": {"cidr": "192.0.2.25/32"}}], "ports": [{"protocol": "TCP", "port": 587}]}
        assert [each["ports"] for each in bucket] == [[{"protocol": "TCP", "port": 443}]]

    def test_any_other_name_is_reached_wherever_it_leads(self, budget: manifest.Application) -> None:
        """Managed databases are in the network of the cluster's nodes, and pods may be, too."""
        [rule] = to_database(budget, "db.example.com", inner_networks=("10.0.0.0/8",))
        assert rule["ports"] == [{"protocol": "TCP", "port": 5432}]
        assert [each["ipBlock"] for each in rule["to"]] == [
            {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]},
            {"cidr": "::/0", "except": ["fe80::/10"]},
        ]

    @pytest.mark.parametrize(
        ("host", "cidr"), [("10.1.2.3", "10.1.2.3/32"), ("2001:db8::5", "2001:db8::5/128"), ("[::1]", "::1/128")]
    )
    def test_an_address_is_itself(self, budget: manifest.Application, host: str, cidr: str) -> None:
        assert to_database(budget, host) == [
            {"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"protocol": "TCP", "port": 5432}]}
        ]

    @pytest.mark.parametrize("host", ["pg.data.svc", "pg.data.svc.cluster.local", "pg.data.svc.cluster.local."])
    def test_a_name_of_the_cluster_is_its_namespace(self, budget: manifest.Application, host: str) -> None:
        assert to_database(budget, host) == [{"to": [{"namespaceSelector": {"matchLabels": {NAMESPACE: "data"}}}]}]

    def test_a_name_that_may_be_either_is_both(self, budget: manifest.Application) -> None:
        inside, outside = to_database(budget, "pg.data")
        assert inside == {"to": [{"namespaceSelector": {"matchLabels": {NAMESPACE: "data"}}}]}
        assert outside["ports"] == [{"protocol": "TCP", "port": 5432}]

    def test_a_bare_name_is_in_the_same_namespace(self, budget: manifest.Application) -> None:
        assert to_database(budget, "postgres") == [{"to": [{"podSelector": {}}]}]

    def test_the_web_is_the_world_without_anybodys_private_networks(self, budget: manifest.Application) -> None:
        alone = things.without_configuration(budget, needs.Needs(web=needs.WebNeed()))
        facts = replace(things.EVERYTHING, inner_networks=("203.0.113.0/24",))
        *_, rule = egress(things.render(things.wanted(alone, facts=facts)))
        assert [each["port"] for each in rule["ports"]] == [80, 443]
        assert {"10.0.0.0/8", "192.168.0.0/16", "203.0.113.0/24"} <= set(rule["to"][0]["ipBlock"]["except"])

    def test_the_port_of_a_bucket_is_that_of_its_scheme(self, synapse: manifest.Application) -> None:
        bucket = {**things.BUCKET, "endpoint": "http://198.51.100.7"}
        rules = egress(things.render(things.wanted(synapse, secrets={"acme-bucket": bucket})))
        assert {"to": [{"ipBlock": {"cidr": "198.51.100.7/32"}}], "ports": [{"protocol": "TCP", "port": 80}]} in rules
