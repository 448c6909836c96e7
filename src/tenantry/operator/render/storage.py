"""Volumes: claims that last as long as the installation, and longer where its deletion policy says so."""

from collections.abc import Iterable
from typing import Any

from tenantry.application import manifest, needs
from tenantry.kubernetes import kinds
from tenantry.operator.render import amounts, frame, names, objects
from tenantry.runtime import document

VOLUME = "tenantry.dev/volume"
"""Label: which of the installation's volumes it is."""

_ONE_POD = "ReadWriteOnce"
_MANY_PODS = "ReadWriteMany"


def claims(framed: frame.Frame) -> list[objects.Object]:
    """Return the claims."""
    return [_claim(framed, need) for need in framed.spec.needs.volumes]


def volumes(framed: frame.Frame, mounted: Iterable[str]) -> list[dict[str, Any]]:
    """Return the volumes of a pod."""
    return [
        {"name": _volume(name), "persistentVolumeClaim": {"claimName": claim_name(framed, name)}} for name in mounted
    ]


def mounts(mounted: Iterable[str]) -> list[dict[str, Any]]:
    """Return where a container finds them."""
    return [{"name": _volume(name), "mountPath": frame.volume_path(name)} for name in mounted]


def mentioned(framed: frame.Frame, texts: Iterable[str]) -> list[str]:
    """Return the volumes whose path stands in one of the texts."""
    text = "\0".join(texts)
    return [need.name for need in framed.spec.needs.volumes if frame.volume_path(need.name) in text]


def users(framed: frame.Frame, volume: str) -> list[str]:
    """Return the workloads that use a volume."""
    return [each.name for each in framed.spec.workloads if volume in [mount.name for mount in each.volumes]]


def claim_name(framed: frame.Frame, volume: str) -> str:
    """Return the name of a volume's claim."""
    return framed.name(names.kebab(volume))


def _claim(framed: frame.Frame, need: needs.VolumeNeed) -> objects.Object:
    facts = framed.wanted.facts
    is_shared = _pods(framed, need.name) > 1 and facts.shared_storage_class is not None
    storage_class = facts.shared_storage_class if is_shared else facts.storage_class
    spec: dict[str, Any] = {
        "accessModes": [_MANY_PODS if is_shared else _ONE_POD],
        "resources": {"requests": {"storage": amounts.size(need.size)}},
    }
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    return objects.make(
        framed.wanted,
        kinds.VOLUME_CLAIM,
        claim_name(framed, need.name),
        {"spec": spec},
        labels={VOLUME: names.label_value(need.name)},
        is_owned=framed.wanted.installation.spec.deletion_policy is document.DeletionPolicy.DELETE,
    )


def _pods(framed: frame.Frame, volume: str) -> int:
    """Return how many pods may use the volume in the largest size, since a claim's way of access cannot change."""
    return max(sum(_copies(size, name) for name in users(framed, volume)) for size in framed.spec.sizes)


def _copies(size: manifest.Size, workload: str) -> int:
    share = size.workloads.get(workload, manifest.WorkloadSize())
    return share.replicas if share.scale is None else share.scale.up_to


def _volume(name: str) -> str:
    return f"volume-{names.kebab(name)}"
