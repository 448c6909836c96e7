"""What the provisioner may do in a cluster: the table its client keeps to, and from which its role is written."""

from tenantry.kubernetes import kinds, rights
from tenantry.provisioner.adapters.kubernetes import addons

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
