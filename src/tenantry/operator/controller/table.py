"""Everything that the operator does with the API server, in one table: the client keeps to it, and the role is it."""

from collections.abc import Iterable

from tenantry.kubernetes import kinds, rights

_Verb = rights.Verb

MADE: tuple[kinds.Kind, ...] = (
    kinds.CONFIG_MAP,
    kinds.SECRET,
    kinds.SERVICE,
    kinds.SERVICE_ACCOUNT,
    kinds.VOLUME_CLAIM,
    kinds.NETWORK_POLICY,
    kinds.RESOURCE_QUOTA,
    kinds.LIMIT_RANGE,
    kinds.DEPLOYMENT,
    kinds.STATEFUL_SET,
    kinds.AUTOSCALER,
    kinds.DISRUPTION_BUDGET,
    kinds.JOB,
    kinds.CRON_JOB,
    kinds.INGRESS,
)
"""Kinds that every cluster has, and of which an installation may consist."""

OPTIONAL: tuple[kinds.Kind, ...] = (
    kinds.HTTP_ROUTE,
    kinds.LISTENER_SET,
    kinds.CERTIFICATE,
    kinds.POD_MONITOR,
    kinds.DATABASE,
)
"""Kinds that only some clusters have."""

_WATCHED = (_Verb.LIST, _Verb.WATCH)
_CARED_FOR = (*_WATCHED, _Verb.CREATE, _Verb.PATCH, _Verb.DELETE)


def _right(kind: kinds.Kind, *verbs: rights.Verb, subresource: str = "") -> rights.Right:
    return rights.Right(kind=kind, verbs=frozenset(verbs), subresource=subresource)


RIGHTS: tuple[rights.Right, ...] = (
    _right(kinds.INSTALLATION, *_WATCHED, _Verb.PATCH),
    _right(kinds.INSTALLATION, _Verb.PATCH, subresource="status"),
    # Owning objects and keeping the owner from going first takes the right to write its finalisers.
    _right(kinds.INSTALLATION, _Verb.UPDATE, subresource="finalizers"),
    _right(kinds.APPLICATION, *_WATCHED),
    _right(kinds.APPLICATION, _Verb.PATCH, subresource="status"),
    # A namespace is made by whoever places an installation; its labels are ours. Applying takes the right to create.
    _right(kinds.NAMESPACE, *_WATCHED, _Verb.CREATE, _Verb.PATCH),
    *(
        _right(kind, *_CARED_FOR, *((_Verb.GET,) if kind in (kinds.SECRET, kinds.JOB) else ()))
        for kind in (*MADE, *OPTIONAL)
    ),
    _right(kinds.POD, _Verb.LIST),
    _right(kinds.POD, _Verb.GET, subresource="log"),
    _right(kinds.EVENT, _Verb.LIST, _Verb.CREATE),
)
"""What it does in all namespaces."""

AT_HOME: tuple[rights.Right, ...] = (_right(kinds.LEASE, _Verb.GET, _Verb.CREATE, _Verb.PATCH),)
"""What it does in its own namespace."""


def watched(offers: Iterable[kinds.Kind]) -> tuple[kinds.Kind, ...]:
    """Return the kinds of which installations consist in a cluster with these optional kinds."""
    offered = frozenset(offers)
    return (kinds.NAMESPACE, *MADE, *(kind for kind in OPTIONAL if kind in offered))
