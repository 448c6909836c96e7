"""Operators of several clusters: one after the other, and not where the same has failed elsewhere.

PostgreSQL and the API are real; clusters are in memory. What happens in one is in tests/kubernetes/provisioner.
"""

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from support import provisioner_installers as installers
from support import provisioner_stage
from tenantry.kernel import errors
from tenantry.provisioner import tables
from tenantry.provisioner.operators import model, ports
from tenantry.wire import operators as wire

TERMS = model.Terms(image="tenantry", version="1.0.0", patience=timedelta(seconds=0.3))
LONG = dataclasses.replace(TERMS, patience=timedelta(minutes=5))


@pytest.fixture
async def fleet(place: provisioner_stage.Place) -> AsyncIterator[installers.Fleet]:
    async with provisioner_stage.opened(place, supervised=[]) as stage:
        yield installers.Fleet(stage=stage, good={"1.0.0"})


async def test_clusters_are_changed_one_after_the_other(fleet: installers.Fleet) -> None:
    await fleet.add("a", "b", "c")
    await fleet.want("a", "b", "c", version="2.0.0")
    async with fleet.supervised(LONG):
        [busy] = await fleet.counted(upgrading=1, pending=2)
        [one, other] = [await fleet.get(name) for name in "abc" if name != busy]
        assert (one.reason, one.message) == ("WaitsForTurn", f"It waits for its turn; under way is {busy}.")
        assert other.reason == one.reason
        assert [name for name, twin in fleet.twins.items() if twin.version is not None] == [busy]
        fleet.good.add("2.0.0")
        await fleet.until(a="current", b="current", c="current")
    async with fleet.stage.program.services.base.read() as reader:
        query = tables.EVENTS.select().where(tables.EVENTS.c.type == "cluster.operator-changed")
        rows = (await reader.execute(query.order_by(tables.EVENTS.c.sequence))).mappings()
        told = [row["data"]["operator"] for row in rows if row["data"]]
    under_way = [(each["cluster"], each["status"]) for each in told if each["status"] in {"upgrading", "current"}]
    assert len(under_way) == 6
    assert [status for _, status in under_way] == ["upgrading", "current"] * 3
    assert all(one[0] == other[0] for one, other in zip(under_way[::2], under_way[1::2], strict=True))


async def test_as_many_at_once_as_the_house_says(fleet: installers.Fleet) -> None:
    await fleet.add("a", "b", "c")
    await fleet.want("a", "b", "c", version="2.0.0")
    async with fleet.supervised(dataclasses.replace(LONG, at_once=2)):
        await fleet.counted(upgrading=2, pending=1)


async def test_a_version_that_failed_in_one_cluster_is_tried_in_no_other(fleet: installers.Fleet) -> None:
    await fleet.add("a", "b")
    await fleet.want("a", "b")
    async with fleet.supervised(TERMS):
        await fleet.until(a="current", b="current")
        await fleet.want("a", version="2.0.0")
        await fleet.until(a="returned")
        back = await fleet.get("a")
        assert (back.reason, back.serving_version, fleet.twins["a"].version) == ("NotReadyInTime", "1.0.0", "1.0.0")
        assert "2.0.0 is broken. Version 1.0.0 is brought back." in back.message
        await fleet.want("b", version="2.0.0")
        await fleet.until(b="pending")

        async def is_held() -> bool:
            return (await fleet.get("b")).reason == "FailedElsewhere"

        await provisioner_stage.poll(is_held)
        assert "did not become ready in a" in (await fleet.get("b")).message
        assert fleet.twins["b"].applied[-1] == "1.0.0"
        fleet.good.add("2.0.0")
        await fleet.stage.client.operators.upgrade("a")
        await fleet.until(a="current", b="current")
        assert [each.version for each in fleet.twins.values()] == ["2.0.0", "2.0.0"]


async def test_the_first_version_of_all_has_none_to_go_back_to(fleet: installers.Fleet) -> None:
    await fleet.add("a")
    await fleet.want("a", version="2.0.0")
    async with fleet.supervised(TERMS):
        await fleet.until(a="failed")
        assert "2.0.0 is broken" in (await fleet.get("a")).message
        fleet.good.add("2.0.0")
        await fleet.stage.client.operators.upgrade("a")
        await fleet.until(a="current")


