"""What happens to installations while the operator dies or falls silent, and which of several acts."""

import asyncio
import signal
from datetime import timedelta
from pathlib import Path

from support import operator_lives as lives
from support import operator_stage as stages
from tenantry.operator import settings
from tenantry.runtime import document

Phase = document.Phase
FOLLOWED = timedelta(seconds=40)
"""A standby acts within this time: a Lease lasts for half of it."""


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
        await stages.eventually(lambda: leads(standby), within=FOLLOWED)
        for each in ordered:
            await each.until(Phase.READY)
        jobs = [each for kind, each in await ordered[0].objects() if kind == "Job"]
        assert sum("initialise" in each for each in jobs) == 1


async def test_a_leader_that_comes_back_from_silence_undoes_nothing(stage: stages.Stage, tmp_path: Path) -> None:
    """Frozen or cut off from the API server in the middle of an update; at once, as each takes as long as a Lease."""
    async with asyncio.TaskGroup() as group:
        for how in ("frozen", "cut"):
            folder = tmp_path / how
            folder.mkdir()
            group.create_task(is_followed(stage, folder, how))


async def is_followed(stage: stages.Stage, folder: Path, how: str) -> None:
    """Silence a leader until another has done its work and more, then let it lead again."""
    name, part, port = stages.fresh("tiny"), stages.Part(), stages.free_port()
    await stage.offer(stages.application(name, jobs={"migrate": {"command": ["migrate"]}}))
    given = {f"{settings.PREFIX}{key.upper()}": str(value) for key, value in part.settings().items()}
    async with (
        lives.detour(stage.up, folder) as (way, kubeconfig),
        stage.program(port, KUBECONFIG=str(kubeconfig), **given) as program,
    ):
        former, tell = lives.Life(port), program.send_signal if how == "frozen" else way.signal
        await stages.eventually(former.leads)
        async with stage.operator("second", **part.settings()) as second:
            ordered = await stage.order(name, namespace=part.namespace("acme"))
            await ordered.until(Phase.READY)
            await ordered.want(version="1.1")
            await stages.eventually(lambda: has_begun_to_migrate(ordered))
            tell(signal.SIGSTOP)
            await stages.eventually(lambda: leads(second), within=FOLLOWED)
            await ordered.want(settings={"mode": "better"})
            await ordered.until(Phase.READY, serving_version="1.1")
            before = await ordered.contents()
            tell(signal.SIGCONT)
            await stages.eventually(lambda: follows(former))
            looks = await former.looks()
        await stages.eventually(former.leads)
        await stages.eventually(lambda: former.has_looked_at(looks + 1))
        assert await ordered.contents() == before
        assert "Repaired" not in await ordered.events()
        assert (await ordered.jobs())["migrate"] == 1
        await ordered.want(settings={"mode": "best"})
        await ordered.until(Phase.READY, serving_version="1.1")


async def has_begun_to_migrate(ordered: stages.Ordered) -> bool:
    """Tell whether the job that fits the data was started."""
    return bool((await ordered.jobs())["migrate"])


async def follows(former: lives.Life) -> bool:
    """Tell whether an operator that is a program of its own answers, and leaves the work to others."""
    return bool(await former.samples()) and not await former.leads()


async def leads_not(operator: stages.Operator) -> bool:
    """Tell whether an operator leaves the work to others."""
    return not await leads(operator)


async def has_begun(ordered: stages.Ordered) -> bool:
    """Tell whether anything has been made for an installation."""
    return bool(await ordered.objects())


async def leads(operator: stages.Operator) -> bool:
    """Tell whether an operator acts."""
    return operator.registry.get_sample_value("tenantry_operator_leads") == 1
