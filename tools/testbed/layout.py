"""Where a test cluster keeps what it needs, and where it listens: everything in one folder and on loopback."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tenantry.kernel import randomness as randoms
from tenantry.local import ports

HOST = "127.0.0.1"
SERVICES = "10.96.0.0/16"
"""Addresses of services; the first is the API server's."""
API_SERVICE = "10.96.0.1"
NAME_SERVICE = "10.96.0.10"
NODE_API_PORT = 6443
"""Port of a real node at which it and its pods find the API server, as on clusters elsewhere."""
PODS = "10.64.0.1/12"
"""Addresses that pretended pods are given."""

_LISTENERS = ("etcd", "etcd-peers", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The files and ports of one cluster.

    Attributes:
        folder: where all files are.
        ports: by the name of who listens.
        node_address: address of a real node, by which it and its pods reach the API server; None where there is none.
        node_patience: after so many seconds without a word from it, a node is taken for away; None leaves that to
            Kubernetes.
    """

    folder: Path
    ports: Mapping[str, int]
    node_address: str | None = None
    node_patience: int | None = None

    @property
    def secrets(self) -> Path:
        """Folder of keys, certificates and tokens."""
        return self.folder / "secrets"

    @property
    def logs(self) -> Path:
        """Folder of logs."""
        return self.folder / "logs"

    @property
    def etcd_data(self) -> Path:
        """Folder of etcd's data."""
        return self.folder / "etcd"

    @property
    def etcd(self) -> str:
        """URL of etcd."""
        return f"http://{HOST}:{self.ports['etcd']}"

    @property
    def endpoint(self) -> str:
        """URL of the API server."""
        return f"https://{HOST}:{self.ports['kube-apiserver']}"

    @property
    def node_endpoint(self) -> str:
        """URL of the API server as a real node has it; nobody else takes this way, so that it can be cut."""
        return f"https://{self.node_address}:{NODE_API_PORT}"

    def log(self, program: str) -> Path:
        """Return the log of a program."""
        return self.logs / f"{program}.log"

    def certificate(self, name: str) -> Path:
        """Return the file of a certificate."""
        return self.secrets / f"{name}.crt"

    def key(self, name: str) -> Path:
        """Return the file of a key."""
        return self.secrets / f"{name}.key"

    def kubeconfig(self, name: str) -> Path:
        """Return the kubeconfig file of a user."""
        return self.secrets / f"{name}.kubeconfig"


def choose(folder: Path, *, node_address: str | None = None, node_patience: int | None = None) -> Layout:
    """Return a layout with ports that are free now.

    Args:
        folder: where all files go.
        node_address: of a real node, where there is one.
        node_patience: how long it is waited for, if it is not to be as usual.
    """
    chosen = ports.choose(_LISTENERS, {}, randoms.SystemRandomness())
    return Layout(folder=folder, ports=chosen, node_address=node_address, node_patience=node_patience)


def prepare(layout: Layout) -> None:
    """Make the folders; only we may look into them."""
    for each in (layout.folder, layout.secrets, layout.logs, layout.etcd_data):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_secret(path: Path, content: bytes | str) -> None:
    """Write a file that only we may read."""
    path.touch(mode=0o600)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
