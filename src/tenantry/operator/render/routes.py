"""How visitors reach an installation: an HTTPRoute or an Ingress, and certificates for domains of the customer's own.

Asleep it has no route, since the front door sends to the gateway what has none; only where the facts name a gateway
does a route of its own lead there, because a customer's own domain needs one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never
from urllib.parse import urlsplit

from tenantry.kubernetes import kinds
from tenantry.operator.render import certificates, frame, objects
from tenantry.operator.render import facts as fact

_SIZE_ANNOTATIONS = {
    "k8s.io/ingress-nginx": "nginx.ingress.kubernetes.io/proxy-body-size",
    "nginx.org/ingress-controller": "nginx.org/client-max-body-size",
}
"""How the largest request is told to a controller; the Gateway API has no word for it. One that is none of these, or
goes by another name, is told in every way: what it does not know, it leaves alone."""

_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """The Service that visitors are sent to."""

    name: str
    namespace: str
    port: int


def render(framed: frame.Frame) -> list[objects.Object]:
    """Return the route and what it needs."""
    door = framed.wanted.facts.front_door
    match door:
        case None:
            return []
        case fact.SharedGateway():
            return _by_gateway(framed, door)
        case fact.IngressController():
            return _by_ingress(framed, door)
        case _:
            assert_never(door)


def _by_gateway(framed: frame.Frame, door: fact.SharedGateway) -> list[objects.Object]:
    parent: dict[str, Any] = {**_reference("Gateway"), "name": door.name, "namespace": door.namespace}
    listeners = [*_listeners(framed, parent)]
    target = _target(framed)
    if target is None:
        return listeners
    parents = [parent if door.section is None else {**parent, "sectionName": door.section}]
    parents += [{**_reference("ListenerSet"), "name": framed.name()}] if listeners else []
    backend: dict[str, Any] = {"name": target.name, "port": target.port}
    if target.namespace != framed.wanted.namespace:
        backend["namespace"] = target.namespace
    spec = {
        "parentRefs": parents,
        "hostnames": framed.wanted.installation.spec.hosts,
        "rules": [{"backendRefs": [backend]}],
    }
    return [*listeners, objects.make(framed.wanted, kinds.HTTP_ROUTE, framed.name(), {"spec": spec})]


def _listeners(framed: frame.Frame, parent: Mapping[str, Any]) -> list[objects.Object]:
    """Return the listeners of the customer's own domains, with their certificates."""
    requested = certificates.render(framed)
    if not requested:
        return []
    listeners = [
        {
            "name": certificates.name(framed, host),
            "hostname": host,
            "port": _HTTPS_PORT,
            "protocol": "HTTPS",
            "tls": {"mode": "Terminate", "certificateRefs": [{"name": certificates.name(framed, host)}]},
        }
        for host in certificates.wanted_for(framed)
    ]
    spec = {"parentRef": dict(parent), "listeners": listeners}
    return [*requested, objects.make(framed.wanted, kinds.LISTENER_SET, framed.name(), {"spec": spec})]


def _by_ingress(framed: frame.Frame, door: fact.IngressController) -> list[objects.Object]:
    requested = certificates.render(framed)
    target = _target(framed)
    if target is None or target.namespace != framed.wanted.namespace:
        return requested  # an Ingress reaches its own namespace only
    service = {"name": target.name, "port": {"number": target.port}}
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": service}}
    spec: dict[str, Any] = {
        "ingressClassName": door.class_name,
        "rules": [{"host": host, "http": {"paths": [path]}} for host in framed.wanted.installation.spec.hosts],
    }
    if tls := _tls(framed):
        spec["tls"] = tls
    known = _SIZE_ANNOTATIONS.get(door.controller)
    told = [known] if known is not None else _SIZE_ANNOTATIONS.values()
    annotations = dict.fromkeys(told, str(framed.rendered.route.max_request_bytes))
    ingress = objects.make(framed.wanted, kinds.INGRESS, framed.name(), {"spec": spec}, annotations=annotations)
    return [*requested, ingress]


def _tls(framed: frame.Frame) -> list[dict[str, Any]]:
    """Return what is served with TLS; a host without a certificate of its own gets the front door's."""
    spec = framed.wanted.installation.spec
    if urlsplit(spec.url).scheme != "https":
        return []
    own = certificates.wanted_for(framed)
    others = [host for host in spec.hosts if host not in own]
    shared = [{"hosts": others}] if others else []
    return [*shared, *({"hosts": [host], "secretName": certificates.name(framed, host)} for host in own)]


def _target(framed: frame.Frame) -> _Target | None:
    if framed.wanted.is_awake:
        route = framed.rendered.route
        service = frame.service_name(framed.wanted, route.workload)
        return _Target(name=service, namespace=framed.wanted.namespace, port=route.port)
    gateway = framed.wanted.facts.gateway
    return _Target(name=gateway.name, namespace=gateway.namespace, port=gateway.port) if gateway is not None else None


def _reference(kind: str) -> dict[str, str]:
    return {"group": kinds.HTTP_ROUTE.group, "kind": kind}
