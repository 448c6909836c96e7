"""Places are reserved when they are chosen, on every limit, whatever happens at the same time."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from support import provisioner_stage, runtime_twin
from tenantry.engine import store as engine_store
from tenantry.kernel import errors
from tenantry.provisioner import server, tables
from tenantry.runtime import document
from tenantry.wire import infrastructure, installations, placement
from tenantry.wire.placement import Measure

Stage = provisioner_stage.Stage
Status = installations.Status
Update = installations.UpdateInstallation
MIB = 1 << 20
ALONE = {"volumes": [{"name": "data"}]}
SIZES = [
    {"name": name, "workloads": {"web": {"cpu": cpu, "memory": memory}, "clock": {"cpu": "100m", "memory": "64Mi"}}}
    for name, cpu, memory in (("small", "400m", "192Mi"), ("large", "1900m", "960Mi"))
]
"""Small takes 0.5 and 256 MiB in two pods, large 2 and 1 GiB; either is exchanged with one small pod or job besides."""


def kubernetes(cpu: int = 16_000, memory: int = 64 << 30, pods: int = 110, count: int = 1) -> document.ClusterFacts:
    group = document.NodeGroup(count=count, cpu_millis=cpu, memory_bytes=memory, pods=pods)
    return document.ClusterFacts(
        kind="kubernetes",
        version="v1",
        cpu_millis=cpu * count,
        memory_bytes=memory * count,
        pods=pods * count,
        nodes=[group],
        storage_classes=[document.StorageClass(name="disks", is_default=True)],
    )


async def cluster(stage: Stage, name: str, facts: document.ClusterFacts, **more: Any) -> runtime_twin.World:
    world = stage.worlds[f"/{name}"] = runtime_twin.World(facts=facts)
    await stage.client.clusters.register(infrastructure.RegisterCluster(name=name, endpoint=f"unix:///{name}", **more))
    await stage.until_available()
    return world


@pytest.fixture
async def selling(bare: Stage) -> Stage:
    """A provisioner that sells an application which needs a cluster only, and has none."""
    await bare.client.applications.apply(provisioner_stage.application(needs=ALONE, sizes=SIZES))
    return bare


async def waiting(stage: Stage, name: str) -> str:
    """Wait until it waits for a place, and return why."""
    seen: list[installations.Installation] = []

    async def waits() -> bool:
        seen[:] = [await stage.client.installations.get(name)]
        return seen[0].reason == "Nowhere"

    await provisioner_stage.poll(waits)
    return seen[0].message


async def placed(stage: Stage) -> dict[str, str]:
    page = await stage.client.installations.list(limit=200)
    return {each.name: each.cluster for each in page.items if each.cluster is not None}


async def reserved(stage: Stage, name: str) -> tuple[int, int, int]:
    table = tables.INSTALLATIONS
    async with stage.program.services.base.read() as reader:
        row = (await reader.execute(sa.select(table).where(table.c.name == name))).mappings().one()
    return row["reserved_cpu_millis"], row["reserved_memory_bytes"] // MIB, row["reserved_pods"]


async def plan(stage: Stage, count: int, **more: Any) -> placement.CapacityPlan:
    request = placement.PlanInstallations(installations=count, application="tiny", **more)
    return await stage.client.clusters.plan(request)


class TestABurst:
    @pytest.mark.parametrize(
        ("facts", "places", "scarce"),
        [
            (kubernetes(cpu=3600), 6, "CPU (3 of 3.2 reserved, 0.4 kept free, 0.5 wanted)"),
            (kubernetes(memory=1024 * MIB), 3, "memory (768 MiB of 768 MiB reserved, 192 MiB kept free, 256 MiB"),
            (kubernetes(pods=12), 5, "pods (10 of 11 reserved, 1 kept free, 2 wanted)"),
        ],
        ids=["processor", "memory", "pods"],
    )
    async def test_is_placed_as_far_as_each_limit_allows(
        self, selling: Stage, facts: document.ClusterFacts, places: int, scarce: str
    ) -> None:
        await cluster(selling, "eu", facts)
        await asyncio.gather(*[selling.create(f"many-{number}") for number in range(places + 4)])
        found = await placed(selling)
        assert len(found) == places
        [first, *_] = {f"many-{number}" for number in range(places + 4)} - set(found)
        assert f"eu: {scarce}" in await waiting(selling, first)

    async def test_goes_where_the_scarcest_measure_has_the_largest_free_share(self, selling: Stage) -> None:
        await cluster(selling, "wide", kubernetes(cpu=64_000, pods=20))
        await cluster(selling, "deep", kubernetes(cpu=4000, pods=110))
        await asyncio.gather(*[selling.create(f"many-{number}") for number in range(12)])
        counts = list((await placed(selling)).values())
        assert (counts.count("wide"), counts.count("deep")) == (7, 5)

    async def test_with_changes_of_size_at_the_same_time_never_takes_more_than_there_is(self, selling: Stage) -> None:
        await cluster(selling, "eu", kubernetes(cpu=6000))
        await asyncio.gather(*[selling.stable(f"first-{number}") for number in range(4)])
        growing = [selling.client.installations.update(f"first-{number}", Update(size="large")) for number in range(4)]
        coming = [selling.create(f"second-{number}") for number in range(12)]
        ended = await asyncio.gather(*growing, *coming, return_exceptions=True)
        refused = [each for each in ended if isinstance(each, BaseException)]
        assert all("no room for the size “large”: CPU" in str(each) for each in refused)
        async with selling.program.services.base.read() as reader:
            table = tables.INSTALLATIONS
            total = await reader.scalar(sa.select(sa.func.sum(table.c.reserved_cpu_millis)))
        assert total is not None
        assert 3500 <= total <= 6000 - 600
        assert await _is_in_step(selling)


async def _is_in_step(stage: Stage) -> bool:
    """Tell whether what is reserved is what sizes take."""
    async with stage.program.services.base.read() as reader:
        rows = (await reader.execute(sa.select(tables.INSTALLATIONS))).mappings().all()
    wanted = {"small": 500, "large": 2000}
    return all(each["reserved_cpu_millis"] == (wanted[each["size"]] if each["cluster_id"] else 0) for each in rows)


class TestAnotherSize:
    async def test_is_reserved_or_refused_with_what_is_scarce(self, selling: Stage) -> None:
        await cluster(selling, "eu", kubernetes(cpu=5700))
        await selling.stable("acme")
        await selling.stable("other")
        await selling.client.installations.update("acme", Update(size="large"))
        assert await reserved(selling, "acme") == (2000, 1024, 2)
        await selling.until("acme", Status.STABLE)
        with pytest.raises(errors.ConflictError, match="eu has no room for the size “large”: CPU") as refused:
            await selling.client.installations.update("other", Update(size="large"))
        assert refused.value.code == "no-room"
        assert (await selling.client.installations.get("other")).status is Status.STABLE
        await selling.client.installations.update("acme", Update(size="small"))
        assert await reserved(selling, "acme") == (500, 256, 2)
        await selling.client.installations.update("other", Update(size="large"))

    async def test_that_fails_with_a_version_is_given_back(self, selling: Stage) -> None:
        world = await cluster(selling, "eu", kubernetes())
        await selling.stable("acme")

        def refuse(given: document.Installation) -> document.InstallationStatus:
            if given.spec.version == "2.0":
                return runtime_twin.unwell(given, document.Phase.FAILED, "StartTimedOut")
            return runtime_twin.well(given)

        world.will = refuse
        await selling.client.installations.update("acme", Update(version="2.0", size="large"))
        assert await reserved(selling, "acme") == (2000, 1024, 2)
        await selling.until("acme", Status.STABLE)
        assert await reserved(selling, "acme") == (500, 256, 2)


class TestLabels:
    async def test_lead_to_a_cluster_that_has_them(self, selling: Stage) -> None:
        await cluster(selling, "us", kubernetes(), labels={"region": "us"})
        made = await selling.create("acme", placement=placement.Placement(match_labels={"region": "eu"}))
        assert made.placement.match_labels == {"region": "eu"}
        assert await waiting(selling, "acme") == "None of the clusters can take it now. us: not labelled region=eu."
        await cluster(selling, "eu", kubernetes(), labels={"region": "eu", "tier": "gold"})
        assert (await selling.until("acme", Status.STABLE)).cluster == "eu"

    async def test_keep_a_dedicated_cluster_for_whom_it_is(self, selling: Stage) -> None:
        theirs = {"tenantry.dev/dedicated": "acme"}
        await cluster(selling, "theirs", kubernetes(cpu=64_000), labels=theirs)
        await cluster(selling, "all", kubernetes(cpu=3000))
        await selling.create("one", placement=placement.Placement(match_labels=theirs))
        await asyncio.gather(*[selling.create(f"many-{number}") for number in range(9)])
        found = await placed(selling)
        assert {name for name, where in found.items() if where == "theirs"} == {"one"}
        assert len(found) == 5


class TestSleep:
    async def test_leaves_room_for_others_and_a_wake_is_never_refused(self, selling: Stage) -> None:
        await cluster(selling, "eu", kubernetes(cpu=1600))
        await asyncio.gather(selling.stable("one"), selling.stable("two"))
        await selling.create("three")
        assert "CPU (1 of 1.2 reserved" in await waiting(selling, "three")
        await selling.client.installations.hibernate("one")
        await selling.until("three", Status.STABLE)
        await selling.client.installations.wake("one")
        await selling.until("one", Status.STABLE)
        await selling.create("four")
        assert "CPU (1.5 of 1.2 reserved" in await waiting(selling, "four")


class TestDatabaseServers:
    async def test_promise_no_more_connections_than_they_may(self, bare: Stage) -> None:
        await bare.register()
        await bare.client.database_servers.update("pg", infrastructure.UpdateDatabaseServer(max_connections=7))
        await asyncio.gather(*[bare.create(f"many-{number}") for number in range(4)])
        found = await placed(bare)
        assert len(found) == 2
        [first, *_] = {f"many-{number}" for number in range(4)} - set(found)
        assert "pg: connections (6 of 7 reserved, 3 wanted)" in await waiting(bare, first)
        async with bare.program.services.base.read() as reader:
            assert await reader.scalar(sa.select(sa.func.count()).select_from(tables.LOGICAL_DATABASES)) == 2


class TestAManifest:
    async def test_that_changes_what_sizes_take_changes_what_is_reserved(self, selling: Stage) -> None:
        await cluster(selling, "eu", kubernetes())
        await selling.stable("acme")
        larger = [{"name": "small", "workloads": {"web": {"cpu": "3"}}}, SIZES[1]]
        await selling.client.applications.apply(provisioner_stage.application(needs=ALONE, sizes=larger))
        assert await reserved(selling, "acme") == (3500, 1024, 2)

    async def test_is_followed_at_the_start_by_what_was_placed_before(self, selling: Stage) -> None:
        await cluster(selling, "eu", kubernetes())
        await selling.stable("acme")
        async with selling.program.services.base.write() as writer:
            await writer.execute(tables.INSTALLATIONS.update().values(reserved_cpu_millis=0, reserved_pods=0))
        await server.reserve_anew(selling.program)
        assert await reserved(selling, "acme") == (500, 256, 2)


class TestAPlan:
    async def test_is_what_happens(self, selling: Stage) -> None:
        await cluster(selling, "one", kubernetes(cpu=3000))
        await cluster(selling, "two", kubernetes(cpu=8000, pods=15))
        await selling.create("before")
        planned = await plan(selling, 5000)
        assert (planned.size, planned.runs_out) == ("small", placement.PlaceKind.CLUSTER)
        assert "CPU" in planned.message
        assert "pods" in planned.message
        await asyncio.gather(*[selling.create(f"many-{number}") for number in range(planned.placed + 3)])
        found = await placed(selling)
        counts = {each.name: each.installations for each in planned.places}
        del found["before"]
        assert {name: list(found.values()).count(name) for name in counts} == counts
        assert (await plan(selling, 1)).placed == 0

    async def test_reserves_nothing_and_says_what_one_more_needs(self, selling: Stage) -> None:
        await cluster(selling, "eu", kubernetes(cpu=2400))
        planned = await plan(selling, 9, size="large")
        assert (planned.placed, planned.takes[Measure.CPU]) == (0, 2000)
        [there] = planned.places
        [cpu] = [each for each in there.measures if each.measure is Measure.CPU]
        assert (there.scarcest, cpu.offered, cpu.kept_free, cpu.lacking) == (None, 0, 1900, 2000)
        assert (await plan(selling, 3)).placed == 3
        assert (await plan(selling, 3)).placed == 3
        assert await placed(selling) == {}

    async def test_of_what_is_not_there_is_refused(self, selling: Stage) -> None:
        with pytest.raises(errors.NotFoundError):
            await selling.client.clusters.plan(placement.PlanInstallations(installations=1, application="none"))
        with pytest.raises(errors.CustomerMustActError) as refused:
            await plan(selling, 1, size="giant")
        assert refused.value.code == "size-unknown"


async def until_known(stage: Stage, name: str, world: runtime_twin.World) -> None:
    """Wait until a cluster's facts are those of its world."""

    async def is_known() -> bool:
        services = stage.program.services
        known = await stage.client.clusters.get(name)
        async with services.base.write() as writer:
            await engine_store.poke(writer, tables.CLUSTERS_QUEUE, known.id, services.around.clock.now())
        return known.facts == world.facts

    await provisioner_stage.poll(is_known, every=0.2)


