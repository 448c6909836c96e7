"""The client against a real API server: what it asks for is done, and what is refused has its kind."""

from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from support import operator_reach, operator_stage
from tenantry.kernel import clock as clocks
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import failures, kinds, measures
from testbed import authority
from testbed import cluster as clusters
from testbed import kubeconfig as configs

MAP = kinds.CONFIG_MAP


async def test_apply_makes_and_changes_and_keeps_what_others_own(client: clients.Client, space: str) -> None:
    await client.apply(MAP, operator_reach.config_map(space, "a", one="1", two="2"))
    await client.patch(MAP, "a", space, {"metadata": {"annotations": {"theirs": "kept"}}})
    applied = await client.apply(MAP, operator_reach.config_map(space, "a", one="changed"))
    assert applied["data"] == {"one": "changed"}
    assert applied["metadata"]["annotations"] == {"theirs": "kept"}


async def test_a_field_that_another_manager_applied_is_a_conflict_unless_it_is_forced(
    bare_cluster: clusters.Cluster, client: clients.Client, space: str
) -> None:
    async with bare_cluster.connected() as other:
        path = f"/api/v1/namespaces/{space}/configmaps/a"
        await other.apply(path, operator_reach.config_map(space, "a", one="theirs"))
    ours = operator_reach.config_map(space, "a", one="ours")
    with pytest.raises(failures.OutdatedError, match="testbed"):
        await client.apply(MAP, ours, is_forced=False)
    assert (await client.apply(MAP, ours))["data"] == {"one": "ours"}


async def test_lists_come_in_pages_that_show_one_moment(client: clients.Client, space: str) -> None:
    for number in range(7):
        await client.create(MAP, operator_reach.config_map(space, f"map-{number}"))
    await client.create(MAP, {"metadata": {"namespace": space, "name": "unlabelled"}})
    pages = [page async for page in client.pages(MAP, namespace=space, labels="seen=yes", size=3)]
    assert [len(page.items) for page in pages] == [3, 3, 1]
    assert len({page.resource_version for page in pages}) == 1


async def test_what_is_refused_has_its_kind(client: clients.Client, space: str) -> None:
    made = operator_reach.config_map(space, "a")
    await client.create(MAP, made)
    with pytest.raises(failures.ExistsError):
        await client.create(MAP, made)
    with pytest.raises(failures.MissingError):
        await client.get(MAP, "b", space)
    with pytest.raises(failures.OutdatedError):
        await client.patch(MAP, "a", space, {"metadata": {"resourceVersion": "1", "labels": {"x": "y"}}})
    with pytest.raises(failures.InvalidObjectError) as refused:
        await client.create(MAP, operator_reach.config_map(space, "Not a name"))
    assert "Not a name" not in refused.value.message.partition("metadata.name")[2]


POD: dict[str, Any] = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {"containers": [{"name": "x", "image": "registry.test/x"}]},
}
SELECTED: dict[str, Any] = {"selector": {"matchLabels": {"app": "x"}}, "template": POD}
UNCHANGING: list[tuple[kinds.Kind, dict[str, Any], dict[str, Any]]] = [
    (
        kinds.DEPLOYMENT,
        {"spec": SELECTED},
        {
            "spec": {
                "selector": {"matchLabels": {"more": "y"}},
                "template": {**POD, "metadata": {"labels": {"more": "y"}}},
            }
        },
    ),
    (kinds.STATEFUL_SET, {"spec": {**SELECTED, "serviceName": "a"}}, {"spec": {**SELECTED, "serviceName": "b"}}),
    (
        kinds.SERVICE,
        {"spec": {"ports": [{"port": 80}]}},
        {"spec": {"clusterIP": "None", "ports": [{"port": 80}]}},
    ),
    (kinds.CONFIG_MAP, {"immutable": True, "data": {"a": "1"}}, {"immutable": True, "data": {"a": "2"}}),
    (kinds.SECRET, {"type": "Opaque"}, {"type": "tenantry.dev/other"}),
]
"""Kinds, what is there, and what it can never become."""


@pytest.mark.parametrize(("kind", "before", "after"), UNCHANGING, ids=[each[0].kind for each in UNCHANGING])
async def test_a_field_that_can_never_change_is_told_apart(
    client: clients.Client, space: str, kind: kinds.Kind, before: dict[str, Any], after: dict[str, Any]
) -> None:
    about: dict[str, Any] = {"name": "a", "namespace": space}
    head = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": about}
    await client.create(kind, {**head, **before})
    with pytest.raises(failures.ImmutableError):
        await client.apply(kind, {**head, **after})
    with pytest.raises(failures.InvalidObjectError) as refused:
        await client.apply(kind, {**head, **after, "metadata": {**about, "labels": {"app": "not a value"}}})
    assert not isinstance(refused.value, failures.ImmutableError)


