"""Accounts of a cluster that may do exactly what a provisioner does there."""

from datetime import timedelta

from pydantic import SecretStr

from tenantry.kubernetes import kinds, rights
from tenantry.provisioner.adapters.kubernetes import access
from testbed import accounts, kubeconfig
from testbed import cluster as clusters
from testbed.api import Api

HOME = "default"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_GROUP = "rbac.authorization.k8s.io"


class Account:
    """A service account with exactly the provisioner's rights."""

    def __init__(self, up: clusters.Cluster, api: Api, name: str) -> None:
        """Take the cluster, a connection as its administrator, and the account's name."""
        self.up = up
        self.api = api
        self.name = name

    async def make(self) -> None:
        """Make it, with its role."""
        metadata = {"name": self.name}
        await self.api.apply(
            kinds.SERVICE_ACCOUNT.path(HOME, self.name),
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        )
        head = {"apiVersion": f"{_GROUP}/v1", "metadata": metadata}
        role = head | {"kind": "ClusterRole", "rules": rights.rules(access.RIGHTS)}
        await self.api.apply(f"{_RBAC}/clusterroles/{self.name}", role)
        subject = {"kind": "ServiceAccount", "name": self.name, "namespace": HOME}
        reference = {"apiGroup": _GROUP, "kind": "ClusterRole", "name": self.name}
        binding = head | {"kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": reference}
        await self.api.apply(f"{_RBAC}/clusterrolebindings/{self.name}", binding)

    async def revoke(self) -> None:
        """Take the account away, and with it every token; the role stays for the next of this name."""
        await self.api.delete(kinds.SERVICE_ACCOUNT.path(HOME, self.name))

    async def remove(self) -> None:
        """Leave nothing behind."""
        await self.revoke()
        for each in ("clusterrolebindings", "clusterroles"):
            await self.api.delete(f"{_RBAC}/{each}/{self.name}")

    async def kubeconfig(self) -> SecretStr:
        """Return a kubeconfig with a new token."""
        token = kubeconfig.Token(value=await accounts.token(self.api, HOME, self.name))
        return SecretStr(kubeconfig.render(self.up.endpoint, self.up.ca, token))

    def certified(self, lifetime: timedelta) -> SecretStr:
        """Return a kubeconfig with a certificate instead, by which the cluster takes us for the account."""
        shown = self.up.signer.client(f"system:serviceaccount:{HOME}:{self.name}", lifetime=lifetime)
        return SecretStr(kubeconfig.render(self.up.endpoint, self.up.ca, shown))
