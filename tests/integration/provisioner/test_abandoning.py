"""What becomes of a deletion whose cluster never comes back."""

import aiohttp
import pytest

from support import provisioner_api, provisioner_stage
from tenantry.provisioner import tables
from tenantry.provisioner.access import model as access
from tenantry.provisioner.installations import changes, model
from tenantry.wire import infrastructure, installations, tokens

Stage = provisioner_stage.Stage
Status = installations.Status


async def abandon(stage: Stage, identifier: str, *scopes: tokens.Scope) -> None:
    by = access.Principal(token_id="tok-1", name="olga", scopes=frozenset(scopes or tokens.Scope))
    services = stage.program.services
    async with services.base.write() as writer:
        await services.installations.abandon(writer, changes.Change(identifier=identifier, by=by))


async def lingering(stage: Stage) -> installations.Installation:
    """An installation whose deletion waits for a cluster that is away."""
    made = await stage.stable("acme")
    stage.world.go_away()

    async def is_away() -> bool:
        return (await stage.client.clusters.get("here")).status is infrastructure.Status.UNREACHABLE

    await provisioner_stage.poll(is_away)
    await stage.client.installations.delete("acme", grace_seconds=0)
    await stage.until(made.id, Status.DELETING)

    async def says_why() -> bool:
        return (await stage.client.installations.get(made.id)).reason == "ClusterAway"

    await provisioner_stage.poll(says_why)
    return await stage.client.installations.get(made.id)


class TestADeletionWithoutItsCluster:
    async def test_says_what_it_waits_for_and_what_can_be_done(self, stage: Stage) -> None:
        seen = await lingering(stage)
        assert "“here” is unreachable" in seen.message
        assert "an administrator can abandon" in seen.message

    async def test_ends_when_it_is_abandoned_with_an_audit_entry(self, stage: Stage) -> None:
        made = await lingering(stage)
        await abandon(stage, made.id)
        await stage.until(made.id, Status.DELETED)
        async with stage.program.services.base.read() as reader:
            entries = (await reader.execute(tables.AUDIT_ENTRIES.select())).all()
            left = (await reader.execute(tables.LOGICAL_DATABASES.select())).all()
        assert [each.subject_id for each in entries if each.actor == "olga"] == [made.id]
        assert left == []

    async def test_is_abandoned_over_the_api(self, stage: Stage) -> None:
        made = await lingering(stage)
        async with aiohttp.ClientSession() as session:
            answer = await provisioner_api.Api(stage, session).call("POST", f"/v1/installations/{made.id}/abandon")
        assert (answer.status, answer.json()["target"]) == (200, "deleted")
        await stage.until(made.id, Status.DELETED)

    async def test_is_finished_on_the_cluster_if_that_comes_back(self, stage: Stage) -> None:
        made = await lingering(stage)
        await abandon(stage, made.id)
        await stage.until(made.id, Status.DELETED)
        assert made.id in stage.world.bundles
        stage.world.come_back()
        await provisioner_stage.poll(lambda: made.id not in stage.world.bundles)

    async def test_within_its_grace_ends_too(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        await stage.client.installations.delete("acme")
        await stage.until("acme", Status.DISCARDED)
        stage.world.go_away()
        async with stage.program.services.base.write() as writer:
            await writer.execute(tables.CLUSTERS.update().values(status="unreachable", reason="AgentAway"))
        await abandon(stage, made.id)
        await stage.until(made.id, Status.DELETED)

    async def test_is_not_abandoned_while_its_cluster_answers(self, stage: Stage) -> None:
        await stage.stable("acme")
        stage.world.lingering = True
        await stage.client.installations.delete("acme", grace_seconds=0)
        with pytest.raises(model.ClusterAnswersError):
            await abandon(stage, "acme")

    async def test_that_nobody_asked_for_is_refused(self, stage: Stage) -> None:
        await stage.stable("acme")
        with pytest.raises(model.DeletionNotAskedError):
            await abandon(stage, "acme")

    async def test_is_refused_to_those_who_may_not_change_infrastructure(self, stage: Stage) -> None:
        made = await stage.stable("acme")
        with pytest.raises(access.ScopeMissingError):
            await abandon(stage, made.id, tokens.Scope.INSTALLATIONS_WRITE)
