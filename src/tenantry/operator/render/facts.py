"""What a cluster offers: everything about it that decides how an installation's objects look.

Facts are found once for a cluster and given to every rendering, so that rendering asks nobody and stays pure.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantry.kubernetes import kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Pods of another namespace that installations speak with.

    Attributes:
        labels: which pods; empty means all pods of the namespace.
    """

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedGateway:
    """A front door by the Gateway API: routes are attached to this `Gateway`.

    Attributes:
        section: the listener; None attaches to all that fit.
        accepts_listeners: whether the Gateway lets `ListenerSet`s of other namespaces in, which a customer's own domain
            needs to bring its certificate along.
        peer: whose pods forward requests, for the network policy; None means that anybody may.
    """

    name: str
    namespace: str
    section: str | None = None
    accepts_listeners: bool = False
    peer: Peer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressController:
    """A front door by Ingress.

    Attributes:
        class_name: the `IngressClass`.
        controller: who serves it, as the class says; a known one is told the size of requests in its own way alone.
        peer: whose pods forward requests, for the network policy; None means that anybody may.
    """

    class_name: str
    controller: str = ""
    peer: Peer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A Service that visitors can be sent to."""

    name: str
    namespace: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a cluster offers.

    Attributes:
        offers: which optional kinds exist: `HTTP_ROUTE`, `CERTIFICATE`, `POD_MONITOR`, …
        front_door: how visitors come in; None means that no route is made.
        gateway: where visitors of a sleeping installation are sent, a Service of your own; None where a sleeper needs
            no route, as the front door knows what to do without. With the Gateway API, a `ReferenceGrant` beside the
            gateway has to let routes of the installations' namespaces lead to it; an Ingress never does.
        domains: domains whose wildcard certificate the front door has.
        issuer: the `ClusterIssuer` that certifies customers' own domains.
        service_domain: the domain under which Services are named.
        storage_class: for volumes; None is the cluster's default.
        shared_storage_class: for volumes that several pods write to at once; None where there is none.
        dns: who answers names.
        monitoring: who reads metrics; None means that any pod of the cluster may.
        monitor_labels: labels by which whoever reads metrics finds out what to read.
        inner_networks: the ranges of pods, Services and nodes, which a way to the web leaves out with all private ones.
        pull_secrets: names of the Secrets with which images are pulled.
        pull_seconds: what a new pod may take for its node and its image, beyond the time that the manifest allows.
        listen_host: the address that workloads listen on; `::` where pods have IPv6 addresses only.
        owns_namespace: whether the namespace is the installation's alone: then it gets labels, a quota and limits.
        has_stop_signals: whether a container's stop signal can be set (`lifecycle.stopSignal`).
        has_sleep: whether a container can be kept for some seconds before it is stopped (`preStop.sleep`).
    """

    offers: frozenset[kinds.Kind] = frozenset()
    front_door: SharedGateway | IngressController | None = None
    gateway: Backend | None = None
    domains: tuple[str, ...] = ()
    issuer: str | None = None
    service_domain: str = "cluster.local"
    storage_class: str | None = None
    shared_storage_class: str | None = None
    dns: Peer = field(default_factory=lambda: Peer(namespace="kube-system", labels={"k8s-app": "kube-dns"}))
    monitoring: Peer | None = None
    monitor_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    inner_networks: tuple[str, ...] = ()
    pull_secrets: tuple[str, ...] = ()
    pull_seconds: int = 300
    listen_host: str = "0.0.0.0"  # noqa: S104 - a pod's own address, which only its network policy's peers reach
    owns_namespace: bool = True
    has_stop_signals: bool = False
    has_sleep: bool = True

    def told(self) -> dict[str, Any]:
        """Return all of it as plain values, the same in every process: sets have another order in each."""
        told = dataclasses.asdict(self)
        return {**told, "offers": sorted(each.path() for each in self.offers)}
