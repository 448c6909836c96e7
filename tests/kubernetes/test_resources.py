"""The definitions of our custom resources on a real API server: they install, keep what is given, refuse nonsense."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from support import operator_things as things
from tenantry.kernel import randomness
from tenantry.kubernetes import documents, kinds
from tenantry.operator.resources import definitions as own
from tenantry.runtime import document
from testbed import cluster as clusters
from testbed import definitions
from testbed.api import Api, ApiError

INSTALLATIONS = kinds.INSTALLATION.path("default")


@pytest.fixture
async def api(bare_cluster: clusters.Cluster) -> AsyncGenerator[Api]:
    async with bare_cluster.connected() as connected:
        await definitions.apply(connected, [own.application(), own.installation()])
        yield connected


def fresh() -> str:
    return f"acme-{randomness.SystemRandomness().token_bytes(4).hex()}"


def installation(name: str = "acme", **spec: Any) -> dict[str, Any]:
    """Return an `Installation` object; a part that is None is left out."""
    made = documents.written(things.wanted(things.application("synapse")).installation)
    merged = {**made["spec"], **spec}
    return {**made, "metadata": {"name": name}, "spec": {key: each for key, each in merged.items() if each is not None}}


def application(**spec: Any) -> dict[str, Any]:
    made = documents.written(things.application("synapse"))
    return {**made, "metadata": {"name": fresh()}, "spec": {**made["spec"], **spec}}


async def refusal(api: Api, path: str, body: dict[str, Any]) -> str:
    with pytest.raises(ApiError) as refused:
        await api.create(path, body)
    assert refused.value.answer == 422
    return refused.value.message


class TestInstallation:
    async def test_what_is_kept_is_what_was_given_with_its_defaults(self, api: Api) -> None:
        given = installation(fresh(), runPolicy=None, settings={"deep": {"list": [1, {"a": None}]}})
        kept = await api.create(INSTALLATIONS, given)
        assert kept["spec"] == {**given["spec"], "runPolicy": "Running", "deletionPolicy": "Delete"}
        assert documents.installation(kept).spec.settings == given["spec"]["settings"]

    async def test_null_is_the_same_as_nothing(self, api: Api) -> None:
        given = installation(fresh())
        given["spec"] |= {"restartedAt": None, "bucket": None, "runPolicy": None}
        kept = await api.create(INSTALLATIONS, given)
        assert not {"restartedAt", "bucket"} & kept["spec"].keys()
        assert kept["spec"]["runPolicy"] == "Running"

    async def test_the_status_is_written_apart_and_does_not_count_as_a_change(self, api: Api) -> None:
        name = fresh()
        await api.create(INSTALLATIONS, installation(name))
        condition = document.Condition(
            type=document.ConditionType.READY,
            status=document.ConditionStatus.TRUE,
            reason="Ready",
            last_transition_time=things.NOON,
        )
        status = document.InstallationStatus(
            observed_generation=1, phase=document.Phase.READY, conditions=[condition], serving_version="1.163.2"
        )
        path = kinds.INSTALLATION.path("default", name)
        kept = await api.merge(f"{path}/status", {"status": dict(documents.status(status))})
        assert kept["metadata"]["generation"] == 1
        assert documents.installation(kept).status == status

    @pytest.mark.parametrize(
        ("spec", "told"),
        [
            ({"version": ""}, "spec.version"),
            ({"size": "Large"}, "spec.size"),
            ({"hosts": []}, "spec.hosts"),
            ({"hosts": ["not a host"]}, "spec.hosts[0]"),
            ({"url": "ftp://acme.example.com"}, "spec.url"),
            ({"url": "https://elsewhere.example.com"}, "The host of the address must be one of the host names."),
            ({"url": "https://acme.example.com/"}, "The address has no slash at its end."),
            ({"runPolicy": "Dozing"}, "spec.runPolicy"),
            ({"application": None}, "spec.application"),
        ],
    )
    async def test_nonsense_is_refused(self, api: Api, spec: dict[str, Any], told: str) -> None:
        assert told in await refusal(api, INSTALLATIONS, installation(fresh(), **spec))

    @pytest.mark.parametrize("name", ["a.b", "a" * 64])
    async def test_a_name_that_is_no_label_is_refused(self, api: Api, name: str) -> None:
        assert "at most 63 small letters" in await refusal(api, INSTALLATIONS, installation(name))

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"application": "ihatemoney"}, "The application of an installation cannot be changed"),
            ({"database": {"secretName": "another"}}, "The reference to the database cannot be changed"),
            ({"bucket": None}, "The reference to the bucket cannot be changed"),
            ({"generated": {"secretName": "another"}}, "The reference to the generated secrets cannot be changed"),
        ],
    )
    async def test_what_lasts_cannot_be_changed(self, api: Api, change: dict[str, Any], told: str) -> None:
        name = fresh()
        await api.create(INSTALLATIONS, installation(name))
        with pytest.raises(ApiError, match=told):
            await api.merge(kinds.INSTALLATION.path("default", name), {"spec": change})

    async def test_everything_else_can(self, api: Api) -> None:
        name = fresh()
        await api.create(INSTALLATIONS, installation(name, mail=None))
        change = {"version": "2.0", "size": "medium", "runPolicy": "Asleep", "mail": {"secretName": "mail"}}
        kept = await api.merge(kinds.INSTALLATION.path("default", name), {"spec": change})
        assert kept["metadata"]["generation"] == 2


@pytest.mark.parametrize("kind", [kinds.APPLICATION, kinds.INSTALLATION], ids=["Application", "Installation"])
async def test_it_explains_itself(api: Api, kind: kinds.Kind) -> None:
    """What `kubectl explain` shows is published a moment after a definition is served."""
    name = f"dev.tenantry.{kind.version}.{kind.kind}"
    async with asyncio.timeout(30):
        while (schema := await explained(api, kind)).get(name) is None:  # noqa: ASYNC110 - the server publishes it in its own time
            await asyncio.sleep(0.2)
    spec = schema[name]["properties"]["spec"]
    assert spec["description"]
    assert [key for key, part in spec["properties"].items() if not part.get("description")] == []


async def explained(api: Api, kind: kinds.Kind) -> dict[str, Any]:
    try:
        published = await api.get(f"/openapi/v3/apis/{kind.group}/{kind.version}")
    except ApiError:
        return {}
    return published["components"]["schemas"]


class TestApplication:
    @pytest.mark.parametrize("name", ["synapse", "ihatemoney"])
    async def test_a_manifest_is_the_resource(self, api: Api, name: str) -> None:
        read = things.application(name)
        kept = await api.apply(kinds.APPLICATION.path(name=name), documents.written(read))
        assert documents.application(kept).spec == read.spec

    async def test_a_version_needs_an_image_or_a_package(self, api: Api) -> None:
        body = application(versions=[{"version": "1.0"}])
        assert "A version needs an image or a package." in await refusal(api, kinds.APPLICATION.path(), body)

    async def test_a_route_must_lead_somewhere(self, api: Api) -> None:
        body = application(route={"workload": "synapse", "port": "elsewhere"})
        assert "The route must lead to a port" in await refusal(api, kinds.APPLICATION.path(), body)

    async def test_the_default_must_be_one_of_the_versions(self, api: Api) -> None:
        body = application(defaultVersion="0.1")
        assert "The default version must be one" in await refusal(api, kinds.APPLICATION.path(), body)

    async def test_nothing_is_there_twice(self, api: Api) -> None:
        body = application(secrets=[{"name": "session"}, {"name": "session"}])
        assert "Duplicate value" in await refusal(api, kinds.APPLICATION.path(), body)

    async def test_a_volume_grows_and_does_not_shrink(self, api: Api) -> None:
        body = application()
        path = kinds.APPLICATION.path(name=body["metadata"]["name"])
        await api.apply(path, body)
        larger = {**body["spec"]["needs"], "volumes": [{"name": "data", "size": "3Gi"}]}
        await api.merge(path, {"spec": {"needs": larger}})
        smaller = {**larger, "volumes": [{"name": "data", "size": "2048Mi"}]}
        with pytest.raises(ApiError, match="A volume can grow and cannot shrink"):
            await api.merge(path, {"spec": {"needs": smaller}})

    async def test_more_copies_than_allowed_are_refused(self, api: Api) -> None:
        share = {"replicas": 5, "scale": {"upTo": 3}}
        body = application(sizes=[{"name": "small", "workloads": {"synapse": share}}])
        assert "cannot start with more copies" in await refusal(api, kinds.APPLICATION.path(), body)
