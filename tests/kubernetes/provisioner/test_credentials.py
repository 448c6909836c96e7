"""The provisioner's credentials for a cluster are revoked or run out: it is told, and new ones are taken up at once."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from support import operator_stage, provisioner_accounts, provisioner_stage
from tenantry.cli import explaining
from tenantry.wire import infrastructure, installations

Status = installations.Status
WITHIN = 90.0
SHORT = timedelta(seconds=8)
"""Long enough to begin with on a busy machine; its end is waited for."""


@pytest.fixture
async def account(stage: operator_stage.Stage) -> AsyncGenerator[provisioner_accounts.Account]:
    made = provisioner_accounts.Account(stage.up, stage.api, operator_stage.fresh("provisioner"))
    await made.make()
    yield made
    await made.remove()


async def test_revoked_ones_are_told_and_renewed_ones_are_used_at_once(
    place: provisioner_stage.Place, account: provisioner_accounts.Account
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

        await until_unreachable(provisioner, "ClusterCredentialsRefused")
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


async def test_a_certificate_that_has_run_out_is_told_and_what_is_given_instead_is_used(
    place: provisioner_stage.Place, account: provisioner_accounts.Account
) -> None:
    async with provisioner_stage.opened(place) as provisioner:
        clusters, given = provisioner.client.clusters, account.certified(SHORT)
        await clusters.register(infrastructure.RegisterCluster(name="k8s", kind="kubernetes", kubeconfig=given))
        await provisioner.until_available()
        found = await until_unreachable(provisioner, "ClusterCredentialsExpired")
        assert "The client certificate in its kubeconfig ran out on " in found.message
        renewed = infrastructure.RenewKubeconfig(kubeconfig=await account.kubeconfig())
        await clusters.renew_kubeconfig("k8s", renewed)
        await provisioner.until_available()


async def until_unreachable(provisioner: provisioner_stage.Stage, reason: str) -> infrastructure.Cluster:
    """Wait until the cluster is unreachable for this reason, and return it."""
    clusters = provisioner.client.clusters

    async def is_told() -> bool:
        # Changing a label has the cluster probed at once, instead of half a minute later.
        labels = {"look": operator_stage.fresh("again")}
        await clusters.update("k8s", infrastructure.UpdateCluster(labels=labels))
        found = await clusters.get("k8s")
        return (found.status, found.reason) == (infrastructure.Status.UNREACHABLE, reason)

    await provisioner_stage.poll(is_told, seconds=WITHIN, every=0.5)
    return await clusters.get("k8s")
