"""Where an installation's pods may go: what a network policy can say of a database, a bucket or a mail server.

A policy knows addresses and labels, and no names. A name of the cluster becomes the namespace it is in; any other name
becomes every address, on that port only, without those by which machines tell secrets of themselves: what was handed
over may be in a network of the cluster's own, as managed databases are. The web of the manifest is the world without
any such network.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tenantry.application import pooling
from tenantry.operator.render import facts as fact
from tenantry.operator.render import frame, objects

Rule = dict[str, Any]

_NAMESPACE = "kubernetes.io/metadata.name"
_WORLD = ("0.0.0.0/0", "::/0")
_LINK_LOCAL = ("169.254.0.0/16", "fe80::/10")
_PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_SERVICE = "svc"
_USUAL_PORTS = {"http": 80, "https": 443}
_WEB_PORTS = (80, 443)
_DNS = 53


def rules(framed: frame.Frame) -> list[Rule]:
    """Return the ways out: names, siblings, and whatever the manifest needs."""
    facts = framed.wanted.facts
    dns = [{"protocol": protocol, "port": _DNS} for protocol in ("UDP", "TCP")]
    found: list[Rule] = [{"to": [peer(facts.dns)], "ports": dns}]
    if framed.ports:
        found.append({"to": [siblings(framed)], "ports": [tcp(number) for number in sorted(framed.ports.values())]})
    for host, port in _needed(framed):
        found.extend(_to(facts, host, port))
    if framed.spec.needs.web is not None:
        found.append({"to": _world((*facts.inner_networks, *_PRIVATE)), "ports": [tcp(port) for port in _WEB_PORTS]})
    return found


def peer(given: fact.Peer) -> dict[str, Any]:
    """Return pods of another namespace as a policy names them."""
    found: dict[str, Any] = {"namespaceSelector": {"matchLabels": {_NAMESPACE: given.namespace}}}
    if given.labels:
        found["podSelector"] = {"matchLabels": dict(given.labels)}
    return found


def siblings(framed: frame.Frame) -> dict[str, Any]:
    """Return the installation's own pods as a policy names them."""
    return {"podSelector": {"matchLabels": {objects.INSTALLATION: framed.wanted.name}}}


def tcp(port: int) -> dict[str, Any]:
    """Return a port as a policy names it."""
    return {"protocol": "TCP", "port": port}


def _needed(framed: frame.Frame) -> Iterator[tuple[str, int]]:
    """Yield host and port of everything that was handed over."""
    needs, given = framed.spec.needs, framed.handover
    for need, secret in ((needs.database, given.database), (needs.mail, given.mail)):
        if need is not None and secret is not None:
            yield from _address(secret)
    if pooling.is_pooled(framed.spec, given.database):
        yield from _address(pooling.pooled(given.database or {}))
    if needs.bucket is not None and given.bucket is not None:
        parts = urlsplit(given.bucket.get("endpoint", ""))
        if parts.hostname:
            yield parts.hostname, parts.port or _USUAL_PORTS.get(parts.scheme, _USUAL_PORTS["https"])


def _address(secret: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    host, port = secret.get("host", ""), secret.get("port", "")
    if host and port.isdigit():
        yield host.strip("[]"), int(port)


def _to(facts: fact.Facts, host: str, port: int) -> Iterator[Rule]:
    if (address := _literal(host)) is not None:
        yield {"to": [{"ipBlock": {"cidr": address}}], "ports": [tcp(port)]}
        return
    parts = host.rstrip(".").removesuffix(f".{facts.service_domain}").split(".")
    if len(parts) == 1:
        yield {"to": [{"podSelector": {}}]}
        return
    if is_service := parts[2:] == [_SERVICE] or len(parts) == 2:  # noqa: PLR2004 - NAME.NAMESPACE
        # Behind a Service's port the pods may listen on another, so only the namespace can be said.
        yield {"to": [peer(fact.Peer(namespace=parts[1]))]}
    if not is_service or len(parts) == 2:  # noqa: PLR2004 - it may as well be any other name
        yield {"to": _world(()), "ports": [tcp(port)]}


def _literal(host: str) -> str | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return f"{address}/{address.max_prefixlen}"


def _world(without: tuple[str, ...]) -> list[dict[str, Any]]:
    excepted = [ipaddress.ip_network(each) for each in (*without, *_LINK_LOCAL)]
    return [{"ipBlock": {"cidr": cidr, "except": _within(cidr, excepted)}} for cidr in _WORLD]


def _within(cidr: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> list[str]:
    whole = ipaddress.ip_network(cidr)
    return sorted({str(each) for each in networks if each.version == whole.version and each != whole})
