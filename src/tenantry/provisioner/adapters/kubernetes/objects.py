"""Documents as objects in a cluster, and back. Pure.

Each installation has a namespace of its own name, in which everything of it is. Kubernetes counts changes of `spec` by
itself, so our own generation travels as an annotation, and what is reported is told in our counting again.
"""

import base64
from collections.abc import Mapping
from typing import Any

from tenantry.application import manifest
from tenantry.kubernetes import documents, kinds
from tenantry.runtime import contract, document

GENERATION = "tenantry.dev/provisioner-generation"
"""Annotation: the generation of the document that was handed over."""

RETAINED = "tenantry.dev/retained"
"""Annotation of a namespace whose volumes outlive the installation."""

HANDED_OVER = {"tenantry.dev/handed-over": "true"}
"""Label of all that the provisioner puts into a cluster; what others put there is theirs."""

SELECTOR = "tenantry.dev/handed-over=true"

_STANDARD = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}


def namespace(name: str, policy: document.DeletionPolicy) -> kinds.Object:
    """Return the namespace of an installation."""
    is_retained = str(policy is document.DeletionPolicy.RETAIN).lower()
    metadata = {"name": name, "labels": {**HANDED_OVER, **_STANDARD}, "annotations": {RETAINED: is_retained}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def is_retained(given: kinds.Object) -> bool:
    """Tell whether a namespace is kept when its installation is gone."""
    return _annotations(given).get(RETAINED) == "true"


def secrets(bundle: document.InstallationBundle) -> list[kinds.Object]:
    """Return the Secrets that were handed over with a document.

    Their values are in `data`: whoever applies `stringData` owns nothing of what becomes of it, so that a key which is
    left out the next time would stay for ever.
    """
    within = bundle.installation.metadata.name
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {"name": each.name, "namespace": within, "labels": HANDED_OVER},
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in each.data.items()},
        }
        for each in bundle.secrets
    ]


def without(wanted: kinds.Object, present: kinds.Object) -> kinds.Object | None:
    """Return what takes from a Secret all that is not wanted of it; None where there is nothing of the kind.

    Earlier versions of ours applied `stringData`, so that applying the Secret anew takes none of it away.
    """
    data: Mapping[str, str] = present.get("data") or {}
    unwanted = sorted(data.keys() - wanted["data"].keys())
    return {"data": dict.fromkeys(unwanted)} if unwanted else None


def installation(given: document.Installation) -> kinds.Object:
    """Return the Installation to be applied; it stays until it is cleaned up, as the operator would have it anyway."""
    made = documents.written(given, namespace=given.metadata.name)
    metadata: dict[str, Any] = made["metadata"]
    labels = {**metadata.get("labels", {}), **HANDED_OVER}
    annotations = {**metadata.get("annotations", {}), GENERATION: str(given.metadata.generation)}
    held = {"labels": labels, "annotations": annotations, "finalizers": [documents.FINALISER]}
    return {**made, "metadata": {**metadata, **held}}


def application(given: manifest.Application) -> kinds.Object:
    """Return the Application to be applied."""
    made = documents.written(given)
    metadata: dict[str, Any] = made["metadata"]
    labels = {**metadata.get("labels", {}), **HANDED_OVER}
    annotations = {**metadata.get("annotations", {}), GENERATION: str(given.metadata.generation)}
    return {**made, "metadata": {**metadata, "labels": labels, "annotations": annotations}}


def generation(given: kinds.Object) -> int:
    """Return our own count of an object's changes; 0 where it was not we who applied it."""
    found = _annotations(given).get(GENERATION, "")
    return int(found) if found.isdigit() else 0


def observed(given: kinds.Object) -> document.Installation:
    """Return an Installation in our counting.

    A status is of our generation once the operator has seen the object as it is, and of an earlier one before.

    Raises:
        documents.ObjectInvalidError: the object cannot be understood.
    """
    found = documents.installation(given)
    ours, theirs = generation(given), found.metadata.generation
    metadata = found.metadata.model_copy(update={"generation": ours})
    return found.model_copy(update={"metadata": metadata, "status": _counted(found.status, ours, theirs, given)})


def is_at_home(given: kinds.Object) -> bool:
    """Tell whether an Installation is where one was handed over: a copy elsewhere is somebody's own, with our label."""
    about = given["metadata"]
    return about["namespace"] == about["name"]


def told(given: kinds.Object) -> contract.Told:
    """Return what a watch tells of one object: of what cannot be read, no more than that it is there."""
    name: str = given["metadata"]["name"]
    try:
        return contract.InstallationObserved(name=name, installation=observed(given))
    except documents.ObjectInvalidError as error:
        return contract.InstallationNotUnderstood(name=name, problem=error.message)


def prepared(given: kinds.Object) -> manifest.Application:
    """Return an Application with the status of its versions: an image is there, or it is not.

    Raises:
        documents.ObjectInvalidError: the object cannot be understood.
    """
    found = documents.application(given)
    ours = generation(given)
    status = manifest.ApplicationStatus(
        observed_generation=ours, versions=[_version_status(each) for each in found.spec.versions]
    )
    return found.model_copy(
        update={"metadata": found.metadata.model_copy(update={"generation": ours}), "status": status}
    )


def _version_status(version: manifest.Version) -> manifest.VersionStatus:
    if version.image is not None:
        return manifest.VersionStatus(version=version.version, phase=manifest.VersionPhase.PREPARED)
    message = "It has no container image, so it cannot run on Kubernetes. Set “image” in the manifest."
    return manifest.VersionStatus(version=version.version, phase=manifest.VersionPhase.FAILED, message=message)


def _counted(
    status: document.InstallationStatus | None, ours: int, theirs: int, given: kinds.Object
) -> document.InstallationStatus:
    is_leaving = given["metadata"].get("deletionTimestamp") is not None
    if status is None:
        phase = document.Phase.TERMINATING if is_leaving else document.Phase.PENDING
        return document.InstallationStatus(phase=phase)
    of_ours = ours if status.observed_generation == theirs else max(0, ours - 1)
    conditions = [
        each.model_copy(
            update={"observed_generation": ours if each.observed_generation == theirs else max(0, ours - 1)}
        )
        for each in status.conditions
    ]
    return status.model_copy(update={"observed_generation": of_ours, "conditions": conditions})


def _annotations(given: kinds.Object) -> Mapping[str, str]:
    return given["metadata"].get("annotations") or {}
