"""The provisioner's way to a cluster, on a real API server and with exactly the rights that it asks for.

Nothing acts on this API server, so the test itself reports in the operator's place.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from support import operator_stage, tiny
from tenantry.application import manifest
from tenantry.kernel import errors, randomness
from tenantry.kubernetes import kinds, rights
from tenantry.operator.resources import definitions as own
from tenantry.provisioner.adapters import kubernetes
from tenantry.provisioner.adapters.kubernetes import access, managers, objects
from tenantry.runtime import contract, document
from testbed import accounts, definitions
from testbed import cluster as clusters
from testbed.api import Api

ACCOUNT = "tenantry-provisioner"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture
async def api(bare_cluster: clusters.Cluster) -> AsyncGenerator[Api]:
    async with bare_cluster.connected() as connected:
        await definitions.apply(connected, [own.application(), own.installation()])
        yield connected


@pytest.fixture
async def runtime(api: Api, bare_cluster: clusters.Cluster) -> AsyncGenerator[kubernetes.KubernetesRuntime]:
    """The way to the cluster, as a service account that may do what the table says and nothing else."""
    await _allow(api)
    kubeconfig = await accounts.write_kubeconfig(bare_cluster, "default", ACCOUNT)
    opened = kubernetes.opened_by(kubeconfig.read_text())
    yield opened
    await opened.close()


async def _allow(api: Api, allowed: Sequence[rights.Right] = access.RIGHTS) -> None:
    metadata = {"name": ACCOUNT}
    rules = rights.rules(allowed)
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": "default"}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ACCOUNT}
    group = "rbac.authorization.k8s.io/v1"
    given: list[tuple[str, dict[str, Any]]] = [
        ("/api/v1/namespaces/default/serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount"}),
        (f"{_RBAC}/clusterroles", {"apiVersion": group, "kind": "ClusterRole", "rules": rules}),
        (
            f"{_RBAC}/clusterrolebindings",
            {"apiVersion": group, "kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": reference},
        ),
    ]
    for path, body in given:
        await api.apply(f"{path}/{ACCOUNT}", body | {"metadata": metadata})


def fresh() -> str:
    return f"ins-{randomness.SystemRandomness().token_bytes(5).hex()}"


def installation_path(name: str) -> str:
    return kinds.INSTALLATION.path(name, name)


async def report(api: Api, name: str, phase: str) -> None:
    """Report in the operator's place that it has seen the object as it is."""
    present = await api.get(installation_path(name))
    status = {"observedGeneration": present["metadata"]["generation"], "phase": phase}
    await api.merge(f"{installation_path(name)}/status", {"status": status})


async def let_go(api: Api, name: str) -> None:
    """Say in the operator's place that everything that was made for it is gone."""
    await api.merge(installation_path(name), {"metadata": {"finalizers": None}})


async def next_of(watched: AsyncGenerator[contract.Observed], name: str) -> contract.InstallationObserved:
    """Return what is told next of this installation."""
    async with asyncio.timeout(20):
        async for each in watched:
            if isinstance(each, contract.InstallationObserved) and each.name == name:
                return each
    pytest.fail("The watch has ended.")


async def test_a_document_is_handed_over_with_its_secrets(api: Api, runtime: kubernetes.KubernetesRuntime) -> None:
    name = fresh()
    answer = await runtime.apply(tiny.bundle(name, generation=3))
    assert answer.metadata.generation == 3
    assert answer.status == document.InstallationStatus(phase=document.Phase.PENDING)
    secret = await api.get(kinds.SECRET.path(name, f"{name}-generated"))
    assert secret["data"] == {"adminPassword": "c3dvcmRmaXNoLTQy"}
    namespace = await api.get(kinds.NAMESPACE.path(name=name))
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert "swordfish" not in str(await api.get(installation_path(name)))


def with_secret(name: str, *, generation: int, **data: str) -> document.InstallationBundle:
    """Return a document with one Secret of these values."""
    bundle = tiny.bundle(name, generation=generation)
    return bundle.model_copy(update={"secrets": [document.Secret(name=f"{name}-generated", data=data)]})