async def test_a_cluster_that_grows_takes_those_that_wait(selling: Stage) -> None:
    world = await cluster(selling, "eu", kubernetes(cpu=300, count=9))
    made = await selling.create("acme")
    assert "its largest pod fits on none of the nodes" in await waiting(selling, "acme")
    world.facts = kubernetes()
    await until_known(selling, "eu", world)
    assert (await selling.until(made.id, Status.STABLE)).cluster == "eu"


class TestStorage:
    async def test_is_a_limit_where_it_is_stated_asleep_too(self, selling: Stage) -> None:
        await cluster(selling, "eu", kubernetes(), capacity={Measure.STORAGE: 3 << 30})
        planned = await plan(selling, 5)
        assert (planned.placed, planned.takes[Measure.STORAGE]) == (3, 1 << 30)
        assert "storage (3 GiB of 3 GiB reserved, 1 GiB wanted)" in planned.message
        await asyncio.gather(*[selling.create(f"many-{number}") for number in range(5)])
        found = await placed(selling)
        assert len(found) == 3
        await selling.client.installations.hibernate(min(found))
        await selling.until(min(found), Status.HIBERNATED)
        [first, *_] = {f"many-{number}" for number in range(5)} - set(found)
        assert "eu: storage (3 GiB of 3 GiB reserved, 1 GiB wanted)" in await waiting(selling, first)
        more = infrastructure.UpdateCluster(capacity={Measure.STORAGE: 9 << 30})
        await selling.client.clusters.update("eu", more)
        await selling.until(first, Status.STABLE)

    async def test_of_no_class_waits_until_there_is_one(self, selling: Stage) -> None:
        world = await cluster(selling, "eu", kubernetes().model_copy(update={"storage_classes": []}))
        made = await selling.create("acme")
        assert "eu: no default storage class for volumes" in await waiting(selling, "acme")
        assert (await plan(selling, 1)).placed == 0
        world.facts = kubernetes()
        await until_known(selling, "eu", world)
        assert (await selling.until(made.id, Status.STABLE)).cluster == "eu"

    async def test_is_of_the_class_that_a_kept_operator_was_told(self, selling: Stage) -> None:
        await cluster(selling, "eu", kubernetes())
        known = await selling.client.clusters.get("eu")
        now = selling.program.services.around.clock.now()
        kept = {"kept_by": "tenantry", "status": "pending", "facts": {"storage_class": "fast"}, "since": now}
        async with selling.program.services.base.write() as writer:
            await writer.execute(tables.OPERATORS.insert().values(id=known.id, **kept))
        await selling.create("acme")
        assert "eu: no storage class “fast” for volumes" in await waiting(selling, "acme")


