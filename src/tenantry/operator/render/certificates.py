"""Certificates for domains of the customer's own: one for each, so that one that cannot be had keeps no other away."""

from urllib.parse import urlsplit

from tenantry.kubernetes import kinds
from tenantry.operator.render import facts as fact
from tenantry.operator.render import frame, objects


def wanted_for(framed: frame.Frame) -> list[str]:
    """Return the host names that need a certificate of their own, where one can be had and served."""
    facts, spec = framed.wanted.facts, framed.wanted.installation.spec
    if facts.issuer is None or urlsplit(spec.url).scheme != "https" or not _can_be_served(facts):
        return []
    return [host for host in spec.hosts if host.partition(".")[2] not in facts.domains]


def render(framed: frame.Frame) -> list[objects.Object]:
    """Return the requests for certificates."""
    return [_certificate(framed, host) for host in wanted_for(framed)]


def name(framed: frame.Frame, host: str) -> str:
    """Return the name of a domain's certificate and of its Secret."""
    return framed.name("tls", host.replace("-", "--").replace(".", "-"))


def _can_be_served(facts: fact.Facts) -> bool:
    if kinds.CERTIFICATE not in facts.offers:
        return False
    match facts.front_door:
        case fact.SharedGateway() as gateway:
            return gateway.accepts_listeners and kinds.LISTENER_SET in facts.offers
        case fact.IngressController():
            return True
        case _:
            return False


def _certificate(framed: frame.Frame, host: str) -> objects.Object:
    spec = {
        "secretName": name(framed, host),
        "dnsNames": [host],
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": framed.wanted.facts.issuer},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
    }
    return objects.make(framed.wanted, kinds.CERTIFICATE, name(framed, host), {"spec": spec})
