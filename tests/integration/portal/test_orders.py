import asyncio
import re

import pytest

from support import portal_browser, portal_stage
from tenantry.wire import installations


@pytest.fixture
async def ada(stage: portal_stage.Stage, visitor: portal_browser.Visitor) -> portal_browser.Visitor:
    await portal_stage.until(lambda: has_products(visitor, stage))
    return visitor


async def has_products(visitor: portal_browser.Visitor, stage: portal_stage.Stage) -> bool:
    if "session" not in str(list(visitor.session.cookie_jar)):
        await visitor.sign_in(stage)
    return "Choose Chat" in (await visitor.open("/products")).text


async def arrive(stage: portal_stage.Stage) -> installations.Installation:
    """Move the one installation to where it goes."""
    await portal_stage.until(lambda: len(stage.provisioner.all()) == 1)
    identifier = stage.provisioner.all()[0].id
    while await stage.provisioner.step(identifier):
        pass
    return stage.provisioner.installation(identifier)


async def shows(visitor: portal_browser.Visitor, path: str, words: str) -> None:
    async def is_there() -> bool:
        return words in (await visitor.open(path)).text

    await portal_stage.until(is_there)


class TestOrder:
    async def test_becomes_a_ready_workspace(self, stage: portal_stage.Stage, ada: portal_browser.Visitor) -> None:
        path = await ada.order("acme-team")
        assert path.startswith("/workspaces/wsp-")
        await arrive(stage)
        await shows(ada, path, "Open workspace")
        page = await ada.open(path)
        assert "http://acme-team.localhost:8080" in page.text
        assert "Creation" in page.text

    async def test_sent_twice_is_one_order(self, stage: portal_stage.Stage, ada: portal_browser.Visitor) -> None:
        form = await ada.open("/products/chat/new")
        sent = [ada.send(form, "/products/chat/new", name="acme-team", size="small") for _ in range(2)]
        first, second = await asyncio.gather(*sent)
        assert first.path == second.path
        await portal_stage.until(lambda: len(stage.provisioner.all()) == 1)
        assert sum(stage.provisioner.calls.values()) == 1

    async def test_waits_while_the_provisioner_is_away(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor
    ) -> None:
        await stage.provisioner.go_away()
        path = await ada.order("acme-team")
        await shows(ada, path, "Our side cannot be reached right now")
        await shows(ada, "/workspaces", "Part of our service cannot be reached")
        stage.provisioner.come_back()
        await arrive(stage)
        await shows(ada, path, "Open workspace")
        assert sum(stage.provisioner.calls.values()) == 1

    async def test_whose_answer_is_lost_is_carried_out_once(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor
    ) -> None:
        stage.provisioner.answers_lost = 2  # the creation's and the restart's
        path = await ada.order("acme-team")
        made = await arrive(stage)
        await shows(ada, path, f'action="{path}/restart"')  # only once the order itself is known to be carried out
        await ada.send(await ada.open(path), f"{path}/restart")
        await is_at(stage, made.id, installations.Status.RESTARTING)
        await stage.provisioner.step(made.id)
        await shows(ada, path, "Restart workspace")
        assert stage.provisioner.answers_lost == 0
        assert len(stage.provisioner.all()) == 1
        assert list(stage.provisioner.calls.values()) == [1, 1]

    async def test_a_name_that_another_took_can_be_changed(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor
    ) -> None:
        elsewhere = installations.CreateInstallation(name="acme-team", application="chat")
        await stage.provisioner.create(elsewhere, key="elsewhere")
        path = await ada.order("acme-team")
        await shows(ada, path, "Choose another name below")
        page = await ada.open(path)
        await ada.send(page, f"{path}/rename", name="acme-two")
        await portal_stage.until(lambda: len(stage.provisioner.all()) == 2)
        assert {item.name for item in stage.provisioner.all()} == {"acme-team", "acme-two"}

    async def test_wrong_input_keeps_what_was_typed(self, ada: portal_browser.Visitor) -> None:
        form = await ada.open("/products/chat/new")
        fields = {"name": "No Spaces", "size": "small", "setting.title": "x", "setting.uploadLimit": "50"}
        page = await ada.send(form, "/products/chat/new", **fields)
        assert page.status == 422
        assert 'value="No Spaces"' in page.text
        assert "small letters" in page.text
        assert "Enter at least 2 characters" in page.text