async def test_what_is_stated_of_a_cluster_counts(selling: Stage) -> None:
    stated = {Measure.CPU: 64_000, Measure.SERVICES: 2}
    await cluster(selling, "eu", kubernetes(cpu=1000), capacity=stated)
    assert (await selling.client.clusters.get("eu")).capacity == stated
    await asyncio.gather(*[selling.create(f"many-{number}") for number in range(3)])
    assert len(await placed(selling)) == 2


async def test_limits_that_are_widened_take_those_that_wait(selling: Stage) -> None:
    await cluster(selling, "eu", kubernetes(), max_installations=1)
    await selling.stable("one")
    await selling.create("two")
    assert "installations (1 of 1 reserved, 1 wanted)" in await waiting(selling, "two")
    changes = infrastructure.UpdateCluster(max_installations=2, labels={"region": "eu"})
    changed = await selling.client.clusters.update("eu", changes)
    assert (changed.max_installations, changed.labels, changed.capacity) == (2, {"region": "eu"}, {})
    await selling.until("two", Status.STABLE)
    stated = infrastructure.UpdateCluster(capacity={Measure.PODS: 4})
    assert (await selling.client.clusters.update("eu", stated)).capacity == {Measure.PODS: 4}
    assert (await selling.client.clusters.get("eu")).max_installations == 2
    with pytest.raises(errors.NotFoundError):
        await selling.client.clusters.update("us", changes)


async def test_limits_of_servers_and_stores_can_be_changed(bare: Stage) -> None:
    await bare.register()
    server = await bare.client.database_servers.update("pg", infrastructure.UpdateDatabaseServer(max_connections=7))
    assert (server.max_connections, server.max_databases) == (7, 500)
    kept = await bare.client.object_stores.update("s3", infrastructure.UpdateObjectStore(max_buckets=3))
    assert kept.max_buckets == 3
