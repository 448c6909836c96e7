"""A cluster that is away, with another that is not: what is said of it, what goes on, and what is caught up."""

import asyncio
from datetime import timedelta

from support import provisioner_stage, runtime_twin
from tenantry.provisioner import tables
from tenantry.wire import infrastructure, installations

Stage = provisioner_stage.Stage
Status = installations.Status
Reached = infrastructure.Status


async def on(stage: Stage, cluster: str, name: str) -> installations.Installation:
    """Create an installation on a cluster, by closing the others."""
    others = [each.name for each in await stage.client.clusters.list() if each.name != cluster]
    for other in others:
        await stage.client.clusters.cordon(other)
    made = await stage.stable(name)
    for other in others:
        await stage.client.clusters.uncordon(other)
    assert made.cluster == cluster
    return made


async def until_cluster(stage: Stage, name: str, status: Reached) -> infrastructure.Cluster:
    async def is_so() -> bool:
        return (await stage.client.clusters.get(name)).status is status

    await provisioner_stage.poll(is_so)
    return await stage.client.clusters.get(name)


def reachable(seen: installations.Installation) -> list[tuple[str, str]]:
    return [(each.status, each.reason) for each in seen.conditions if each.type == "ClusterReachable"]


async def set_due(stage: Stage, installation_id: str, *, hours: int) -> None:
    """Let the next try be far away, as after many failed ones."""
    later = stage.program.services.around.clock.now() + timedelta(hours=hours)

    async def is_free() -> bool:
        async with stage.program.services.base.write() as writer:
            table = tables.INSTALLATIONS
            changed = await writer.execute(
                table.update().where(table.c.id == installation_id, table.c.lease_token.is_(None)).values(due_at=later)
            )
            return changed.rowcount == 1

    await provisioner_stage.poll(is_free)


async def told(stage: Stage, name: str) -> tuple[Reached, str]:
    """Return what the newest event tells of a cluster."""
    states = [each.cluster() for each in (await stage.client.event_log.list(after=0, limit=1000)).items]
    found = [each for each in states if each is not None and each.name == name]
    return found[-1].status, found[-1].reason


class TestAway:
    async def test_is_said_of_the_cluster_and_of_what_is_on_it(self, stage: Stage) -> None:
        await stage.add_cluster("second")
        await on(stage, "here", "acme")
        await on(stage, "second", "other")
        stage.world.go_away()
        cluster = await until_cluster(stage, "here", Reached.UNREACHABLE)
        assert (cluster.reason, cluster.message) == ("AgentAway", "The cluster does not answer.")
        assert await told(stage, "here") == (Reached.UNREACHABLE, "AgentAway")
        seen = await stage.client.installations.get("acme")
        assert (seen.status, reachable(seen)) == (Status.STABLE, [("False", "AgentAway")])
        assert reachable(await stage.client.installations.get("other")) == []
        stage.world.come_back()
        await until_cluster(stage, "here", Reached.AVAILABLE)
        assert await told(stage, "here") == (Reached.AVAILABLE, "")
        assert reachable(await stage.client.installations.get("acme")) == []

    async def test_changes_wait_with_the_reason_and_are_caught_up(self, stage: Stage) -> None:
        await stage.add_cluster("second")
        made = await on(stage, "here", "acme")
        asleep = await on(stage, "here", "asleep")
        stage.world.go_away()
        await until_cluster(stage, "here", Reached.UNREACHABLE)
        await stage.client.installations.update("acme", installations.UpdateInstallation(version="2.0"))
        await stage.client.installations.hibernate("asleep")

        async def both_wait() -> bool:
            seen = [await stage.client.installations.get(name) for name in ("acme", "asleep")]
            return [each.reason for each in seen] == ["ClusterAway", "ClusterAway"]

        await provisioner_stage.poll(both_wait)
        seen = await stage.client.installations.get("acme")
        assert seen.message == "Its cluster “here” is unreachable: The cluster does not answer."
        for each in (made, asleep):
            await set_due(stage, each.id, hours=1)
        stage.world.come_back()
        seen = await stage.until("acme", Status.STABLE)
        assert (seen.serving_version, seen.reason) == ("2.0", "")
        await stage.until("asleep", Status.HIBERNATED)

    async def test_what_happened_there_meanwhile_is_caught_up(self, stage: Stage) -> None:
        made = await on(stage, "here", "acme")
        lost = await on(stage, "here", "lost")
        stage.world.go_away()
        await until_cluster(stage, "here", Reached.UNREACHABLE)
        document_ = stage.world.bundles[made.id].installation
        stage.world.statuses[made.id] = runtime_twin.unwell(
            document_, runtime_twin.document.Phase.DEGRADED, "CrashLooping"
        )
        stage.world.forget(lost.id)
        stage.world.come_back()
        assert (await stage.until("acme", Status.UNHEALTHY)).reason == "CrashLooping"
        await provisioner_stage.poll(lambda: lost.id in stage.world.bundles)

    async def test_new_orders_go_to_the_other(self, stage: Stage) -> None:
        await stage.add_cluster("second")
        stage.world.go_away()
        await until_cluster(stage, "here", Reached.UNREACHABLE)
        made = [await stage.stable(f"order-{number}") for number in range(3)]
        assert {each.cluster for each in made} == {"second"}


class TestFrozen:
    """It takes every request and answers none: the worst kind of away, since everybody waits for it."""

    async def test_does_not_stop_what_is_wanted_elsewhere(self, stage: Stage) -> None:
        await stage.client.applications.apply(provisioner_stage.application(needs={"volumes": [{"name": "data"}]}))
        await stage.add_cluster("second")
        await stage.client.clusters.cordon("second")
        names = [f"many-{number}" for number in range(40)]
        await asyncio.gather(*[stage.create(name) for name in names])
        for name in names:
            await stage.until(name, Status.STABLE, seconds=30)
        await stage.client.clusters.uncordon("second")
        await on(stage, "second", "other")
        stage.world.freeze()
        before = _asked(stage.world)
        await asyncio.gather(*[stage.client.installations.restart(name) for name in names])
        await provisioner_stage.poll(lambda: _asked(stage.world) == before + tables.INSTALLATIONS_QUEUE.group_limit)
        await stage.client.installations.restart("other")
        await stage.until("other", Status.STABLE, seconds=5)
        stage.world.thaw()
        for name in names:
            await stage.until(name, Status.STABLE, seconds=30)


def _asked(world: runtime_twin.World) -> int:
    """Count the documents that were handed over, answered or not."""
    return sum(count for (method, _), count in world.calls.items() if method == "apply")
