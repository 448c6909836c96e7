"""The provisioner's credentials for a cluster are revoked: that is told of it, and new ones are taken up at once."""

from collections.abc import AsyncGenerator

import pytest
from pydantic import SecretStr

from support import operator_stage, provisioner_stage
from tenantry.cli import explaining
from tenantry.kubernetes import kinds, rights
from tenantry.provisioner.adapters.kubernetes import access
from tenantry.wire import infrastructure, installations
from testbed import accounts, kubeconfig

Status = installations.Status
WITHIN = 90.0
HOME = "default"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_GROUP = "rbac.authorization.k8s.io"


class Account:
    """A service account with exactly the provisioner's rights."""

    def __init__(self, stage: operator_stage.Stage, name: str) -> None:
        """Take the cluster, and its name."""
        self.stage = stage
        self.name = name

    async def make(self) -> None:
        """Make it, with its role."""
        api, metadata = self.stage.api, {"name": self.name}
        await api.apply(
            kinds.SERVICE_ACCOUNT.path(HOME, self.name),
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        )
        head = {"apiVersion": f"{_GROUP}/v1", "metadata": metadata}
        role = head | {"kind": "ClusterRole", "rules": rights.rules(access.RIGHTS)}
        await api.apply(f"{_RBAC}/clusterroles/{self.name}", role)
        subject = {"kind": "ServiceAccount", "name": self.name, "namespace": HOME}
        reference = {"apiGroup": _GROUP, "kind": "ClusterRole", "name": self.name}
        binding = head | {"kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": reference}
        await api.apply(f"{_RBAC}/clusterrolebindings/{self.name}", binding)

    async def revoke(self) -> None:
        """Take the account away, and with it every token; the role stays for the next of this name."""
        await self.stage.api.delete(kinds.SERVICE_ACCOUNT.path(HOME, self.name))

    async def remove(self) -> None:
        """Leave nothing behind."""
        await self.revoke()
        for each in ("clusterrolebindings", "clusterroles"):
            await self.stage.api.delete(f"{_RBAC}/{each}/{self.name}")

    async def kubeconfig(self) -> SecretStr:
        """Return a kubeconfig with a new token."""
        up = self.stage.up
        token = kubeconfig.Token(value=await accounts.token(self.stage.api, HOME, self.name))
        return SecretStr(kubeconfig.render(up.endpoint, up.ca, token))


@pytest.fixture
async def account(stage: operator_stage.Stage) -> AsyncGenerator[Account]:
    made = Account(stage, operator_stage.fresh("provisioner"))
    await made.make()
    yield made
    await made.remove()


async def test_revoked_ones_are_told_and_renewed_ones_are_used_at_once(
    place: provisioner_stage.Place, account: Account
) -> None:
    async with provisioner_stage.opened(place) as provisioner:
        clients = provisioner.client
        given = await account.kubeconfig()
        await clients.clusters.register(infrastructure.RegisterCluster(name="k8s", kind="kubernetes", kubeconfig=given))
        await clients.applications.apply(operator_stage.application("tiny", defaultVersion="1.0"))
        await provisioner.until_available()
        made = await provisioner.create("acme")
        await provisioner.until(made.id, Status.STABLE, seconds=WITHIN)

        await account.revoke()

        async def is_told() -> bool:
            # Changing a label has the cluster probed at once, instead of half a minute later.
            labels = {"look": operator_stage.fresh("again")}
            await clients.clusters.update("k8s", infrastructure.UpdateCluster(labels=labels))
            found = await clients.clusters.get("k8s")
            return (found.status, found.reason) == (
                infrastructure.Status.UNREACHABLE,
                "ClusterCredentialsRefused",
            )

        await provisioner_stage.poll(is_told, seconds=WITHIN, every=0.5)
        seen = await clients.installations.get("acme")
        [away] = [each for each in seen.conditions if each.type == "ClusterReachable"]
        assert (away.status, away.reason) == ("False", "ClusterCredentialsRefused")
        assert any("is unreachable" in line for line in explaining.explain(seen))

        await clients.installations.update("acme", installations.UpdateInstallation(version="1.1"))
        await account.make()
        renewed = infrastructure.RenewKubeconfig(kubeconfig=await account.kubeconfig())
        await clients.clusters.renew_kubeconfig("k8s", renewed)
        seen = await provisioner.until("acme", Status.STABLE, seconds=WITHIN)
        assert seen.serving_version == "1.1"
        await clients.installations.delete("acme", grace_seconds=0)
        await provisioner.until(made.id, Status.DELETED, seconds=WITHIN)
