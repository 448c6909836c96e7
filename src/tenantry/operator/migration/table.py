"""Everything that a migration does with the API server: the client keeps to it, and the role is it.

It is a role of its own, to be given for as long as objects are brought over, and it holds the former kind.
"""

from tenantry.kubernetes import kinds, rights
from tenantry.operator.controller import roles
from tenantry.operator.controller import table as operators
from tenantry.operator.migration import mapping as mappings

NAME = "tenantry-migration"

_Verb = rights.Verb
_OWN = (kinds.VOLUME_CLAIM, kinds.SECRET, kinds.SERVICE)


def _right(kind: kinds.Kind, *verbs: rights.Verb, subresource: str = "") -> rights.Right:
    return rights.Right(kind=kind, verbs=frozenset(verbs), subresource=subresource)


def resources(mapping: mappings.Migration) -> tuple[rights.Right, ...]:
    """Return what bringing objects of a former kind over takes."""
    made = (each for each in (*operators.MADE, *operators.OPTIONAL) if each not in (*_OWN, kinds.DEPLOYMENT))
    return (
        _right(mapping.kind, _Verb.GET, _Verb.LIST, _Verb.PATCH),
        # Naming an owner that is not to go first takes the right to write its finalisers.
        _right(mapping.kind, _Verb.UPDATE, subresource="finalizers"),
        _right(kinds.INSTALLATION, _Verb.GET, _Verb.CREATE, _Verb.PATCH, _Verb.DELETE),
        _right(kinds.INSTALLATION, _Verb.PATCH, subresource="status"),
        _right(kinds.INSTALLATION, _Verb.UPDATE, subresource="finalizers"),
        _right(kinds.APPLICATION, _Verb.GET),
        *(_right(kind, _Verb.GET, _Verb.PATCH) for kind in _OWN),
        _right(kinds.DEPLOYMENT, _Verb.GET, _Verb.PATCH, _Verb.DELETE),
        _right(kinds.REPLICA_SET, _Verb.LIST, _Verb.PATCH),
        _right(kinds.POD, _Verb.LIST),
        _right(kinds.ENDPOINT_SLICE, _Verb.LIST),
        # Whether a name is taken that the operator would need.
        *(_right(kind, _Verb.GET) for kind in made),
    )


def storage(kind: kinds.Kind) -> tuple[rights.Right, ...]:
    """Return what writing stored objects of a kind anew takes."""
    return (
        _right(kind, _Verb.LIST, _Verb.PATCH),
        _right(kinds.DEFINITION, _Verb.GET),
        _right(kinds.DEFINITION, _Verb.PATCH, subresource="status"),
    )


def cluster_role(mapping: mappings.Migration) -> kinds.Object:
    """Return the role for bringing objects of a former kind over."""
    return roles.role("ClusterRole", NAME, resources(mapping))
