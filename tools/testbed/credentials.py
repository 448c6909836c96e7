"""Who may ask in a test cluster: authorities, the programs' certificates, and the administrator's token, on disk."""

from dataclasses import dataclass, field

from tenantry.kernel import clock as clocks
from tenantry.kernel import randomness as randoms
from testbed import authority, control_plane, kubeconfig, node
from testbed import layout as layouts

ADMINISTRATORS = "system:masters"
API_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
_USERS = {
    "kube-controller-manager": "system:kube-controller-manager",
    "kube-scheduler": "system:kube-scheduler",
}
"""Programs that the API server's own roles know, by their user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """Who may do everything.

    Attributes:
        signer: the cluster's authority.
        token: the bearer token.
    """

    signer: authority.Authority = field(repr=False)
    token: str = field(repr=False)

    @property
    def ca(self) -> bytes:
        """Certificate of the cluster's authority, as PEM."""
        return self.signer.certificate


def write(layout: layouts.Layout, clock: clocks.Clock) -> Administrator:
    """Make all credentials and write them where the programs look for them.

    Args:
        layout: of the cluster; its folders exist.
        clock: says when certificates begin.
    """
    signer = authority.Authority("tenantry-test", clock)
    front = authority.Authority("tenantry-test-front", clock)
    layouts.write_secret(layout.certificate("ca"), signer.certificate)
    layouts.write_secret(layout.certificate("front-ca"), front.certificate)
    _write_pair(layout, "accounts", authority.account_keys())
    _write_pair(layout, "front-proxy", front.client("front-proxy"))
    _write_pair(layout, "kubelet-client", signer.client("kube-apiserver", [ADMINISTRATORS]))
    addresses = [layouts.HOST, layouts.API_SERVICE, *filter(None, [layout.node_address])]
    _write_pair(layout, "kube-apiserver", signer.server("kube-apiserver", names=API_NAMES, addresses=addresses))
    for program, user in _USERS.items():
        _write_pair(layout, program, signer.server(program, names=["localhost"], addresses=[layouts.HOST]))
        _write_kubeconfig(layout, program, signer, signer.client(user))
    _write_kubeconfig(layout, "kwok", signer, signer.client("kwok", [ADMINISTRATORS]))
    if layout.node_address is not None:
        _write_node(layout, signer, layout.node_address)
    token = randoms.SystemRandomness().token_bytes(32).hex()
    layouts.write_secret(control_plane.tokens_file(layout), f'{token},admin,admin,"{ADMINISTRATORS}"\n')
    _write_kubeconfig(layout, "admin", signer, kubeconfig.Token(value=token))
    return Administrator(signer=signer, token=token)


def _write_node(layout: layouts.Layout, signer: authority.Authority, address: str) -> None:
    """Write what the programs of a node need: kubelet may only change its own node and what its pods use."""
    user = signer.client(f"system:node:{node.NAME}", ["system:nodes"])
    text = kubeconfig.render(layout.node_endpoint, signer.certificate, user)
    layouts.write_secret(layout.kubeconfig("kubelet"), text)
    _write_kubeconfig(layout, "policies", signer, signer.client("policies", [ADMINISTRATORS]))
    _write_kubeconfig(layout, "kube-proxy", signer, signer.client("system:kube-proxy"))
    _write_pair(layout, "kubelet", signer.server(node.NAME, names=[node.NAME], addresses=[address]))


def _write_pair(layout: layouts.Layout, name: str, pair: authority.Pair) -> None:
    layouts.write_secret(layout.certificate(name), pair.certificate)
    layouts.write_secret(layout.key(name), pair.key)


def _write_kubeconfig(
    layout: layouts.Layout, name: str, signer: authority.Authority, credential: kubeconfig.Credential
) -> None:
    text = kubeconfig.render(layout.endpoint, signer.certificate, credential)
    layouts.write_secret(layout.kubeconfig(name), text)
