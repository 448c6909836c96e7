import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from support import portal_browser, portal_stage
from tenantry.portal import tables
from tenantry.wire import installations

Status = installations.Status


async def shows(visitor: portal_browser.Visitor, path: str, words: str) -> None:
    async def is_there() -> bool:
        return words in (await visitor.open(path)).text

    await portal_stage.until(is_there)


@pytest.fixture
async def path(stage: portal_stage.Stage, visitor: portal_browser.Visitor) -> str:
    """The page of a workspace that is ready."""
    await visitor.sign_in(stage)
    await shows(visitor, "/products", "Choose Chat")
    path = await visitor.order("acme-team")
    await portal_stage.until(lambda: len(stage.provisioner.all()) == 1)
    while await stage.provisioner.step(made(stage).id):
        pass
    await shows(visitor, path, "Restart workspace")
    return path


def made(stage: portal_stage.Stage) -> installations.Installation:
    return stage.provisioner.all()[0]


def changes(stage: portal_stage.Stage) -> int:
    return sum(stage.provisioner.calls.values()) - 1


class TestOneChangeAtATime:
    async def test_a_double_click_does_it_once(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor, path: str
    ) -> None:
        page = await visitor.open(path)
        answers = await asyncio.gather(*(visitor.send(page, f"{path}/restart") for _ in range(5)))
        assert {answer.status for answer in answers} == {200}
        await portal_stage.until(lambda: made(stage).status is Status.RESTARTING)
        assert changes(stage) == 1

    async def test_the_same_button_in_two_windows_does_it_once(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor, path: str
    ) -> None:
        windows = [await visitor.open(path) for _ in range(3)]
        answers = await asyncio.gather(*(visitor.send(page, f"{path}/restart") for page in windows))
        assert all("not ordered" not in answer.text for answer in answers)
        await portal_stage.until(lambda: made(stage).status is Status.RESTARTING)
        late = await visitor.send(windows[0], f"{path}/restart", form_key="a fourth window")
        assert "not ordered" not in late.text
        assert changes(stage) == 1

    async def test_another_button_meanwhile_says_what_was_not_ordered(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor, path: str
    ) -> None:
        first, second = await visitor.open(path), await visitor.open(path)
        await visitor.send(first, f"{path}/restart")
        await portal_stage.until(lambda: made(stage).status is Status.RESTARTING)
        answer = await visitor.send(second, f"{path}/hibernate")
        assert (answer.status, answer.path) == (200, path)
        assert "Putting it to sleep was not ordered" in answer.text
        assert "Restarting" in answer.text
        assert changes(stage) == 1

    async def test_while_an_order_waits_for_the_provisioner_too(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor, path: str
    ) -> None:
        first, second = await visitor.open(path), await visitor.open(path)
        await stage.provisioner.go_away()
        await visitor.send(first, f"{path}/restart")
        answer = await visitor.send(second, f"{path}/hibernate")
        assert "Putting it to sleep was not ordered" in answer.text
        stage.provisioner.come_back()
        await portal_stage.until(lambda: made(stage).status is Status.RESTARTING)
        assert changes(stage) == 1

    async def test_settings_are_not_ordered_amid_another_change(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor, path: str
    ) -> None:
        await visitor.send(await visitor.open(path), f"{path}/restart")
        await portal_stage.until(lambda: made(stage).status is Status.RESTARTING)
        answer = await visitor.send(await visitor.open(f"{path}/settings"), f"{path}/settings", size="medium")
        assert "The new size and settings were not ordered" in answer.text

    async def test_a_form_of_an_old_window_undoes_nothing_silently(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor, path: str
    ) -> None:
        old, new = await visitor.open(f"{path}/settings"), await visitor.open(f"{path}/settings")
        await visitor.send(new, f"{path}/settings", size="medium")
        await portal_stage.until(lambda: made(stage).status is Status.UPDATING)
        await stage.provisioner.step(made(stage).id)
        await shows(visitor, path, "Restart workspace")
        answer = await visitor.send(old, f"{path}/settings", **{"setting.title": "Blue"})
        assert answer.status == 422
        assert "changed after this form was opened" in answer.text
        assert answer.fields(f"{path}/settings")["setting.title"] == "Blue"
        again = await visitor.send(answer, f"{path}/settings", size="medium")
        assert again.path == path
        await portal_stage.until(lambda: made(stage).settings["title"] == "Blue")
        assert made(stage).size == "medium"

    async def test_a_change_by_the_vendor_is_waited_for(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor, path: str
    ) -> None:
        page = await visitor.open(path)
        stage.provisioner.hold(made(stage).id, Status.UPDATING)
        await visitor.send(page, f"{path}/restart")
        await shows(visitor, path, "Another change has to end first")
        stage.provisioner.hold(made(stage).id, Status.STABLE)
        await portal_stage.until(lambda: made(stage).status is Status.RESTARTING)
        assert changes(stage) == 1

    async def test_the_words_come_from_us_alone(self, visitor: portal_browser.Visitor, path: str) -> None:
        answer = await visitor.open(f"{path}?unmet=%3Cscript%3Ealert(1)%3C/script%3E")
        assert "alert(1)" not in answer.text
        assert "not ordered" not in answer.text

    async def test_the_database_holds_no_second_open_order(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor, path: str
    ) -> None:
        await stage.provisioner.go_away()
        await visitor.send(await visitor.open(path), f"{path}/restart")
        orders = tables.ORDERS
        async with stage.rooms.database.write() as writer:
            row = (await writer.execute(sa.select(orders).where(orders.c.status == "waiting"))).one()
            copied = {"id": "ord-2", "form_key": "2"}
            fields = ("account_id", "workspace_id", "kind", "details", "status", "created_at")
            copied |= {name: getattr(row, name) for name in fields}
            with pytest.raises(exc.IntegrityError, match="orders_open"):
                await writer.execute(sa.insert(orders).values(copied))
            await writer.rollback()