class TestWorkspace:
    async def test_first_password_is_shown_once(self, stage: portal_stage.Stage, ada: portal_browser.Visitor) -> None:
        path = await ada.order("acme-team")
        made = await arrive(stage)
        await shows(ada, path, "Show name and password")
        page = await ada.open(path)
        secret = (await stage.provisioner.credentials(made.id)).password
        shown = await ada.send(page, f"{path}/credentials")
        assert secret in shown.text
        assert shown.headers["cache-control"] == "no-store"
        again = await ada.send(page, f"{path}/credentials")
        assert secret not in again.text
        assert "was shown" in again.text

    async def test_deletion_asks_for_the_name_and_can_be_taken_back(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor
    ) -> None:
        path = await ada.order("acme-team")
        made = await arrive(stage)
        await shows(ada, path, "Delete workspace")
        wrong = await ada.send(await ada.open(f"{path}/delete"), f"{path}/delete", name="acme")
        assert wrong.status == 422
        await ada.send(await ada.open(f"{path}/delete"), f"{path}/delete", name="acme-team")
        await is_at(stage, made.id, installations.Status.DISCARDING)
        await stage.provisioner.step(made.id)
        await shows(ada, path, "deleted for good")
        await ada.send(await ada.open(path), f"{path}/undelete")
        await is_at(stage, made.id, installations.Status.RESTORING)
        await stage.provisioner.step(made.id)
        await shows(ada, path, "Open workspace")

    async def test_new_settings_are_ordered(self, stage: portal_stage.Stage, ada: portal_browser.Visitor) -> None:
        path = await ada.order("acme-team")
        made = await arrive(stage)
        await shows(ada, path, "Change size or settings")
        fields = {
            "size": "medium",
            "setting.title": "Blue",
            "setting.uploadLimit": "9",
            "setting.openRegistration": "on",
            "setting.language": "french",
        }
        await ada.send(await ada.open(f"{path}/settings"), f"{path}/settings", **fields)
        await is_at(stage, made.id, installations.Status.UPDATING)
        changed = stage.provisioner.installation(made.id)
        assert changed.size == "medium"
        assert changed.settings == {
            "title": "Blue",
            "uploadLimit": 9,
            "openRegistration": True,
            "language": "french",
        }

    async def test_of_another_account_is_not_there(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor
    ) -> None:
        path = await ada.order("acme-team")
        async with portal_browser.Visitor.arriving(stage.url) as eve:
            await eve.sign_in(stage, "eve@example.com")
            assert (await eve.open(path)).status == 404
            assert (await eve.open(f"{path}/live")).status == 404
            page = await ada.open(path)
            stolen = await eve.post(f"{path}/restart", page.fields("/appearance") | {"form_key": "x"})
            assert stolen.status == 403


class TestFollowing:
    async def test_an_event_that_comes_again_changes_nothing(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor
    ) -> None:
        path = await ada.order("acme-team")
        await arrive(stage)
        await shows(ada, path, "Open workspace")
        before = await told(ada, path)
        for event in stage.provisioner.log():
            await stage.rooms.follower.take(event)
        assert await told(ada, path) == before

    async def test_what_happened_while_nobody_followed_is_caught_up(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor
    ) -> None:
        path = await ada.order("acme-team")
        await portal_stage.until(lambda: len(stage.provisioner.all()) == 1)
        await stage.provisioner.go_away()
        await shows(ada, path, "Part of our service cannot be reached")
        await arrive(stage)
        stage.provisioner.come_back()
        await shows(ada, path, "Open workspace")
        assert (await told(ada, path)).count("Creation") == 1


async def told(visitor: portal_browser.Visitor, path: str) -> str:
    """Return the history that a workspace's page tells, without what changes with the time."""
    text = (await visitor.open(path)).text
    return "".join(re.findall(r"<strong>(?:Creation|Restart)</strong>|took [^<]*", text))


async def is_at(stage: portal_stage.Stage, identifier: str, status: installations.Status) -> None:
    await portal_stage.until(lambda: stage.provisioner.installation(identifier).status is status)
