"""A former vendor's workspaces become Installations and come back, both operators at work, every change watched."""

import itertools
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from support import former
from support import operator_stage as stages
from support import street as streets
from tenantry.kubernetes import kinds
from tenantry.operator.controller import installations
from tenantry.operator.migration import fleet, model
from tenantry.operator.render import facts as fact
from tenantry.runtime import document

MANY = int(os.environ.get("TENANTRY_TEST_MIGRATIONS", "30"))
"""How many; a hundred take about 100 s of processor time."""
BACK = MANY // 4
MAPPING = str(Path(former.__file__).with_name("workspaces.yaml"))
State = fleet.State


@pytest.fixture
async def street(stage: stages.Stage, tmp_path: Path) -> AsyncGenerator[streets.Street]:
    async with streets.built(stage, tmp_path) as made:
        yield made


async def spec_of(street: streets.Street, name: str) -> dict[str, Any]:
    """Return what a workspace says of itself."""
    return (await street.api.get(former.KIND.path(street.namespace, name)))["spec"]


async def has_installation(street: streets.Street, name: str) -> bool:
    """Tell whether there is an Installation of this name."""
    return await street.api.has(kinds.INSTALLATION.path(street.namespace, name))


@pytest.mark.timeout(300)
async def test_many_come_over_and_some_back_and_one_that_cannot_stops_nobody(street: streets.Street) -> None:
    """Every second one has a Deployment of the very name that ours needs, with another selector."""
    names = [f"w{number:03}" for number in range(MANY)]
    several = [(name, {"deployment": f"{name}-web" if at % 2 else name}) for at, name in enumerate(names)]
    await street.build(*several, ("odd", {"release": "9.9"}))
    async with street.guarded(*names, "odd") as guard:
        await street.flag("true", *names, "odd")
        assert await street.bring() == {State.THERE: MANY, State.LEFT: 1}, await street.left()
        assert "9.9" in (await street.left())["odd"]
        assert (await spec_of(street, "odd"))["paused"] is False
        assert [await street.owners(name) for name in names] == [{"Installation"}] * MANY
        back, stay = names[:BACK], names[BACK:]
        await street.flag("false", *back, "odd")
        assert await street.bring() == {State.THERE: MANY + 1}, await street.left()
        assert [await street.owners(name) for name in back] == [{"Workspace"}] * BACK
        items = await street.api.items(kinds.INSTALLATION.path(street.namespace))
        assert sorted(each["metadata"]["name"] for each in items) == stay
    assert guard.events > MANY


async def test_processes_that_end_after_each_write_bring_them_over_and_back(street: streets.Street) -> None:
    names = ["aside", "inside"]
    await street.build(("aside", {}), ("inside", {"deployment": "inside-web"}))
    async with street.guarded(*names):
        for value, owner, writes in (("true", "Installation", 12), ("false", "Workspace", 8)):
            await street.flag(value, *names)
            assert await street.bring_dying() >= writes
            assert [await street.owners(name) for name in names] == [{owner}] * len(names)


async def test_the_former_operator_goes_on_after_the_way_back(street: streets.Street) -> None:
    await street.build(("acme", {"deployment": "acme-web"}))
    before = await replica_sets(street)
    async with street.guarded("acme"):
        for value in ("true", "false"):
            await street.flag(value, "acme")
            assert await street.bring() == {State.THERE: 1}, await street.left()
        path = kinds.DEPLOYMENT.path(street.namespace, "acme-web")

        async def is_back() -> bool:
            if not await street.api.has(path):
                return False
            found = await street.api.get(path)
            return found["metadata"]["labels"]["app"] == "acme" and found["status"].get("readyReplicas") == 1

        await stages.eventually(is_back)
    assert await replica_sets(street) == before


async def replica_sets(street: streets.Street) -> set[str]:
    """Return what runs pods, by uid: the same ones run the same pods."""
    return {each["metadata"]["uid"] for each in await street.api.items(kinds.REPLICA_SET.path(street.namespace))}


async def test_what_cannot_be_brought_over_says_why_and_is_not_touched(street: streets.Street) -> None:
    wrong: dict[str, tuple[dict[str, Any], str]] = {
        "taken": ({}, "NameTaken"),
        "ours": ({}, "InstallationExists"),
        "homeless": ({"application": "nothing"}, "ApplicationMissing"),
        "bigger": ({"storage": "2Gi"}, "ClaimDiffers"),
        "nowhere": ({"hosts": []}, "NotMappable"),
        "alone": ({"deployment": "alone-server"}, "FormerObjectMissing"),
    }
    await street.build(*((name, spec) for name, (spec, _) in wrong.items()))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "taken"}}
    await street.api.create(kinds.SERVICE_ACCOUNT.path(street.namespace), account)
    await street.flag("true", *wrong)
    await hold_one_of_ours(street)
    await street.api.merge(
        former.KIND.path(street.namespace, "alone"), {"spec": {"deployment": "elsewhere", "paused": True}}
    )
    await expect_reasons(street, {name: reason for name, (_, reason) in wrong.items()})


