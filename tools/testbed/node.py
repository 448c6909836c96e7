"""How the programs of a real node are called and configured, in a room of their own: containerd, kubelet, proxies.

Pure. The settings say what a machine like ours demands: control groups of the first version, no right to raise
priorities against the out-of-memory killer, a kernel that loads no modules.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from testbed import layout as layouts
from testbed import room

NAME = "node-1"
PODS = "10.244.0.0/24"
PAUSE_IMAGE = "registry.test/pause:1"
SOCKET = "/run/containerd/containerd.sock"
"""Of containerd, in the room."""
DOMAIN = "cluster.local"
PROXY_HEALTH = 10256
"""Port at which kube-proxy says that it is well."""
POLICIES_HEALTH = 20244
"""Port that is open once every network policy was in force."""
NETWORK_PROGRAMS = Path("/usr/lib/cni")
_NETWORK = Path("/etc/cni/net.d")
_PROGRAMS: Mapping[str, str] = {
    "containerd": "containerd",
    "runc": "runc",
    "conntrack": "conntrack",
    "ipset": "ipset",
    "iptables": "iptables",
    "nft": "nftables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "busybox": "busybox-static",
}


def missing() -> Sequence[str]:
    """Return the system's packages that a real node needs and that are not there."""
    needed = [package for program, package in _PROGRAMS.items() if shutil.which(program) is None]
    if not (NETWORK_PROGRAMS / "bridge").exists():
        needed.append("containernetworking-plugins")
    return sorted(set(needed))


def containerd_settings(folder: Path) -> str:
    """Return containerd's configuration.

    Args:
        folder: of the node's own files; the pods' network is described in it.
    """
    return f"""version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
# Lowering a process's score needs a right that containers of a build machine lack.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{NETWORK_PROGRAMS}"
conf_dir = "{folder}"
"""


def network() -> str:
    """Return the description of the pods' network: a bridge, addresses in order, and ports of the node."""
    addresses = {"type": "host-local", "ranges": [[{"subnet": PODS}]], "routes": [{"dst": "0.0.0.0/0"}]}
    bridge = {"type": "bridge", "bridge": "pods0", "isGateway": True, "ipMasq": True, "hairpinMode": True}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    plugins = [{**bridge, "ipam": addresses}, ports]
    return json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": plugins})


def kubelet_settings(layout: layouts.Layout) -> str:
    """Return kubelet's configuration."""
    return yaml.safe_dump(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(layout.certificate("ca"))},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(layout.certificate("kubelet")),
            "tlsPrivateKeyFile": str(layout.key("kubelet")),
            "containerRuntimeEndpoint": f"unix://{SOCKET}",
            "cgroupDriver": "cgroupfs",
            "failCgroupV1": False,
            "failSwapOn": False,
            "resolvConf": "",
            "clusterDomain": DOMAIN,
            "clusterDNS": [layouts.NAME_SERVICE],
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            # It is renewed four times in this time.
            **({} if layout.node_patience is None else {"nodeLeaseDurationSeconds": layout.node_patience}),
        }
    )


def proxy_settings(layout: layouts.Layout) -> str:
    """Return kube-proxy's configuration."""
    return yaml.safe_dump(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clusterCIDR": PODS,
            "hostnameOverride": NAME,
            "clientConnection": {"kubeconfig": str(layout.kubeconfig("kube-proxy"))},
            "conntrack": {"maxPerCore": 0},
            "healthzBindAddress": f"{room.ADDRESS}:{PROXY_HEALTH}",
            "metricsBindAddress": "127.0.0.1:10249",
        }
    )


def containerd(settings: Path) -> Sequence[str]:
    """Return the command of containerd."""
    return (_found("containerd"), f"--config={settings}", f"--address={SOCKET}")


def kubelet(program: Path, layout: layouts.Layout, settings: Path) -> Sequence[str]:
    """Return the command of kubelet."""
    return (
        str(program),
        f"--config={settings}",
        f"--kubeconfig={layout.kubeconfig('kubelet')}",
        f"--hostname-override={NAME}",
        f"--node-ip={room.ADDRESS}",
    )


def proxy(program: Path, settings: Path) -> Sequence[str]:
    """Return the command of kube-proxy."""
    return (str(program), f"--config={settings}")


def policies(program: Path, layout: layouts.Layout) -> Sequence[str]:
    """Return the command of what enforces network policies."""
    return (
        str(program),
        f"--kubeconfig={layout.kubeconfig('policies')}",
        f"--node={NAME}",
        f"--services={layouts.SERVICES}",
        f"--ready={room.ADDRESS}:{POLICIES_HEALTH}",
    )


def api_server() -> dict[str, Any]:
    """Return where the service of the API server leads: to the port that policies elsewhere let pods reach."""
    metadata = {"name": "kubernetes", "namespace": "default", "labels": {"kubernetes.io/service-name": "kubernetes"}}
    return {
        "metadata": metadata,
        "addressType": "IPv4",
        "endpoints": [{"addresses": [room.ADDRESS], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": layouts.NODE_API_PORT, "protocol": "TCP"}],
    }


def volume(number: int, folder: Path) -> dict[str, Any]:
    """Return a volume of the node's own disk, for whoever claims one.

    Args:
        number: tells volumes apart.
        folder: where its content is; it must exist.
    """
    at_node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NAME]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"local-{number}"},
        "spec": {
            "capacity": {"storage": "20Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "local",
            "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [at_node]}]}},
        },
    }


def storage_class() -> dict[str, Any]:
    """Return the class of these volumes; claims that name no class get one of them."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "local", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _found(program: str) -> str:
    return shutil.which(program) or program