async def test_deleting_asks_for_this_very_object(client: clients.Client, space: str) -> None:
    made = await client.create(MAP, operator_reach.config_map(space, "a"))
    with pytest.raises(failures.OutdatedError):
        await client.delete(MAP, "a", space, uid="11111111-1111-1111-1111-111111111111")
    assert await client.delete(MAP, "a", space, uid=made["metadata"]["uid"])
    assert not await client.delete(MAP, "a", space)


async def test_a_watch_tells_what_happens_after_a_moment(client: clients.Client, space: str) -> None:
    first = await client.create(MAP, operator_reach.config_map(space, "a"))
    await client.apply(MAP, operator_reach.config_map(space, "a", big="x" * 300_000))
    await client.delete(MAP, "a", space)
    moment = first["metadata"]["resourceVersion"]
    async with aclosing(client.watch(MAP, namespace=space, resource_version=moment, longest=5)) as watch:
        told = [await anext(watch) for _ in range(2)]
    assert [each.change for each in told] == [clients.Change.MODIFIED, clients.Change.DELETED]
    assert len(told[0].item["data"]["big"]) == 300_000


@pytest.mark.usefixtures("api_server")
async def test_a_watch_from_a_forgotten_moment_says_so(folder: Path) -> None:
    everything = operator_reach.all_of(MAP)
    async with (
        clusters.running(folder, level=clusters.Level.API) as up,
        operator_reach.connected(up.kubeconfig, everything) as client,
    ):
        await client.create(MAP, operator_reach.config_map("default", "a"))
        await up.programs.kill("kube-apiserver")
        await up.programs.start("kube-apiserver")
        with pytest.raises(failures.ExpiredError):
            async with aclosing(client.watch(MAP, resource_version="1", longest=5)) as watch:
                await anext(watch)


async def test_a_token_that_is_not_known_is_told_apart(bare_cluster: clusters.Cluster) -> None:
    stranger_file = bare_cluster.folder / "stranger.kubeconfig"
    unknown = configs.Token(value="stranger")
    stranger_file.write_text(configs.render(bare_cluster.endpoint, bare_cluster.ca, unknown))
    async with operator_reach.connected(stranger_file, operator_reach.all_of(MAP)) as stranger:
        with pytest.raises(failures.CredentialsRefusedError):
            await stranger.get(MAP, "a", "default")


@pytest.mark.parametrize("changed", ["address", "authority"])
async def test_an_api_server_that_has_moved_is_found_where_the_file_says_now(
    bare_cluster: clusters.Cluster, tmp_path: Path, changed: str
) -> None:
    up, token = bare_cluster, configs.Token(value=bare_cluster.token)
    stranger = authority.Authority("stranger", clocks.SystemClock()).certificate
    before = {
        "address": (f"https://127.0.0.1:{operator_stage.free_port()}", up.ca),
        "authority": (up.endpoint, stranger),
    }
    file = tmp_path / "moved.kubeconfig"
    file.write_text(configs.render(*before[changed], token))
    async with operator_reach.connected(file, operator_reach.all_of(kinds.NAMESPACE)) as client:
        for _ in range(2):
            with pytest.raises(failures.UnreachableError):
                await client.get(kinds.NAMESPACE, "default")
        file.write_text("half")
        with pytest.raises(failures.UnreachableError):
            await client.get(kinds.NAMESPACE, "default")
        file.write_text(configs.render(up.endpoint, up.ca, token))
        with pytest.raises(failures.UnreachableError):
            await client.get(kinds.NAMESPACE, "default")
        assert (await client.get(kinds.NAMESPACE, "default"))["metadata"]["name"] == "default"


async def test_every_call_is_counted_by_verb_resource_and_code(bare_cluster: clusters.Cluster) -> None:
    registry = CollectorRegistry()
    counted = measures.Measures(registry)
    allowed = operator_reach.all_of(MAP)
    async with operator_reach.connected(bare_cluster.kubeconfig, allowed, counted) as client:
        with pytest.raises(failures.MissingError):
            await client.get(MAP, "none", "default")
    labels = {"verb": "get", "resource": "configmaps", "code": "404"}
    assert registry.get_sample_value("tenantry_kubernetes_calls_total", labels) == 1
    assert counted.counts() == {("get", "configmaps", 404): 1}