async def test_what_a_secret_does_not_have_any_more_is_gone(api: Api, runtime: kubernetes.KubernetesRuntime) -> None:
    name = fresh()
    await runtime.apply(with_secret(name, generation=1, host="db", poolerHost="pooler", caCertificate="PEM"))
    await runtime.apply(with_secret(name, generation=2, host="other", caCertificate="PEM"))
    secret = await api.get(kinds.SECRET.path(name, f"{name}-generated"))
    assert secret["data"] == {"host": "b3RoZXI=", "caCertificate": "UEVN"}


async def test_what_an_earlier_version_of_ours_has_left_in_a_secret_is_gone(
    api: Api, runtime: kubernetes.KubernetesRuntime
) -> None:
    """It applied `stringData`, which makes nobody the owner of what becomes of it."""
    name = fresh()
    path = kinds.SECRET.path(name, f"{name}-generated")
    await api.apply(kinds.NAMESPACE.path(name=name), objects.namespace(name, document.DeletionPolicy.DELETE))
    [secret] = objects.secrets(with_secret(name, generation=1))
    strings = {"host": "db", "poolerHost": "pooler", "caCertificate": "PEM"}
    old = {key: value for key, value in secret.items() if key != "data"} | {"stringData": strings}
    await api.apply(path, old, manager=managers.FIELD_MANAGER)
    await runtime.apply(with_secret(name, generation=2, host="other", caCertificate="PEM"))
    assert (await api.get(path))["data"] == {"host": "b3RoZXI=", "caCertificate": "UEVN"}
    await runtime.apply(with_secret(name, generation=3, host="other"))
    assert (await api.get(path))["data"] == {"host": "b3RoZXI="}


async def test_a_report_is_told_in_our_own_counting(api: Api, runtime: kubernetes.KubernetesRuntime) -> None:
    name = fresh()
    await runtime.apply(tiny.bundle(name, generation=3))
    await report(api, name, "Ready")
    found = await runtime.get(name)
    assert found is not None
    assert found.status is not None
    assert (found.status.phase, found.status.observed_generation) == (document.Phase.READY, 3)
    changed = await runtime.apply(tiny.bundle(name, generation=4, size="large"))
    assert changed.status is not None
    assert (changed.metadata.generation, changed.status.observed_generation) == (4, 3)


async def test_an_older_generation_is_ignored(runtime: kubernetes.KubernetesRuntime) -> None:
    name = fresh()
    await runtime.apply(tiny.bundle(name, generation=5))
    answer = await runtime.apply(tiny.bundle(name, generation=4, version="2.0"))
    assert (answer.metadata.generation, answer.spec.version) == (5, "1.0")


async def test_settings_that_are_all_taken_back_are_gone(runtime: kubernetes.KubernetesRuntime) -> None:
    name = fresh()
    await runtime.apply(tiny.bundle(name, generation=1, settings={"mode": "other"}))
    answer = await runtime.apply(tiny.bundle(name, generation=2))
    assert (answer.metadata.generation, answer.spec.settings) == (2, {})


async def test_a_watch_tells_everything_then_the_mark_then_each_change(
    api: Api, runtime: kubernetes.KubernetesRuntime
) -> None:
    name, later = fresh(), fresh()
    await runtime.apply(tiny.bundle(name, generation=1))
    async with aclosing(runtime.watch()) as watched:
        told: list[str] = []
        async for each in watched:
            if isinstance(each, contract.Synced):
                break
            told.append(each.name)
        assert name in told
        await runtime.apply(tiny.bundle(later, generation=1))
        assert (await next_of(watched, later)).installation is not None
        await report(api, later, "Ready")
        reported = (await next_of(watched, later)).installation
        assert reported is not None
        assert reported.status is not None
        assert reported.status.phase is document.Phase.READY
        await runtime.delete(later)
        assert (await next_of(watched, later)).installation is not None
        await let_go(api, later)
        assert (await next_of(watched, later)).installation is None
    assert await runtime.get(later) is None
    assert "deletionTimestamp" not in (await api.get(kinds.NAMESPACE.path(name=later)))["metadata"]


