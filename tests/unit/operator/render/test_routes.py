"""Visitors come by a route of the front door's kind; a domain of the customer's own brings its certificate."""

from dataclasses import replace

import pytest

from support import operator_things as things
from tenantry.application import manifest
from tenantry.kubernetes import kinds
from tenantry.operator.render import facts as fact

NGINX = replace(things.PLAIN, offers=frozenset({kinds.CERTIFICATE}), issuer="letsencrypt", domains=("example.com",))
INGRESS_NGINX, OF_NGINX = "nginx.ingress.kubernetes.io/proxy-body-size", "nginx.org/client-max-body-size"


def sizes(application: manifest.Application, controller: str) -> dict[str, str]:
    """Return what an Ingress says to a controller of how much a request may hold."""
    door = fact.IngressController(class_name="nginx", controller=controller)
    made = things.render(things.wanted(application, facts=replace(NGINX, front_door=door))).one("Ingress")
    return {key: value for key, value in made["metadata"]["annotations"].items() if "body-size" in key}


class TestGateway:
    def test_all_hosts_lead_to_the_routed_port(self, budget: manifest.Application) -> None:
        spec = things.render(things.wanted(budget)).one("HTTPRoute")["spec"]
        assert spec["hostnames"] == ["acme.example.com", "team.acme.org"]
        assert spec["rules"] == [{"backendRefs": [{"name": "acme-web", "port": 8080}]}]
        assert [(each["kind"], each["name"]) for each in spec["parentRefs"]] == [
            ("Gateway", "front-door"),
            ("ListenerSet", "acme"),
        ]

    def test_an_own_domain_brings_listener_and_certificate(self, budget: manifest.Application) -> None:
        found = things.render(things.wanted(budget))
        [listener] = found.one("ListenerSet")["spec"]["listeners"]
        certificate = found.one("Certificate")["spec"]
        assert (listener["hostname"], listener["protocol"]) == ("team.acme.org", "HTTPS")
        assert listener["tls"]["certificateRefs"] == [{"name": certificate["secretName"]}]
        assert (certificate["dnsNames"], certificate["issuerRef"]["name"]) == (["team.acme.org"], "letsencrypt")

    def test_a_gateway_that_takes_no_listeners_gets_none(self, budget: manifest.Application) -> None:
        closed = fact.SharedGateway(name="front-door", namespace="front-door")
        found = things.render(things.wanted(budget, facts=replace(things.EVERYTHING, front_door=closed)))
        assert not {"ListenerSet", "Certificate"} & found.kinds()
        assert [each["kind"] for each in found.one("HTTPRoute")["spec"]["parentRefs"]] == ["Gateway"]

    def test_without_encryption_nothing_is_certified(self, budget: manifest.Application) -> None:
        found = things.render(things.wanted(budget, url="http://acme.example.com"))
        assert not {"ListenerSet", "Certificate"} & found.kinds()

    def test_a_sleeper_leads_to_the_gateway_and_keeps_its_certificates(self, budget: manifest.Application) -> None:
        found = things.render(things.asleep(budget))
        assert found.one("HTTPRoute")["spec"]["rules"] == [
            {"backendRefs": [{"name": "gateway", "port": 8080, "namespace": "tenantry"}]}
        ]
        assert {"ListenerSet", "Certificate"} <= found.kinds()

    def test_where_the_front_door_catches_all_a_sleeper_needs_no_route(self, budget: manifest.Application) -> None:
        found = things.render(things.asleep(budget, facts=replace(things.EVERYTHING, gateway=None)))
        assert "HTTPRoute" not in found.kinds()


class TestIngress:
    def test_every_host_leads_to_the_routed_port(self, budget: manifest.Application) -> None:
        spec = things.render(things.wanted(budget, facts=things.PLAIN)).one("Ingress")["spec"]
        assert [rule["host"] for rule in spec["rules"]] == ["acme.example.com", "team.acme.org"]
        [path] = spec["rules"][0]["http"]["paths"]
        assert path["backend"]["service"] == {"name": "acme-web", "port": {"number": 8080}}

    def test_a_controller_that_is_known_learns_how_much_a_request_may_hold(self, budget: manifest.Application) -> None:
        assert sizes(budget, "k8s.io/ingress-nginx") == {INGRESS_NGINX: str(10 * 2**20)}
        assert sizes(budget, "nginx.org/ingress-controller") == {OF_NGINX: str(10 * 2**20)}

    @pytest.mark.parametrize("controller", ["", "k8s.io/internal-ingress-nginx"])
    def test_one_that_is_not_known_learns_it_in_every_way(self, budget: manifest.Application, controller: str) -> None:
        assert sizes(budget, controller) == dict.fromkeys((INGRESS_NGINX, OF_NGINX), str(10 * 2**20))

    def test_a_host_of_a_shared_domain_uses_the_shared_certificate(self, budget: manifest.Application) -> None:
        found = things.render(things.wanted(budget, facts=NGINX))
        secret = found.one("Certificate")["spec"]["secretName"]
        assert found.one("Ingress")["spec"]["tls"] == [
            {"hosts": ["acme.example.com"]},
            {"hosts": ["team.acme.org"], "secretName": secret},
        ]

    def test_a_sleeper_has_none_since_the_gateway_is_elsewhere(self, budget: manifest.Application) -> None:
        elsewhere = replace(NGINX, gateway=fact.Backend(name="gateway", namespace="tenantry", port=8080))
        assert "Ingress" not in things.render(things.asleep(budget, facts=elsewhere)).kinds()


def test_without_a_front_door_there_is_no_route(budget: manifest.Application) -> None:
    found = things.render(things.wanted(budget, facts=fact.Facts()))
    assert not {"HTTPRoute", "Ingress", "ListenerSet", "Certificate"} & found.kinds()
