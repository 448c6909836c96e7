"""How the programs of a control plane are called: pure, one function for each program.

Leader election is off, since there is one of each. Clients' own rate limits are lifted, so that what is measured is
the API server and not a default; the test cluster is for one machine and nobody else is held up.
"""

from collections.abc import Sequence
from pathlib import Path

from testbed import layout as layouts

Command = Sequence[str]

_FASTER = ("--kube-api-qps=200", "--kube-api-burst=400")


def etcd(program: Path, layout: layouts.Layout) -> Command:
    """Return the command of etcd; what it keeps need not survive the machine, so it waits for no disk."""
    peers = f"http://{layouts.HOST}:{layout.ports['etcd-peers']}"
    return (
        str(program),
        f"--data-dir={layout.etcd_data}",
        f"--listen-client-urls={layout.etcd}",
        f"--advertise-client-urls={layout.etcd}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    )


def api_server(program: Path, layout: layouts.Layout) -> Command:
    """Return the command of the API server: certificates, tokens and roles as in production."""
    return (
        str(program),
        f"--etcd-servers={layout.etcd}",
        *_reachable(layout),
        f"--secure-port={layout.ports['kube-apiserver']}",
        f"--service-cluster-ip-range={layouts.SERVICES}",
        f"--tls-cert-file={layout.certificate('kube-apiserver')}",
        f"--tls-private-key-file={layout.key('kube-apiserver')}",
        f"--client-ca-file={layout.certificate('ca')}",
        f"--token-auth-file={tokens_file(layout)}",
        "--authorization-mode=Node,RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={layout.certificate('accounts')}",
        f"--service-account-signing-key-file={layout.key('accounts')}",
        f"--kubelet-client-certificate={layout.certificate('kubelet-client')}",
        f"--kubelet-client-key={layout.key('kubelet-client')}",
        f"--requestheader-client-ca-file={layout.certificate('front-ca')}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={layout.certificate('front-proxy')}",
        f"--proxy-client-key-file={layout.key('front-proxy')}",
        "--allow-privileged=true",
        "--shutdown-delay-duration=0s",
    )


def controller_manager(program: Path, layout: layouts.Layout) -> Command:
    """Return the command of the controllers; each acts as an account of its own, as in production."""
    return (
        str(program),
        *_served("kube-controller-manager", layout),
        f"--kubeconfig={layout.kubeconfig('kube-controller-manager')}",
        f"--service-account-private-key-file={layout.key('accounts')}",
        f"--root-ca-file={layout.certificate('ca')}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        *_watched_nodes(layout),
        *_FASTER,
    )


def scheduler(program: Path, layout: layouts.Layout) -> Command:
    """Return the command of the scheduler."""
    return (
        str(program),
        *_served("kube-scheduler", layout),
        f"--kubeconfig={layout.kubeconfig('kube-scheduler')}",
        "--leader-elect=false",
        "--kube-api-qps=300",
        "--kube-api-burst=600",
    )


def kwok(program: Path, layout: layouts.Layout, stages: Path) -> Command:
    """Return the command of kwok, which plays the nodes that carry its annotation, and the pods on them."""
    return (
        str(program),
        f"--kubeconfig={layout.kubeconfig('kwok')}",
        f"--config={stages}",
        "--manage-all-nodes=false",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--node-lease-duration-seconds=40",
        f"--cidr={layouts.PODS}",
        f"--server-address={layouts.HOST}:{layout.ports['kwok']}",
    )


def tokens_file(layout: layouts.Layout) -> Path:
    """Return the file of tokens that the API server knows from its start."""
    return layout.secrets / "tokens.csv"


def _reachable(layout: layouts.Layout) -> Command:
    # Its service leads to where we say, if anywhere: it would refuse loopback, and our ports are never the usual ones.
    shared = (f"--bind-address={layouts.HOST}", "--endpoint-reconciler-type=none")
    if layout.node_address is None:
        return shared
    return (
        *shared,
        f"--advertise-address={layout.node_address}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={layout.certificate('ca')}",
    )


def _watched_nodes(layout: layouts.Layout) -> Command:
    if layout.node_patience is None:
        return ()
    return ("--node-monitor-period=1s", f"--node-monitor-grace-period={layout.node_patience}s")


def _served(name: str, layout: layouts.Layout) -> Command:
    return (
        f"--bind-address={layouts.HOST}",
        f"--secure-port={layout.ports[name]}",
        f"--tls-cert-file={layout.certificate(name)}",
        f"--tls-private-key-file={layout.key(name)}",
    )
