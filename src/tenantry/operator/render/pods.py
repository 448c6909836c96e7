"""Pods: what a program needs around it, and nothing that the Pod Security standard *restricted* does not allow."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tenantry.application import rendering
from tenantry.operator.render import accounts, amounts, configuration, frame, objects, storage

_SCRATCH = {"home": (str(frame.HOME), "256Mi"), "tmp": (str(frame.TEMPORARY), "1Gi")}
"""Folders that a program may write to and that are gone with the pod: name → path and size."""

_PREFERRED = 100


def spec(
    framed: frame.Frame,
    container: dict[str, Any],
    *,
    configured: configuration.Configured,
    mounted: Sequence[str],
) -> dict[str, Any]:
    """Return the spec of a pod with one container.

    Args:
        framed: the installation.
        container: what the container has beside its surroundings; `name` is needed.
        configured: its program.
        mounted: the volumes that it uses.
    """
    user = framed.version.image_user
    return {
        "serviceAccountName": accounts.name(framed.wanted),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(framed, container, configured=configured, mounted=mounted)],
        "volumes": _volumes(framed, configured, mounted),
    }


def resources(given: rendering.Resources) -> dict[str, Any]:
    """Return what a container gets: memory is a bound, processor time a share of what is there."""
    memory = amounts.count(given.memory_bytes)
    return {"requests": {"cpu": amounts.processor(given.cpu_millis), "memory": memory}, "limits": {"memory": memory}}


def near_volumes(framed: frame.Frame, mounted: Iterable[str], *, besides: str = "") -> dict[str, Any]:
    """Return where a pod wants to be: on the node of those that use the same volumes, since most attach to one only.

    Args:
        framed: the installation.
        mounted: the volumes that the pod uses.
        besides: the pod's own workload.
    """
    others = sorted({user for name in mounted for user in storage.users(framed, name)} - {besides})
    if not others:
        return {}
    terms = [
        {
            "weight": _PREFERRED,
            "podAffinityTerm": {
                "topologyKey": "kubernetes.io/hostname",
                "labelSelector": {"matchLabels": objects.selector(framed.wanted, each)},
            },
        }
        for each in others
    ]
    return {"affinity": {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": terms}}}


def _container(
    framed: frame.Frame,
    container: Mapping[str, Any],
    *,
    configured: configuration.Configured,
    mounted: Sequence[str],
) -> dict[str, Any]:
    return {
        "image": framed.image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(configured.program.command),
        "workingDir": str(frame.HOME),
        "env": [*configured.environment(), *_surroundings(configured)],
        **container,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": _mounts(configured, mounted),
    }


def _surroundings(configured: configuration.Configured) -> list[dict[str, str]]:
    """Return the variables that every program has, except those that it sets itself."""
    own = configured.program.plain.keys() | configured.program.secret.keys()
    common = {
        "HOME": str(frame.HOME),
        "TMPDIR": str(frame.TEMPORARY),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return [{"name": name, "value": value} for name, value in common.items() if name not in own]


def _volumes(framed: frame.Frame, configured: configuration.Configured, mounted: Sequence[str]) -> list[dict[str, Any]]:
    scratch = [{"name": name, "emptyDir": {"sizeLimit": size}} for name, (_, size) in _SCRATCH.items()]
    files = [configuration.volume(configured)] if configured.sources else []
    return [*scratch, *files, *storage.volumes(framed, mounted)]


def _mounts(configured: configuration.Configured, mounted: Sequence[str]) -> list[dict[str, Any]]:
    scratch = [{"name": name, "mountPath": path} for name, (path, _) in _SCRATCH.items()]
    files = [{"name": configuration.MOUNT, "mountPath": str(frame.CONFIGURATION), "readOnly": True}]
    return [*scratch, *(files if configured.sources else []), *storage.mounts(mounted)]
