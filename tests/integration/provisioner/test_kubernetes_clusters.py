"""Kubernetes clusters as the API knows them; what is asked of a real one is in tests/kubernetes/provisioner."""

import pytest
import yaml
from pydantic import SecretStr

from support import provisioner_api, provisioner_stage
from tenantry.kernel import errors
from tenantry.provisioner import tables
from tenantry.wire import infrastructure

Stage = provisioner_stage.Stage
TOKEN = "swordfish-token"


def kubeconfig(server: str, **user: str) -> SecretStr:
    return SecretStr(
        yaml.safe_dump(
            {
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "one", "user": "me"}}],
                "clusters": [{"name": "one", "cluster": {"server": server}}],
                "users": [{"name": "me", "user": {"token": TOKEN} | user}],
            }
        )
    )


def registration(server: str = "https://127.0.0.1:9", **user: str) -> infrastructure.RegisterCluster:
    return infrastructure.RegisterCluster(name="k8s", kind="kubernetes", kubeconfig=kubeconfig(server, **user))


async def test_a_kubeconfig_is_kept_encrypted_and_never_answered(bare: Stage) -> None:
    made = await bare.client.clusters.register(registration())
    assert (made.kind, made.endpoint) == ("kubernetes", "https://127.0.0.1:9")
    assert TOKEN not in made.model_dump_json()
    async with bare.program.services.base.read() as reader:
        row = (await reader.execute(tables.CLUSTERS.select())).one()
    assert TOKEN.encode() not in row.kubeconfig
    assert TOKEN in bare.program.services.around.vault.open(row.kubeconfig)


async def test_a_cluster_that_does_not_answer_says_so_and_holds_nobody_up(stage: Stage) -> None:
    await stage.client.clusters.register(registration())

    async def is_noticed() -> bool:
        found = await stage.client.clusters.get("k8s")
        return found.status is infrastructure.Status.UNREACHABLE and "127.0.0.1:9" in found.message

    await provisioner_stage.poll(is_noticed)
    assert (await stage.stable("acme")).cluster == "here"


async def test_a_renewed_kubeconfig_is_used_at_once(bare: Stage) -> None:
    await bare.client.clusters.register(registration())
    request = infrastructure.RenewKubeconfig(kubeconfig=kubeconfig("https://127.0.0.1:10"))
    changed = await bare.client.clusters.renew_kubeconfig("k8s", request)
    assert changed.endpoint == "https://127.0.0.1:10"

    async def is_asked() -> bool:
        return "127.0.0.1:10" in (await bare.client.clusters.get("k8s")).message

    await provisioner_stage.poll(is_asked)


async def test_what_would_read_our_files_is_refused(bare: Stage) -> None:
    with pytest.raises(errors.CustomerMustActError, match="tokenFile") as refused:
        await bare.client.clusters.register(registration(tokenFile="/etc/shadow"))
    assert refused.value.code == "kubeconfig-refused"
    assert not await bare.client.clusters.list()


async def test_a_provisioner_that_is_in_no_cluster_has_none_of_its_own(bare: Stage) -> None:
    request = infrastructure.RegisterCluster(name="own", kind="kubernetes", in_cluster=True)
    with pytest.raises(errors.CustomerMustActError, match="no account in a cluster") as refused:
        await bare.client.clusters.register(request)
    assert refused.value.code == "no-own-cluster"
    assert not await bare.client.clusters.list()


async def test_a_cluster_that_is_no_more_the_provisioners_own_says_so(bare: Stage) -> None:
    made = await bare.client.clusters.register(registration())
    async with bare.program.services.base.write() as writer:
        await writer.execute(tables.CLUSTERS.update().values(kubeconfig=None))

    async def is_noticed() -> bool:
        found = await bare.client.clusters.get(made.name)
        return found.status is infrastructure.Status.UNREACHABLE and "no account" in found.message

    await provisioner_stage.poll(is_noticed)


async def test_only_kubernetes_has_a_kubeconfig(stage: Stage) -> None:
    request = infrastructure.RenewKubeconfig(kubeconfig=kubeconfig("https://127.0.0.1:10"))
    with pytest.raises(errors.ConflictError, match="local"):
        await stage.client.clusters.renew_kubeconfig("here", request)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "kind": "kubernetes", "endpoint": "https://x"},
        {"name": "x", "kind": "local"},
        {"name": "x", "kind": "local", "endpoint": "unix:///x", "kubeconfig": "{}"},
        {"name": "x", "kind": "local", "endpoint": "unix:///x", "inCluster": True},
        {"name": "x", "kind": "kubernetes", "kubeconfig": "{}", "inCluster": True},
    ],
)
async def test_a_cluster_is_reached_in_the_way_of_its_kind(api: provisioner_api.Api, body: dict[str, str]) -> None:
    answer = await api.call("POST", "/v1/clusters", body)
    assert answer.status == 422
