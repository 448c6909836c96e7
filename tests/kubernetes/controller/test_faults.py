"""What happens to installations while the operator or parts of the control plane die or stand still."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
import pytest_asyncio

from support import operator_stage as stages
from tenantry.runtime import document
from testbed import cache
from testbed import cluster as clusters

Phase = document.Phase


class TestElection:
    async def test_only_one_of_two_operators_acts_and_the_other_has_everything_loaded(
        self, stage: stages.Stage
    ) -> None:
        name = stages.fresh("tiny")
        await stage.offer(stages.application(name))
        async with stage.operator("first") as first:
            await stages.eventually(lambda: leads(first))
            async with stage.operator("second") as second:
                ordered = await stage.order(name, namespace=stages.fresh("acme"))
                await ordered.until(Phase.READY)
                assert not second.writes()
                assert second.made.is_ready()

    async def test_a_leader_whose_lease_was_taken_stops(self, stage: stages.Stage) -> None:
        async with stage.operator("first") as first:
            await stages.eventually(lambda: leads(first))
            await stage.api.merge(stages.LEASE, {"spec": {"holderIdentity": "another"}})
            await stages.eventually(lambda: leads_not(first))
            await stage.api.merge(stages.LEASE, {"spec": {"holderIdentity": None}})
            await stages.eventually(lambda: leads(first))

    async def test_a_leader_that_is_gone_without_a_word_is_followed(self, stage: stages.Stage) -> None:
        name = stages.fresh("tiny")
        await stage.offer(stages.application(name))
        dead = {"spec": {"holderIdentity": "dead", "leaseDurationSeconds": 15}}
        async with stage.operator("first") as first:
            await stages.eventually(lambda: leads(first))
        await stage.api.merge(stages.LEASE, dead)
        async with stage.operator("second"):
            ordered = await stage.order(name, namespace=stages.fresh("acme"))
            await ordered.until(Phase.READY)
        assert (await stage.api.get(stages.LEASE))["spec"]["leaseTransitions"] >= 1


async def test_when_a_leader_is_killed_midway_the_standby_finishes_its_work(stage: stages.Stage) -> None:
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name, jobs=stages.JOBS))
    async with stage.program(stages.free_port()) as leader, stage.operator("standby") as standby:
        ordered = [await stage.order(name, namespace=stages.fresh("acme")) for _ in range(3)]
        await stages.eventually(lambda: has_begun(ordered[0]))
        leader.kill()
        await stages.eventually(lambda: leads(standby), within=timedelta(seconds=40))
        for each in ordered:
            await each.until(Phase.READY)
        jobs = [each for kind, each in await ordered[0].objects() if kind == "Job"]
        assert sum("initialise" in each for each in jobs) == 1


class TestControlPlane:
    """Parts of the cluster itself die or stand still while five installations are on their way."""

    pytestmark = pytest.mark.asyncio(loop_scope="class")

    @pytest_asyncio.fixture(scope="class", loop_scope="class")
    async def own(
        self, control_plane: cache.Cache, tmp_path_factory: pytest.TempPathFactory
    ) -> AsyncGenerator[stages.Stage]:
        """A cluster of their own with an operator."""
        del control_plane
        async with clusters.running(tmp_path_factory.mktemp("cluster"), nodes=1) as up, up.connected() as api:
            stage = stages.Stage(up, api)
            await stage.prepare()
            await stage.offer(stages.application("tiny", jobs=stages.JOBS))
            async with stage.operator():
                yield stage

    @pytest.mark.parametrize("program", ["kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler"])
    async def test_one_that_is_killed_holds_nothing_up_for_good(self, own: stages.Stage, program: str) -> None:
        ordered = await self.order(own)
        await own.up.programs.kill(program)
        await own.up.programs.start(program)
        await self.are_ready(ordered)

    @pytest.mark.parametrize("program", ["kube-apiserver", "etcd"])
    async def test_one_that_stands_still_holds_nothing_up_for_good(self, own: stages.Stage, program: str) -> None:
        ordered = await self.order(own)
        own.up.programs.freeze(program)
        try:
            # Nobody can order anything meanwhile, and it comes through as soon as it goes on.
            late = asyncio.create_task(own.order("tiny", namespace=stages.fresh("acme")))
            done, _ = await asyncio.wait({late}, timeout=2)
            assert not done
        finally:
            own.up.programs.thaw(program)
        await self.are_ready([*ordered, await late])

    async def order(self, own: stages.Stage) -> list[stages.Ordered]:
        """Order five installations, and let the first of them have begun."""
        ordered = [await own.order("tiny", namespace=stages.fresh("acme")) for _ in range(5)]
        await stages.eventually(lambda: has_begun(ordered[0]))
        return ordered

    async def are_ready(self, ordered: list[stages.Ordered]) -> None:
        """Wait until they are ready, with nothing made twice."""
        for each in ordered:
            await each.until(Phase.READY, within=timedelta(seconds=90))
        made = [kind for kind, _ in await ordered[0].objects()]
        assert (made.count("Deployment"), made.count("Job")) == (2, 3)


async def leads_not(operator: stages.Operator) -> bool:
    """Tell whether an operator leaves the work to others."""
    return not await leads(operator)


async def has_begun(ordered: stages.Ordered) -> bool:
    """Tell whether anything has been made for an installation."""
    return bool(await ordered.objects())


async def leads(operator: stages.Operator) -> bool:
    """Tell whether an operator acts."""
    return operator.registry.get_sample_value("tenantry_operator_leads") == 1