async def hold_one_of_ours(street: streets.Street) -> None:
    """Make an Installation that no workspace became; held, so that the operator makes nothing of it."""
    ordered = stages.Ordered(street.api, street.namespace, "ours", street.application)
    await ordered.want()
    await street.api.merge(ordered.path, {"metadata": {"labels": {installations.HELD: "true"}}})


async def expect_reasons(street: streets.Street, reasons: dict[str, str]) -> None:
    """Bring them over in vain."""
    assert await street.bring() == {State.LEFT: len(reasons)}
    assert {name: message.partition(":")[0] for name, message in (await street.left()).items()} == reasons
    for item in await street.api.items(former.KIND.path(street.namespace)):
        assert model.PAUSED_BY not in item["metadata"].get("annotations", {})


async def test_one_at_once_is_brought_there_before_the_next_begins(street: streets.Street) -> None:
    names = ["one", "two", "three"]
    several: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in names]
    await street.build(*several)
    await street.flag("true", *names)
    code, said = await street.program("resources", MAPPING, "--namespace", street.namespace, "--at-once", "1")
    told = [line.split()[0] for line in said.splitlines() if line.startswith(f"{street.namespace}/")]
    assert (code, len(told) > len(names)) == (0, True), said
    assert [key for key, _ in itertools.groupby(told)] == list(dict.fromkeys(told)), said


async def test_what_the_role_does_not_allow_is_one_line(street: streets.Street) -> None:
    code, said = await street.program("storage", "installations")
    assert (code, len(said.splitlines()), "customresourcedefinitions" in said) == (1, 1, True), said


async def test_what_would_harm_former_pods_or_keep_visitors_out_is_a_reason(street: streets.Street) -> None:
    await street.build(("acme", {}))
    await street.flag("true", "acme")
    claim = former.MAPPING.claims[0].model_copy(update={"together": False})
    mapping = former.MAPPING.model_copy(update={"claims": [claim]})
    chosen = fleet.Selection(namespace=street.namespace)
    async with street.client() as client:
        for given in ({"mapping": mapping}, {"facts": fact.Facts()}, {"facts": fact.Facts(owns_namespace=False)}):
            assert await street.those(client, **given).preview(chosen) == {State.LEFT: 1}
    reasons = [each.message.partition(":")[0] for each in street.told]
    assert reasons == ["VolumeInUse", "NamespaceOwned", "NobodyLetIn"]


async def test_what_is_held_is_let_be_until_it_is_released(stage: stages.Stage) -> None:
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name))
    held = {"metadata": {"labels": {installations.HELD: "true"}}}
    async with stage.operator() as operator:
        ordered = await stage.order(name, namespace=stages.fresh("held"))
        await ordered.until(document.Phase.READY)
        await stage.api.merge(ordered.path, held)
        service = kinds.SERVICE.path(ordered.namespace, "acme-web")

        async def is_held() -> bool:
            known = operator.made.world.installations.cache.all()
            return any(each.is_held for each in known if each.key.namespace == ordered.namespace)

        await stages.eventually(is_held)
        await stage.api.delete(service)
        other = await stage.order(name, namespace=stages.fresh("other"))
        await other.until(document.Phase.READY)
        assert not await stage.api.has(service)
        await stage.api.merge(ordered.path, {"metadata": {"labels": {installations.HELD: None}}})

        async def is_back() -> bool:
            return await stage.api.has(service)

        await stages.eventually(is_back)


async def test_what_was_handed_over_outlives_the_former_object(street: streets.Street) -> None:
    await street.build(("acme", {}))
    await street.flag("true", "acme")
    async with street.guarded("acme"):
        code, said = await street.program("resources", MAPPING, "--preview", "--namespace", street.namespace)
        assert (code, "Let Services lead to the new pods: Service acme" in said) == (0, True), said
        assert not await has_installation(street, "acme")
        code, said = await street.program("resources", MAPPING, "--namespace", street.namespace)
        assert (code, said.splitlines()[-1].endswith("1 there")) == (0, True), said
        await street.api.delete(former.KIND.path(street.namespace, "acme"))

        async def is_gone() -> bool:
            return not await street.api.has(kinds.DEPLOYMENT.path(street.namespace, "acme"))

        # The garbage collector looks for new kinds every half a minute.
        await stages.eventually(is_gone, within=streets.WITHIN)
    await lives_on_by_its_own_policy(stages.Ordered(street.api, street.namespace, "acme", street.application))


async def lives_on_by_its_own_policy(ordered: stages.Ordered) -> None:
    """The volume is the operator's to keep or not, as if it had made it."""
    await ordered.api.merge(ordered.path, {"spec": {"deletionPolicy": "Retain"}})
    await ordered.until(document.Phase.READY)
    await ordered.delete()
    await ordered.gone()
    claim = await ordered.api.get(kinds.VOLUME_CLAIM.path(ordered.namespace, "acme-data"))
    assert not claim["metadata"].get("ownerReferences")
