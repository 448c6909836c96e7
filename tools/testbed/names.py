"""The name server of a real node: a pod behind a service, as in other clusters, so policies can tell who answers names.

Pure, but for its image, which is written.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from testbed import archive, layout, node

PORT = 53
_NAMESPACE = "kube-system"
_NAME = "coredns"
_LABELS = {"k8s-app": "kube-dns"}
_HEALTH = 8181
_PROGRAM = PurePosixPath("/coredns")
_SETTINGS = PurePosixPath("/Corefile")
_ROLES = "/apis/rbac.authorization.k8s.io/v1"
POD = f"/api/v1/namespaces/{_NAMESPACE}/pods/{_NAME}"
"""Where it is told of."""


def image(program: Path, folder: Path) -> archive.Written:
    """Write the image of the name server, and return it.

    Args:
        program: the server; it needs no libraries.
        folder: where the archive goes.
    """
    content = [archive.Entry(path=_PROGRAM, source=program), archive.Entry(path=_SETTINGS, text=_settings())]
    made = archive.Image(name="registry.test/coredns:1", layers=[content], user=0)
    return archive.write(made, folder / "coredns.tar")


def objects(reference: str) -> Sequence[tuple[str, dict[str, Any]]]:
    """Return what the name server consists of, each with the path where it is created.

    Args:
        reference: its image.
    """
    metadata = {"name": _NAME, "namespace": _NAMESPACE, "labels": _LABELS}
    subject = {"kind": "ServiceAccount", "name": _NAME, "namespace": _NAMESPACE}
    binding = {
        "metadata": metadata,
        "subjects": [subject],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _NAME},
    }
    return [
        (f"/api/v1/namespaces/{_NAMESPACE}/serviceaccounts", {"metadata": metadata}),
        (f"{_ROLES}/clusterroles", {"metadata": {"name": _NAME}, "rules": _rules()}),
        (f"{_ROLES}/clusterrolebindings", {**binding, "metadata": {"name": _NAME}}),
        (
            f"/api/v1/namespaces/{_NAMESPACE}/services",
            {"metadata": {**metadata, "name": "kube-dns"}, "spec": _service()},
        ),
        (f"/api/v1/namespaces/{_NAMESPACE}/pods", {"metadata": metadata, "spec": _pod(reference)}),
    ]


def _settings() -> str:
    """Return its configuration: it knows the cluster's names, and nobody else's."""
    return f""".:{PORT} {{
    errors
    ready :{_HEALTH}
    cache 5
    kubernetes {node.DOMAIN} in-addr.arpa {{
        ttl 5
    }}
}}
"""


def _rules() -> Sequence[dict[str, Any]]:
    seen = {"": ["endpoints", "services", "pods", "namespaces"], "discovery.k8s.io": ["endpointslices"]}
    return [{"apiGroups": [group], "resources": kinds, "verbs": ["list", "watch"]} for group, kinds in seen.items()]


def _service() -> dict[str, Any]:
    ports = [{"name": name, "port": PORT, "protocol": protocol} for name, protocol in (("dns", "UDP"), ("tcp", "TCP"))]
    return {"clusterIP": layout.NAME_SERVICE, "selector": _LABELS, "ports": ports}


def _pod(reference: str) -> dict[str, Any]:
    allowed = {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}
    return {
        "serviceAccountName": _NAME,
        # Where it runs it stays, however long its node says nothing.
        "nodeName": node.NAME,
        "tolerations": [{"operator": "Exists"}],
        "dnsPolicy": "Default",
        "containers": [
            {
                "name": _NAME,
                "image": reference,
                "imagePullPolicy": "Never",
                "command": [str(_PROGRAM), f"-conf={_SETTINGS}"],
                "ports": [{"containerPort": PORT, "protocol": protocol} for protocol in ("UDP", "TCP")],
                "readinessProbe": {"httpGet": {"path": "/ready", "port": _HEALTH}, "periodSeconds": 1},
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": allowed},
            }
        ],
    }