class TestProvisioners:
    async def test_a_newer_one_brings_what_follows_it_forward(self, fleet: installers.Fleet) -> None:
        fleet.good.add("1.1.0")
        await fleet.add("follows", "stays")
        await fleet.want("follows")
        await fleet.want("stays", version="1.0.0")
        async with fleet.supervised(TERMS):
            await fleet.until(follows="current", stays="current")
        await fleet.want("follows", facts={"issuer": "x"})
        async with fleet.supervised(dataclasses.replace(TERMS, version="1.1.0")):
            await fleet.until(follows="current", stays="current")
        assert (fleet.twins["follows"].version, fleet.twins["stays"].version) == ("1.1.0", "1.0.0")

    async def test_an_older_one_leaves_what_a_newer_one_brought(self, fleet: installers.Fleet) -> None:
        """Both run while a provisioner is itself upgraded."""
        fleet.good.add("1.1.0")
        await fleet.add("a")
        await fleet.want("a")
        async with fleet.supervised(dataclasses.replace(TERMS, version="1.1.0")):
            await fleet.until(a="current")
        async with fleet.stage.program.services.base.write() as writer:
            await writer.execute(
                tables.OPERATORS.update().values(due_at=fleet.stage.program.services.around.clock.now())
            )
        async with fleet.supervised(TERMS):

            async def is_left() -> bool:
                return (await fleet.get("a")).reason == "KeptByNewer"

            await provisioner_stage.poll(is_left)
            assert fleet.twins["a"].applied == ["1.1.0"] * len(fleet.twins["a"].applied)
            await fleet.stage.client.operators.upgrade("a")
            await fleet.until(a="current")
            await provisioner_stage.poll(lambda: fleet.twins["a"].version == "1.0.0")


async def test_what_the_account_may_not_do_is_said_and_in_time_given_up(fleet: installers.Fleet) -> None:
    await fleet.add("a")
    fleet.twins["a"].failure = ports.KeepingForbiddenError("It may not.", hint="Give it the role.")
    await fleet.want("a")
    async with fleet.supervised(TERMS):
        await fleet.until(a="failed")
        assert (await fleet.get("a")).message == "It may not. Give it the role."
        fleet.twins["a"].failure = None
        await fleet.stage.client.operators.upgrade("a")
        await fleet.until(a="current")


async def test_a_cluster_that_is_away_is_waited_for(fleet: installers.Fleet) -> None:
    """However long: it has its time once it is back."""
    await fleet.add("a")
    fleet.twins["a"].failure = errors.TemporaryError("It is away.")
    await fleet.want("a")
    async with fleet.supervised(dataclasses.replace(TERMS, patience=timedelta(0))):

        async def is_told() -> bool:
            found = await fleet.get("a")
            return (found.status, found.message) == (wire.Status.UPGRADING, "It is away.")

        await provisioner_stage.poll(is_told)
        fleet.twins["a"].failure = None
        await fleet.until(a="current")


async def test_what_is_left_to_others_is_not_touched(fleet: installers.Fleet) -> None:
    await fleet.add("a")
    async with fleet.supervised(TERMS):

        async def is_told() -> bool:
            return (await fleet.get("a")).reason == "OperatorMissing"

        await provisioner_stage.poll(is_told)
    found = await fleet.get("a")
    assert (found.kept_by, found.status) == (wire.Keeper.EXTERNAL, wire.Status.EXTERNAL)
    assert fleet.twins["a"].applied == []


async def test_what_is_given_out_of_hand_is_forgotten(fleet: installers.Fleet) -> None:
    await fleet.add("a")
    await fleet.want("a")
    async with fleet.supervised(TERMS):
        await fleet.until(a="current")
        left = wire.UpdateOperator(kept_by=wire.Keeper.EXTERNAL)
        after = await fleet.stage.client.operators.update("a", left)
        assert (after.status, after.serving_version) == (wire.Status.EXTERNAL, None)
        await fleet.want("a")
        await fleet.until(a="current")
        assert (await fleet.get("a")).serving_version == "1.0.0"


async def test_what_is_kept_while_it_waits_is_repaired(fleet: installers.Fleet) -> None:
    await fleet.add("a", "b")
    await fleet.want("a", "b")
    async with fleet.supervised(LONG):
        await fleet.until(a="current", b="current")
        await fleet.want("a", version="2.0.0")
        await fleet.until(a="upgrading")
        await fleet.want("b", version="2.0.0")

        async def is_held() -> bool:
            return (await fleet.get("b")).reason == "WaitsForTurn"

        await provisioner_stage.poll(is_held)
        before = len(fleet.twins["b"].applied)
        await fleet.stage.client.operators.update("a", wire.UpdateOperator(facts={"issuer": "x"}))
        await provisioner_stage.poll(lambda: len(fleet.twins["b"].applied) > before)
        assert set(fleet.twins["b"].applied) == {"1.0.0"}


async def test_an_agents_cluster_has_no_operator(fleet: installers.Fleet) -> None:
    await fleet.stage.client.clusters.register(provisioner_stage.cluster("here"))
    with pytest.raises(errors.TenantryError) as refused:
        await fleet.get("here")
    assert refused.value.code == "no-operator"
    with pytest.raises(errors.NotFoundError):
        await fleet.get("unknown")
