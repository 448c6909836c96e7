"""Who keeps an object in a cluster, as it says itself: Helm, Flux and Argo CD leave marks, and so do we. Pure."""

from collections.abc import Mapping

from tenantry.kubernetes import kinds, parts

OURS = "tenantry"
"""How we are told from others."""

LABEL = "app.kubernetes.io/managed-by"
FIELD_MANAGER = "tenantry-provisioner"
"""What the label says of what the provisioner keeps, and whose fields these are."""

_MARKS: Mapping[str, str] = {
    "helm.toolkit.fluxcd.io/name": "Flux",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "meta.helm.sh/release-name": "Helm",
}


def of(item: kinds.Object) -> str | None:
    """Return who keeps an object, in one word; None where nothing says it.

    What we keep now may still bear the mark of who kept it before, so our own label comes first.
    """
    about = parts.mapping(item, "metadata")
    labels: Mapping[str, str] = about.get("labels") or {}
    if labels.get(LABEL) == FIELD_MANAGER:
        return OURS
    marks = {**labels, **parts.mapping(about, "annotations")}
    for mark, manager in _MARKS.items():
        if mark in marks:
            return manager
    return labels.get(LABEL) or _field_manager(about)


def _field_manager(about: Mapping[str, object]) -> str | None:
    """Return who wrote its fields first; whoever writes only its status does not keep it."""
    for each in parts.listed(about, "managedFields"):
        if not each.get("subresource"):
            return str(each["manager"])
    return None
