"""What the provisioner may do in a cluster: the table its client keeps to, and from which its role is written."""

from collections.abc import Iterator, Sequence

from tenantry.kubernetes import kinds, rights
from tenantry.provisioner.adapters.kubernetes import addons
from tenantry.provisioner.operators import render

NODE = kinds.Kind(group="", version="v1", plural="nodes", kind="Node", is_namespaced=False)

_V = rights.Verb
_APPLIED = frozenset({_V.GET, _V.CREATE, _V.PATCH})

RIGHTS = (
    rights.Right(kind=kinds.NAMESPACE, verbs=_APPLIED | {_V.DELETE}),
    rights.Right(kind=kinds.SECRET, verbs=frozenset({_V.CREATE, _V.PATCH})),
    rights.Right(kind=kinds.INSTALLATION, verbs=_APPLIED | {_V.LIST, _V.WATCH, _V.DELETE}),
    rights.Right(kind=kinds.APPLICATION, verbs=_APPLIED),
    rights.Right(kind=NODE, verbs=frozenset({_V.LIST})),
    rights.Right(kind=kinds.POD, verbs=frozenset({_V.LIST})),
    rights.Right(kind=kinds.POD, verbs=frozenset({_V.GET}), subresource="log"),
    rights.Right(kind=kinds.DEPLOYMENT, verbs=frozenset({_V.LIST})),
    rights.Right(kind=kinds.STORAGE_CLASS, verbs=frozenset({_V.LIST})),
    rights.Right(kind=kinds.INGRESS_CLASS, verbs=frozenset({_V.LIST})),
    rights.Right(kind=kinds.DEFINITION, verbs=frozenset({_V.GET}), names=(addons.BUNDLE,)),
)
"""Secrets are handed over and never read back."""

INSTALLED = (
    kinds.NAMESPACE,
    kinds.DEFINITION,
    kinds.SERVICE_ACCOUNT,
    kinds.CLUSTER_ROLE,
    kinds.CLUSTER_ROLE_BINDING,
    kinds.ROLE,
    kinds.ROLE_BINDING,
    kinds.CONFIG_MAP,
    kinds.SERVICE,
    kinds.NETWORK_POLICY,
    kinds.DISRUPTION_BUDGET,
    kinds.DEPLOYMENT,
)
"""The kinds of objects that an operator consists of."""

_ROLES = {kinds.CLUSTER_ROLE, kinds.ROLE}
_NEVER_REMOVED = {kinds.NAMESPACE, kinds.DEFINITION}
"""What customers have is in them."""


def _keeping() -> Iterator[rights.Right]:
    """Yield the rights to objects of exactly the names that the operator's have."""
    for kind in INSTALLED:
        verbs = _APPLIED if kind in _NEVER_REMOVED else _APPLIED | {_V.DELETE}
        more = {_V.BIND, _V.ESCALATE} if kind in _ROLES else set[rights.Verb]()
        yield rights.Right(kind=kind, verbs=verbs | more, names=_names(kind))
    yield rights.Right(kind=kinds.LEASE, verbs=frozenset({_V.GET}), names=(render.NAME,))


def _names(kind: kinds.Kind) -> tuple[str, ...]:
    return tuple(sorted(each["metadata"]["name"] for each in render.carried() if each["kind"] == kind.kind))


def keeping() -> Sequence[rights.Right]:
    """Return what the provisioner may do besides in a cluster whose operator it keeps: it can make it what it wants."""
    return tuple(_keeping())
