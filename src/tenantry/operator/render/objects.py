"""What all rendered objects have in common: labels, owner, and a digest by which a change is seen without comparing."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from tenantry.kubernetes import kinds
from tenantry.operator.render import names
from tenantry.operator.render import wanted as wants

Object = kinds.Object

DOMAIN = "tenantry.dev/"
"""All labels and annotations of ours begin with it."""
INSTALLATION = "tenantry.dev/installation"
"""Label: whose object it is."""
WORKLOAD = "tenantry.dev/workload"
"""Label: which workload it belongs to; also the selector, which can never change."""
JOB = "tenantry.dev/job"
"""Label: which job it belongs to."""
HASH = "tenantry.dev/rendered-hash"
"""Annotation: a digest of the object as it was rendered."""
MANAGER = "tenantry-operator"
"""Who manages the objects: the value of a label, and the field manager."""

COMPONENT = "app.kubernetes.io/component"
"""Label: the workload, as other tools know it."""

VERSION = "app.kubernetes.io/version"
"""Label of what runs: the version."""
_DIGEST = 24


def make(
    wanted: wants.Wanted,
    kind: kinds.Kind,
    name: str,
    body: Mapping[str, Any],
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    is_owned: bool = True,
) -> Object:
    """Return an object, ready to be applied.

    Args:
        wanted: whose it is.
        kind: of which kind.
        name: its name, a DNS label.
        body: everything but `apiVersion`, `kind` and `metadata`.
        labels: in addition to those that all objects have.
        annotations: in addition to the digest.
        is_owned: whether it goes when the installation goes.
    """
    metadata: dict[str, Any] = {"name": name}
    if kind.is_namespaced:
        metadata["namespace"] = wanted.namespace
    metadata["labels"] = common_labels(wanted) | dict(labels or {})
    metadata["annotations"] = dict(annotations or {})
    if is_owned and wanted.uid is not None:
        metadata["ownerReferences"] = [owner(wanted.name, wanted.uid)]
    return sealed({"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **body})


def sealed(rendered: Object) -> Object:
    """Return the object with the annotation that holds its digest."""
    metadata = rendered["metadata"]
    annotations = {key: value for key, value in metadata.get("annotations", {}).items() if key != HASH}
    bare = {**rendered, "metadata": {**metadata, "annotations": annotations}}
    return {**bare, "metadata": {**metadata, "annotations": {**annotations, HASH: digest(bare)}}}


def digest(value: object) -> str:
    """Return a short digest of anything that JSON can hold; the order of keys does not matter."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_DIGEST]


def owner(name: str, uid: str) -> dict[str, Any]:
    """Return the reference to an Installation that controls an object."""
    return {
        "apiVersion": kinds.INSTALLATION.api_version,
        "kind": kinds.INSTALLATION.kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def common_labels(wanted: wants.Wanted) -> dict[str, str]:
    """Return the labels of every object of the installation."""
    return {
        "app.kubernetes.io/name": wanted.installation.spec.application,
        "app.kubernetes.io/instance": wanted.name,
        "app.kubernetes.io/managed-by": MANAGER,
        INSTALLATION: wanted.name,
    }


def component_labels(workload: str) -> dict[str, str]:
    """Return the labels of what belongs to a workload, except those that all objects have."""
    return {COMPONENT: workload, WORKLOAD: workload}


def workload_labels(wanted: wants.Wanted, workload: str) -> dict[str, str]:
    """Return the labels of what runs a workload, and of its pods, except those that all objects have.

    The version is here and nowhere else, so that a new version changes no object that it does not concern.
    """
    version = names.label_value(wanted.installation.spec.version)
    return component_labels(workload) | {VERSION: version}


def selector(wanted: wants.Wanted, workload: str) -> dict[str, str]:
    """Return what selects the pods of a workload."""
    return {INSTALLATION: wanted.name, WORKLOAD: workload}
