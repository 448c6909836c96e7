"""What happens to installations while the operator dies, and which of several acts."""

from datetime import timedelta

from support import operator_stage as stages
from tenantry.runtime import document

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


async def leads_not(operator: stages.Operator) -> bool:
    """Tell whether an operator leaves the work to others."""
    return not await leads(operator)


async def has_begun(ordered: stages.Ordered) -> bool:
    """Tell whether anything has been made for an installation."""
    return bool(await ordered.objects())


async def leads(operator: stages.Operator) -> bool:
    """Tell whether an operator acts."""
    return operator.registry.get_sample_value("tenantry_operator_leads") == 1
