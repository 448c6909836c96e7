"""What the portal may rely on, whichever provisioner it has: the twin of its tests, or the real API."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from support import portal_sides
from tenantry.kernel import errors
from tenantry.portal import ports
from tenantry.wire import events, installations

LABEL = "portal-workspace"
Side = portal_sides.Side
Status = installations.Status
Target = installations.Target


async def order(side: Side, name: str = "acme-team", **more: Any) -> installations.Installation:
    given: dict[str, Any] = {"application": side.product, "size": side.sizes[0], "labels": {LABEL: "wsp-1"}, **more}
    request = installations.CreateInstallation(name=name, **given)
    return await side.provisioner.create(request, key=f"create-{name}")


async def ready(side: Side) -> installations.Installation:
    return await portal_sides.until(side, await order(side), Status.STABLE)


async def change(
    side: Side, made: installations.Installation, action: str, *, key: str = "", **details: Any
) -> installations.Installation:
    return await side.provisioner.change(made.id, action, key=key or action, details=details)


async def past(side: Side, after: int = 0, *, count: int) -> list[events.Event]:
    found: list[events.Event] = []
    async with asyncio.timeout(20), aclosing(side.provisioner.events(after)) as told:
        async for event in told:
            found.append(event)
            if len(found) == count:
                return found
    raise AssertionError("The events ended.")


class TestSold:
    async def test_what_is_sold_says_all_that_a_form_needs(self, side: Side) -> None:
        sold = {item.name: item for item in await side.provisioner.applications()}
        product = sold[side.product]
        assert product.title
        assert [size.name for size in product.sizes] == list(side.sizes)
        assert set(side.settings) <= set(product.settings_schema["properties"])
        assert product.default_version in {version.version for version in product.versions}


class TestNames:
    async def test_a_free_name_comes_with_its_address(self, side: Side) -> None:
        answer = await side.provisioner.name_availability("acme-team")
        assert answer.is_available
        assert (await order(side)).url == answer.url

    @pytest.mark.parametrize("name", ["acme-team", "No Name", "www"])
    async def test_another_name_comes_with_a_reason(self, side: Side, name: str) -> None:
        await order(side)
        answer = await side.provisioner.name_availability(name)
        assert not answer.is_available
        assert answer.reason
        assert answer.url == ""


class TestOrder:
    async def test_is_answered_before_it_is_made(self, side: Side) -> None:
        made = await order(side)
        assert (made.status, made.target) == (Status.PROVISIONING, Target.RUNNING)
        assert made.labels[LABEL] == "wsp-1"
        assert made.conditions[0].type == "Placed"
        assert made.display_name == "acme-team"

    async def test_comes_to_be_ready(self, side: Side) -> None:
        made = await ready(side)
        assert made.serving_version == made.version
        assert made.observed_generation == made.generation

    async def test_sent_twice_is_one_installation(self, side: Side) -> None:
        # At the same moment the second may have to wait for the first; it never makes another one.
        answers = await asyncio.gather(order(side), order(side), return_exceptions=True)
        made = {answer.id for answer in answers if isinstance(answer, installations.Installation)}
        assert {type(answer) for answer in answers if isinstance(answer, Exception)} <= {ports.BusyError}
        assert made == {(await order(side)).id}

    async def test_takes_settings_and_adds_the_defaults(self, side: Side) -> None:
        schema = (await side.provisioner.applications())[0].settings_schema
        made = await order(side, settings=side.settings)
        assert made.settings.items() >= side.settings.items()
        assert set(made.settings) == set(schema["properties"])

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"name": "taken"}, "name-taken"),
            ({"name": "No Name"}, "name-invalid"),
            ({"name": "www"}, "name-reserved"),
            ({"application": "nothing"}, "application-not-found"),
            ({"size": "enormous"}, "size-unknown"),
            ({"settings": {"nonsense": 1}}, "settings-invalid"),
        ],
    )
    async def test_that_cannot_be_is_the_customers_to_mend(self, side: Side, given: dict[str, Any], code: str) -> None:
        await order(side, "taken")
        given = {"name": "acme-team", "application": side.product, **given}
        with pytest.raises(errors.CustomerMustActError) as refused:
            await side.provisioner.create(installations.CreateInstallation(**given), key="another")
        assert refused.value.code == code
        assert refused.value.message


class TestCredentials:
    async def test_tell_how_the_first_administrator_signs_in(self, side: Side) -> None:
        made = await ready(side)
        found = await side.provisioner.credentials(made.id)
        assert (found.url, found.username) == (made.url, "admin")
        assert found.password
        assert found.note

    async def test_of_nothing_are_not_there(self, side: Side) -> None:
        with pytest.raises(errors.NotFoundError):
            await side.provisioner.credentials("ins-nothing")


class TestChange:
    async def test_a_restart_comes_back(self, side: Side) -> None:
        begun = await change(side, await ready(side), "restart")
        assert begun.status is Status.RESTARTING
        assert (await portal_sides.until(side, begun, Status.STABLE)).generation == begun.generation

    async def test_the_same_key_does_it_once(self, side: Side) -> None:
        begun = await change(side, await ready(side), "restart")
        again = await change(side, begun, "restart")
        assert again.generation == begun.generation

    async def test_that_comes_amid_another_has_to_wait(self, side: Side) -> None:
        begun = await change(side, await order(side), "delete")
        with pytest.raises((ports.BusyError, errors.ConflictError)) as refused:  # the latter where it has ended
            await change(side, begun, "restart")
        assert refused.value.code in {"workspace-busy", "transition-refused"}

    async def test_sleeps_and_wakes(self, side: Side) -> None:
        asleep = await portal_sides.until(side, await change(side, await ready(side), "hibernate"), Status.HIBERNATED)
        assert asleep.target is Target.HIBERNATED
        with pytest.raises(errors.ConflictError) as refused:
            await change(side, asleep, "restart")
        assert refused.value.code == "transition-refused"
        awake = await portal_sides.until(side, await change(side, asleep, "wake"), Status.STABLE)
        assert awake.target is Target.RUNNING

    async def test_what_is_so_already_is_fine(self, side: Side) -> None:
        made = await ready(side)
        assert (await change(side, made, "wake")).status is Status.STABLE
        assert (await change(side, made, "undelete")).status is Status.STABLE
        same = await change(side, made, "update", size=made.size, settings=made.settings)
        assert (same.status, same.generation) == (Status.STABLE, made.generation)

    async def test_size_and_settings_change(self, side: Side) -> None:
        made = await ready(side)
        begun = await change(side, made, "update", size=side.sizes[1], settings=side.settings)
        assert begun.status is Status.UPDATING
        after = await portal_sides.until(side, begun, Status.STABLE)
        assert after.size == side.sizes[1]
        assert after.settings.items() >= side.settings.items()

    async def test_a_size_that_is_not_sold_is_refused(self, side: Side) -> None:
        with pytest.raises(errors.CustomerMustActError) as refused:
            await change(side, await ready(side), "update", size="enormous")
        assert refused.value.code == "size-unknown"

    async def test_what_works_cannot_be_tried_again(self, side: Side) -> None:
        with pytest.raises(errors.ConflictError):
            await change(side, await ready(side), "retry")

    @pytest.mark.parametrize("action", ["restart", "delete", "wake"])
    async def test_of_nothing_is_not_possible(self, side: Side, action: str) -> None:
        with pytest.raises(errors.NotFoundError):
            await side.provisioner.change("ins-nothing", action, key=action, details={})


class TestDeletion:
    async def test_keeps_everything_for_a_while(self, side: Side) -> None:
        begun = await change(side, await ready(side), "delete")
        assert begun.status is Status.DISCARDING
        gone = await portal_sides.until(side, begun, Status.DISCARDED)
        assert gone.delete_after is not None
        assert gone.delete_after > datetime.now(UTC)  # noqa: TID251 - both sides tell the time by the system's clock
        assert not (await side.provisioner.name_availability(gone.name)).is_available

    async def test_is_taken_back(self, side: Side) -> None:
        gone = await portal_sides.until(side, await change(side, await ready(side), "delete"), Status.DISCARDED)
        begun = await change(side, gone, "undelete")
        assert begun.delete_after is None
        assert begun.status is Status.RESTORING
        assert (await portal_sides.until(side, begun, Status.STABLE)).target is Target.RUNNING

    async def test_interrupts_the_making(self, side: Side) -> None:
        begun = await change(side, await order(side), "delete")
        assert (await portal_sides.until(side, begun, Status.DISCARDED)).target is Target.DISCARDED

    async def test_twice_is_once(self, side: Side) -> None:
        begun = await change(side, await ready(side), "delete")
        assert (await change(side, begun, "delete", key="again")).generation == begun.generation


class TestFollowing:
    async def test_tells_in_order_all_that_happened(self, side: Side) -> None:
        await portal_sides.until(side, await order(side), Status.STABLE)
        found = await past(side, count=3)
        assert [item.sequence for item in found] == sorted({item.sequence for item in found})

    async def test_goes_on_from_a_cursor(self, side: Side) -> None:
        first = await ready(side)
        last = max(item.sequence for item in await past(side, count=3))
        await change(side, first, "restart")
        assert min(item.sequence for item in await past(side, last, count=1)) > last

    async def test_finds_the_workspace_by_its_label(self, side: Side) -> None:
        made = await order(side)
        async with asyncio.timeout(20), aclosing(side.provisioner.events(0)) as told:
            async for event in told:
                seen = event.installation()
                if seen is not None:
                    assert (seen.id, seen.labels) == (made.id, {LABEL: "wsp-1"})
                    return

    async def test_tells_what_happens_while_one_listens(self, side: Side) -> None:
        made = await ready(side)
        following = asyncio.create_task(portal_sides.until(side, made, Status.DISCARDED))
        await change(side, made, "delete")
        assert (await following).id == made.id


class TestAwayAndBack:
    async def test_every_call_says_that_waiting_helps(self, side: Side) -> None:
        made = await ready(side)
        await side.cut()
        port = side.provisioner
        calls = [
            port.applications(),
            port.name_availability("other"),
            order(side, "other"),
            change(side, made, "restart"),
            port.credentials(made.id),
            past(side, count=1),
        ]
        for call in calls:
            with pytest.raises(ports.AwayError) as away:
                await call
            assert "127.0.0.1" not in away.value.message

    async def test_an_open_stream_ends_and_nothing_is_missed(self, side: Side) -> None:
        made = await ready(side)
        cursors: list[int] = []

        async def follow() -> None:
            async with asyncio.timeout(20), aclosing(side.provisioner.events(0)) as told:
                async for event in told:
                    cursors.append(event.sequence)
                    seen = event.installation()
                    if seen is not None and seen.status is Status.STABLE:
                        await side.cut()

        with pytest.raises(ports.AwayError):
            await follow()
        await side.mend()
        await change(side, made, "restart")
        assert (await past(side, cursors[-1], count=1))[0].sequence > cursors[-1]

    async def test_an_order_that_was_cut_off_can_be_sent_again(self, side: Side) -> None:
        first = await order(side)
        await side.cut()
        with pytest.raises(ports.AwayError):
            await order(side)
        await side.mend()
        assert (await order(side)).id == first.id


class TestRefusedToken:
    async def test_an_unknown_one_is_told_from_an_outage(self, side: Side) -> None:
        port = await side.with_wrong_token()
        calls = [port.applications(), port.name_availability("other"), _first(port.events(0))]
        for call in calls:
            with pytest.raises(ports.NotAdmittedError) as refused:
                await call
            assert refused.value.answered == "token-invalid"

    async def test_one_that_allows_too_little_is_told_too(self, side: Side) -> None:
        port = await side.with_narrow_token()
        request = installations.CreateInstallation(name="acme-team", application=side.product)
        for call in (port.applications(), port.create(request, key="k"), _first(port.events(0))):
            with pytest.raises(ports.NotAdmittedError) as refused:
                await call
            assert refused.value.answered == "scope-missing"


async def _first(told: Any) -> Any:
    async with aclosing(told) as found:
        return await anext(found)