async def test_an_installation_without_our_label_is_not_gone_and_gets_it_back(
    api: Api, runtime: kubernetes.KubernetesRuntime
) -> None:
    """Whatever stops matching is told as deleted by the API server; what customers have must not go with a label."""
    name = fresh()
    await runtime.apply(tiny.bundle(name, generation=2))
    async with aclosing(runtime.watch()) as watched:
        await next_of(watched, name)
        [label] = objects.HANDED_OVER
        await api.merge(installation_path(name), {"metadata": {"labels": {label: None}}})
        told = (await next_of(watched, name)).installation
        assert told is not None
        await report(api, name, "Ready")
        while told.status is None or told.status.phase is not document.Phase.READY:
            told = (await next_of(watched, name)).installation
            assert told is not None
    labels = (await api.get(installation_path(name)))["metadata"]["labels"]
    assert labels.items() >= objects.HANDED_OVER.items()
    assert "deletionTimestamp" not in (await api.get(kinds.NAMESPACE.path(name=name)))["metadata"]


async def test_a_copy_elsewhere_says_nothing_of_the_one_that_was_handed_over(
    api: Api, runtime: kubernetes.KubernetesRuntime
) -> None:
    name, elsewhere, later = fresh(), fresh(), fresh()
    await runtime.apply(tiny.bundle(name))
    await api.apply(kinds.NAMESPACE.path(name=elsewhere), {"apiVersion": "v1", "kind": "Namespace"} | named(elsewhere))
    copied = await api.get(installation_path(name))
    metadata = {"name": name, "namespace": elsewhere, "labels": objects.HANDED_OVER}
    copy = kinds.INSTALLATION.path(elsewhere, name)
    async with aclosing(runtime.watch()) as watched:
        await next_of(watched, name)
        await api.apply(copy, {key: copied[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": metadata})
        await api.delete(copy)
        await runtime.apply(tiny.bundle(later))
        async with asyncio.timeout(20):
            async for each in watched:
                assert not (isinstance(each, contract.InstallationObserved) and each.name == name)
                if isinstance(each, contract.InstallationObserved) and each.name == later:
                    break
    assert "deletionTimestamp" not in (await api.get(kinds.NAMESPACE.path(name=name)))["metadata"]


def named(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


async def test_a_watch_ends_when_the_way_to_the_cluster_is_closed(runtime: kubernetes.KubernetesRuntime) -> None:
    """As it is for other credentials: whoever watches has to begin anew with those."""
    marked = asyncio.Event()

    async def follow() -> None:
        async with aclosing(runtime.watch()) as watched:
            async for each in watched:
                if isinstance(each, contract.Synced):
                    marked.set()

    async with asyncio.timeout(20):
        following = asyncio.create_task(follow())
        await marked.wait()
        await runtime.close()
        with pytest.raises(errors.TemporaryError):
            await following


async def test_what_others_made_is_not_told(api: Api, runtime: kubernetes.KubernetesRuntime) -> None:
    made = objects.installation(tiny.bundle("self-hosted").installation)
    made["metadata"] = {"name": "self-hosted", "namespace": "default"}
    await api.apply(kinds.INSTALLATION.path("default", "self-hosted"), made)
    async with aclosing(runtime.watch()) as watched:
        async for each in watched:
            if isinstance(each, contract.Synced):
                return
            assert each.name != "self-hosted"


@pytest.mark.parametrize(("policy", "is_kept"), [("Delete", False), ("Retain", True)])
async def test_a_removal_takes_the_namespace_unless_volumes_are_retained(
    api: Api, runtime: kubernetes.KubernetesRuntime, policy: str, *, is_kept: bool
) -> None:
    name = fresh()
    await runtime.apply(tiny.bundle(name, deletionPolicy=policy))
    assert not await runtime.delete(name)
    assert await runtime.get(name) is not None
    await let_go(api, name)
    assert await runtime.get(name) is None
    assert await runtime.delete(name)
    assert await runtime.delete(name)
    namespace = await api.get(kinds.NAMESPACE.path(name=name))
    assert (namespace["metadata"].get("deletionTimestamp") is None) == is_kept


async def test_an_application_is_kept_and_its_versions_are_told(runtime: kubernetes.KubernetesRuntime) -> None:
    image = f"registry.example/tiny@sha256:{'0' * 64}"
    versions = [each | {"image": image} for each in tiny.SPEC["versions"]]
    name = fresh()
    await runtime.apply_application(tiny.application(name, generation=2, versions=versions))
    await runtime.apply_application(tiny.application(name, generation=1))
    found = await runtime.get_application(name)
    assert found is not None
    assert found.metadata.generation == 2
    assert found.status is not None
    assert {each.phase for each in found.status.versions} == {manifest.VersionPhase.PREPARED}
    assert await runtime.get_application("unknown") is None


async def test_facts_are_those_of_the_cluster(runtime: kubernetes.KubernetesRuntime) -> None:
    found = await runtime.facts()
    assert (found.kind, found.cpu_millis) == ("kubernetes", 0)
    assert found.version.startswith("v1.")


async def test_add_ons_and_storage_are_found_out(api: Api, runtime: kubernetes.KubernetesRuntime) -> None:
    labels = {"app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/version": "v1.18.2"}
    chosen = {"matchLabels": labels}
    pods = {"containers": [{"name": "x", "image": "quay.io/jetstack/cert-manager-controller:v1.18.2"}]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "cert-manager", "labels": {**labels, "app.kubernetes.io/managed-by": "Helm"}},
        "spec": {"selector": chosen, "template": {"metadata": {"labels": labels}, "spec": pods}},
    }
    storage = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "disks.example.com",
    }
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "public"},
        "spec": {"controller": "example.com/doors"},
    }
    await api.apply(kinds.DEPLOYMENT.path("default", "cert-manager"), deployment)
    await api.apply(kinds.STORAGE_CLASS.path(None, "fast"), storage)
    await api.apply(kinds.INGRESS_CLASS.path(None, "public"), ingress)
    found = await runtime.facts()
    assert found.storage_classes == [
        document.StorageClass(name="fast", provisioner="disks.example.com", is_default=True)
    ]
    by_name = {each.name: each for each in found.add_ons}
    manager = by_name["cert-manager"]
    assert (manager.version, manager.namespace, manager.manager) == ("v1.18.2", "default", "Helm")
    assert "public" in by_name
    assert by_name["metrics-server"].state is document.AddOnState.MISSING
    assert found.unread == []


