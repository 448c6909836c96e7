"""Every object that we render is accepted by a real API server, and every pod by the standard *restricted*.

Objects are tried without being kept. Kinds of others are there by their published definitions.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
import pytest_asyncio

from support import operator_goldens as goldens
from support import operator_things as things
from tenantry.application import manifest, needs
from tenantry.kubernetes import kinds
from tenantry.operator.render.wanted import Wanted
from testbed import cache, definitions, parts
from testbed import cluster as clusters
from testbed.api import Api, ApiError

KINDS = {each.kind: each for each in vars(kinds).values() if isinstance(each, kinds.Kind)}


def rich() -> Wanted:
    """An installation that has what the examples have not: copies, metrics, secret words, a schedule, a long name."""
    scaled = manifest.WorkloadSize(replicas=2, scale=manifest.Scale(up_to=4))
    application = things.with_share(
        things.with_first_workload(
            things.application("ihatemoney"),
            metrics=manifest.Metrics(port="http"),
            command=["/bin/serve", "--key={{ secrets.session }}", "$HOME"],
            stop=manifest.Stop(signal="INT"),
        ),
        scaled,
    )
    wide = application.spec.needs.model_copy(update={"web": needs.WebNeed()})
    tidy = manifest.ScheduledJob(
        name="tidy", schedule="*/5 8-18 * * 1-5", time_zone="Europe/Berlin", command=["/bin/tidy"]
    )
    jobs = application.spec.jobs.model_copy(update={"scheduled": [tidy]})
    return things.wanted(
        things.changed(application, needs=wide, jobs=jobs), name="7" * 63, secrets={"acme-database": ABROAD}
    )


ABROAD = {**things.DATABASE, "host": "db.example.com"}
NAMES = [*goldens.NAMES, "rich"]


def case(name: str) -> Wanted:
    return rich() if name == "rich" else goldens.case(name)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def furnished(bare_cluster: clusters.Cluster, definitions_there: cache.Cache) -> clusters.Cluster:
    """An API server that knows the kinds of others."""
    async with bare_cluster.connected() as api:
        for part in parts.DEFINITIONS:
            await definitions.apply(api, definitions.read(definitions_there.place(part)))
    return bare_cluster


@pytest.fixture
async def api(furnished: clusters.Cluster) -> AsyncGenerator[Api]:
    async with furnished.connected() as connected:
        yield connected


async def settle(api: Api, found: list[dict[str, Any]]) -> None:
    """Make the namespace and the account, without which nothing else can be tried."""
    for kind in (kinds.NAMESPACE, kinds.SERVICE_ACCOUNT):
        [needed] = [each for each in found if each["kind"] == kind.kind] or [NAMESPACE]
        await api.apply(path(needed), needed)


NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "acme", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}


def path(found: dict[str, Any]) -> str:
    metadata = found["metadata"]
    return KINDS[found["kind"]].path(metadata.get("namespace"), metadata["name"])


@pytest.mark.parametrize("name", NAMES)
async def test_every_object_is_accepted(api: Api, name: str) -> None:
    found = goldens.objects(case(name))
    await settle(api, found)
    async with asyncio.TaskGroup() as group:
        kept = [group.create_task(tried(api, each)) for each in found]
    assert [each.result()["metadata"]["name"] for each in kept] == [each["metadata"]["name"] for each in found]


async def tried(api: Api, wanted: dict[str, Any]) -> dict[str, Any]:
    """Apply an object without keeping it, and see that nothing of it was left out."""
    kept = await api.tried(path(wanted), wanted)
    assert missing(wanted, kept) == [], wanted["kind"]
    return kept


def missing(wanted: Any, kept: Any, place: str = "") -> list[str]:
    """Return the places of what was given and not kept; numbers that are spelt differently are the same."""
    if isinstance(wanted, dict):
        parts = cast("dict[str, Any]", wanted)
        lacks = [f"{place}.{key}" for key in parts if key not in kept]
        return lacks or [each for key, part in parts.items() for each in missing(part, kept[key], f"{place}.{key}")]
    if isinstance(wanted, list):
        items = cast("list[Any]", wanted)
        lacks = [place] if len(items) != len(kept) else []
        return lacks or [each for index, part in enumerate(items) for each in missing(part, kept[index], f"{place}[]")]
    return [place] if type(wanted) is not type(kept) else []


@pytest.mark.parametrize("name", NAMES)
async def test_every_pod_is_let_in(api: Api, name: str) -> None:
    found = goldens.objects(case(name))
    await settle(api, found)
    templates = [each["spec"]["template"] for each in found if each["kind"] in {"Deployment", "StatefulSet", "Job"}]
    templates += [each["spec"]["jobTemplate"]["spec"]["template"] for each in found if each["kind"] == "CronJob"]
    assert templates
    for template in templates:
        pod = {"apiVersion": "v1", "kind": "Pod", **template}
        pod["metadata"] = {**template["metadata"], "generateName": "tried-"}
        await api.create(f"{kinds.POD.path('acme')}?dryRun=All", pod)


async def test_a_pod_that_wants_more_is_not_let_in(api: Api) -> None:
    found = goldens.objects(things.wanted(things.application("ihatemoney")))
    await settle(api, found)
    [template] = [each["spec"]["template"] for each in found if each["kind"] == "Deployment"]
    spec = {**template["spec"], "hostNetwork": True}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "tried-"}, "spec": spec}
    with pytest.raises(ApiError, match="violates PodSecurity") as refused:
        await api.create(f"{kinds.POD.path('acme')}?dryRun=All", body)
    assert refused.value.answer == 403
