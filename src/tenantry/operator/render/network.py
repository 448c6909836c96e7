"""Who may speak with an installation's pods, and with whom they may speak: nobody, but for what the manifest needs."""

from typing import Any

from tenantry.application import manifest
from tenantry.kubernetes import kinds
from tenantry.operator.render import certificates, frame, objects, ways_out
from tenantry.operator.render import facts as fact

_BOTH = ["Ingress", "Egress"]
_SOLVER_PORT = 8089


def render(framed: frame.Frame) -> list[objects.Object]:
    """Return the policies."""
    found = [_isolation(framed)]
    if framed.wanted.facts.owns_namespace:
        found.append(_nobody(framed))
    if framed.wanted.facts.front_door is not None:
        found.append(_visitors(framed, framed.wanted.facts.front_door))
    if certificates.wanted_for(framed):
        found.append(_solvers(framed))
    if kinds.POD_MONITOR in framed.wanted.facts.offers:
        found += [
            _readers(framed, each.name, each.metrics) for each in framed.spec.workloads if each.metrics is not None
        ]
    return found


def _isolation(framed: frame.Frame) -> objects.Object:
    """The installation's pods reach each other and what they need, and nobody else reaches them."""
    ports = [ways_out.tcp(number) for number in sorted(framed.ports.values())]
    inward = [{"from": [ways_out.siblings(framed)], "ports": ports}] if ports else []
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": {objects.INSTALLATION: framed.wanted.name}},
        "policyTypes": _BOTH,
        "ingress": inward,
        "egress": ways_out.rules(framed),
    }
    return objects.make(framed.wanted, kinds.NETWORK_POLICY, framed.name(), {"spec": spec})


def _nobody(framed: frame.Frame) -> objects.Object:
    """Whatever else comes into the namespace reaches nothing and is reached by nobody."""
    spec: dict[str, Any] = {"podSelector": {}, "policyTypes": _BOTH}
    return objects.make(framed.wanted, kinds.NETWORK_POLICY, framed.name("nobody"), {"spec": spec})


def _visitors(framed: frame.Frame, door: fact.SharedGateway | fact.IngressController) -> objects.Object:
    route = framed.rendered.route
    rule: dict[str, Any] = {"ports": [ways_out.tcp(route.port)]}
    if door.peer is not None:
        rule["from"] = [ways_out.peer(door.peer)]
    return _inward(framed, framed.name("visitors"), route.workload, rule)


def _solvers(framed: frame.Frame) -> objects.Object:
    """Whoever certifies a domain of the customer's own is answered by a pod that cert-manager puts beside ours."""
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": {"acme.cert-manager.io/http01-solver": "true"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"ports": [ways_out.tcp(_SOLVER_PORT)]}],
    }
    return objects.make(framed.wanted, kinds.NETWORK_POLICY, framed.name("solvers"), {"spec": spec})


def _readers(framed: frame.Frame, workload: str, metrics: manifest.Metrics) -> objects.Object:
    monitoring = framed.wanted.facts.monitoring
    rule: dict[str, Any] = {
        "from": [ways_out.peer(monitoring) if monitoring is not None else {"namespaceSelector": {}}],
        "ports": [ways_out.tcp(framed.ports[metrics.port])],
    }
    return _inward(framed, framed.name(workload, "metrics"), workload, rule)


def _inward(framed: frame.Frame, name: str, workload: str, rule: dict[str, Any]) -> objects.Object:
    spec = {
        "podSelector": {"matchLabels": objects.selector(framed.wanted, workload)},
        "policyTypes": ["Ingress"],
        "ingress": [rule],
    }
    return objects.make(
        framed.wanted, kinds.NETWORK_POLICY, name, {"spec": spec}, labels=objects.component_labels(workload)
    )