async def test_an_account_that_may_not_read_add_ons_leaves_them_out(
    api: Api, runtime: kubernetes.KubernetesRuntime
) -> None:
    """As with the role of an earlier version: the cluster stays usable."""
    new = {kinds.DEPLOYMENT, kinds.STORAGE_CLASS, kinds.INGRESS_CLASS, kinds.DEFINITION}
    await _allow(api, [each for each in access.RIGHTS if each.kind not in new])

    async def is_noticed() -> document.ClusterFacts | None:
        found = await runtime.facts()
        return found if found.unread else None

    found = await operator_stage.eventually(is_noticed)
    assert found.unread == ["customresourcedefinitions", "deployments", "ingressclasses", "storageclasses"]
    assert found.version.startswith("v1.")


async def test_logs_of_nobody(runtime: kubernetes.KubernetesRuntime) -> None:
    with pytest.raises(errors.NotFoundError):
        async for _ in runtime.logs("unknown", tail=10, follow=False):
            pass


async def test_a_cluster_that_is_away_is_a_matter_of_waiting(bare_cluster: clusters.Cluster) -> None:
    closed = bare_cluster.kubeconfig.read_text().replace(bare_cluster.endpoint, "https://127.0.0.1:9")
    opened = kubernetes.opened_by(closed)
    with pytest.raises(errors.TemporaryError):
        await opened.facts()
    await opened.close()
