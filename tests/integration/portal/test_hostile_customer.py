"""What one customer could try against another, and against the portal: every route, walked from the table of routes."""

import re
from collections.abc import AsyncGenerator

import pytest
from fastapi import routing

from support import portal_browser, portal_stage
from tenantry.portal import application
from tenantry.portal.pages import protection
from tenantry.wire import installations

MARK = "<script>alert(1)</script>"
OPEN_TO_ALL = {"/", "/health", "/ready", "/metrics", "/brand.css", "/products/{name}/icon.svg", "/sign-in"}
OPEN_FORMS = {"/appearance", "/sign-in", "/sign-in/code"}
"""Routes that somebody who is not signed in may use; every other one leads to the door."""


def routes(method: str) -> list[str]:
    """Return the paths of all pages, as the web application has them."""
    found = [route for room in application.ROUTERS for route in room.router.routes]
    assert all(isinstance(route, routing.APIRoute) for route in found)
    pages = [route for route in found if isinstance(route, routing.APIRoute)]
    paths = [page.path for page in pages if method in (page.methods or set())]
    assert len(paths) > 10, "nothing was walked"
    return paths


def filled(path: str, workspace: str) -> str:
    for name, value in (("workspace_id", workspace), ("action", "restart"), ("name", "chat"), ("product_name", "chat")):
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, "a parameter that no test knows"
    return path


async def shows(visitor: portal_browser.Visitor, path: str, words: str) -> None:
    async def is_there() -> bool:
        return words in (await visitor.open(path)).text

    await portal_stage.until(is_there)


@pytest.fixture
async def ada(stage: portal_stage.Stage, visitor: portal_browser.Visitor) -> portal_browser.Visitor:
    await visitor.sign_in(stage)
    await shows(visitor, "/products", "Choose Chat")
    return visitor


@pytest.fixture
async def hers(stage: portal_stage.Stage, ada: portal_browser.Visitor) -> str:
    """The identifier of Ada's workspace, which is ready."""
    path = await ada.order("acme-team")
    await portal_stage.until(lambda: len(stage.provisioner.all()) == 1)
    while await stage.provisioner.step(stage.provisioner.all()[0].id):
        pass
    await shows(ada, path, "Restart workspace")
    return path.removeprefix("/workspaces/")


@pytest.fixture
async def eve(stage: portal_stage.Stage) -> AsyncGenerator[portal_browser.Visitor]:
    async with portal_browser.Visitor.arriving(stage.url) as arrived:
        await arrived.sign_in(stage, "eve@example.com")
        yield arrived


async def own_token(visitor: portal_browser.Visitor) -> str:
    return (await visitor.open("/account")).fields("/account/sign-out-everywhere")["form_token"]


class TestAnothersWorkspace:
    async def test_is_not_there_on_any_page(self, eve: portal_browser.Visitor, hers: str) -> None:
        walked = [path for path in routes("GET") if "{workspace_id}" in path]
        assert len(walked) >= 4
        for path in walked:
            answer = await eve.open(filled(path, hers))
            assert (path, answer.status) == (path, 404)
            assert "acme-team" not in answer.text

    async def test_is_not_there_for_any_form(
        self, stage: portal_stage.Stage, eve: portal_browser.Visitor, hers: str
    ) -> None:
        walked = [path for path in routes("POST") if "{workspace_id}" in path]
        assert len(walked) >= 6
        fields = {"form_token": await own_token(eve), "name": "acme-team", "size": "small"}
        for path in walked:
            answer = await eve.post(filled(path, hers), fields | {"form_key": path})
            assert (path, answer.status) == (path, 404)
            assert "acme-team" not in answer.text
        assert sum(stage.provisioner.calls.values()) == 1

    async def test_cannot_be_told_from_one_that_is_nowhere(self, eve: portal_browser.Visitor, hers: str) -> None:
        answers = [await eve.open(f"/workspaces/{name}") for name in (hers, "wsp-00000000000000000000000000")]
        seen = {(answer.status, re.sub(r"ref-\w+|/workspaces/\S+|wsp-\w+", "", answer.text)) for answer in answers}
        assert len(seen) == 1


class TestWithoutSession:
    async def test_every_page_leads_to_the_door(self, stage: portal_stage.Stage, hers: str) -> None:
        async with portal_browser.Visitor.arriving(stage.url) as stranger:
            for path in set(routes("GET")) - OPEN_TO_ALL:
                answer = await stranger.open(filled(path, hers), follow=False)
                assert (path, answer.status, answer.headers.get("location")) == (path, 303, "/sign-in")

    async def test_no_form_does_anything(self, stage: portal_stage.Stage, hers: str) -> None:
        async with portal_browser.Visitor.arriving(stage.url) as stranger:
            door = await stranger.open("/sign-in")
            fields = {"form_token": door.fields("/sign-in")["form_token"], "name": "acme-team", "form_key": "k"}
            for path in set(routes("POST")) - OPEN_FORMS:
                answer = await stranger.post(filled(path, hers), fields, follow=False)
                assert (path, answer.status, answer.headers.get("location")) == (path, 303, "/sign-in")
        assert sum(stage.provisioner.calls.values()) == 1


class TestForgedForms:
    async def test_every_form_needs_a_token_of_this_browser(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor, eve: portal_browser.Visitor, hers: str
    ) -> None:
        stolen = await own_token(eve)
        for path in routes("POST"):
            for token in ({}, {"form_token": ""}, {"form_token": "0" * 64}, {"form_token": stolen}):
                fields = {"name": "acme-team", "email": "ada@example.com", "form_key": "k", **token}
                answer = await ada.post(filled(path, hers), fields, follow=False)
                assert (path, answer.status) == (path, 403)
        assert sum(stage.provisioner.calls.values()) == 1

    async def test_no_page_changes_anything_by_being_opened(self, ada: portal_browser.Visitor, hers: str) -> None:
        pages = {filled(path, hers) for path in routes("GET")}
        for path in {filled(path, hers) for path in routes("POST")} - pages:
            answer = await ada.open(path, follow=False)
            assert (path, answer.status) in {(path, 400), (path, 404), (path, 405)}
        assert (await ada.open("/account")).path == "/account"


class TestAnswers:
    async def test_each_says_what_browsers_may_do(self, ada: portal_browser.Visitor, hers: str) -> None:
        pages = [filled(path, hers) for path in routes("GET") if not path.endswith(("/live", "/icon.svg"))]
        wrong = ["/nowhere", "/static/nothing", "/workspaces/%00", "/products/nothing/new"]
        for path in [*pages, *wrong, "/static/css/portal.css"]:
            headers = (await ada.open(path, follow=False)).headers
            assert headers["content-security-policy"] == protection.POLICY, path
            assert headers["x-frame-options"] == "DENY"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert "server" not in headers

    async def test_private_ones_are_kept_by_nobody(self, ada: portal_browser.Visitor, hers: str) -> None:
        public = {"/brand.css", "/products/{name}/icon.svg"}
        for path in set(routes("GET")) - public - {"/workspaces/{workspace_id}/live"}:
            headers = (await ada.open(filled(path, hers), follow=False)).headers
            assert (path, headers["cache-control"]) == (path, "no-store")

    async def test_zero_characters_break_nothing(self, ada: portal_browser.Visitor, hers: str) -> None:
        for path in ("/workspaces/%00", "/workspaces?before=%00", "/names?name=a%00b", f"/workspaces/{hers}?unmet=%00"):
            assert (path, (await ada.open(path)).status) == (path, 400)
        form = await ada.open("/products/chat/new")
        answer = await ada.send(
            form, "/products/chat/new", **{"name": "nul", "setting.title": "a\0b", "form_key": "\0k"}
        )
        assert answer.path.startswith("/workspaces/wsp-")

    async def test_what_machines_ask_is_not_told_through_the_front_door(self, ada: portal_browser.Visitor) -> None:
        for path in ("/metrics", "/ready"):
            assert (await ada.open(path)).status == 200
            assert (await ada.open(path, X_Forwarded_For="203.0.113.9")).status == 404


class TestWords:
    async def test_nothing_that_is_told_becomes_markup(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor, hers: str
    ) -> None:
        made = stage.provisioner.all()[0]
        await stage.provisioner.break_down(made.id, status=installations.Status.UNHEALTHY, message=MARK)
        await shows(ada, f"/workspaces/{hers}", "alert(1)")
        pages = [await ada.open(f"/workspaces/{hers}{rest}") for rest in ("", "/settings", "/delete")]
        pages.append(await ada.open(f"/workspaces?name={MARK}&before={MARK}"))
        pages.append(await ada.open(f"/names?name={MARK}"))
        form = await ada.open("/products/chat/new")
        pages.append(await ada.send(form, "/products/chat/new", **{"name": MARK, "setting.title": MARK, "size": MARK}))
        pages.append(
            await ada.send(await ada.open(f"/workspaces/{hers}/delete"), f"/workspaces/{hers}/delete", name=MARK)
        )
        pages.append(await ada.open("/account", user_agent=MARK))
        for page in pages:
            assert "<script>alert" not in page.text

    async def test_a_setting_is_shown_as_it_was_typed(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor
    ) -> None:
        form = await ada.open("/products/chat/new")
        given = {"name": "marked", "size": "small", "setting.title": f'"><{MARK}'}
        path = (await ada.send(form, "/products/chat/new", **given)).path
        await portal_stage.until(lambda: len(stage.provisioner.all()) == 1)
        page = await ada.open(f"{path}/settings")
        assert page.fields(f"{path}/settings")["setting.title"] == f'"><{MARK}'
        assert "<script>alert" not in page.text


class TestLeadingElsewhere:
    @pytest.mark.parametrize(
        "back",
        ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "evil",
         "/\n/evil.example", "javascript:alert(1)", "https:evil.example", " //evil.example", "/%09//evil\r\nX: y"],
    )  # fmt: skip
    async def test_the_switch_leads_back_to_us_alone(self, ada: portal_browser.Visitor, back: str) -> None:
        fields = {"form_token": await own_token(ada), "theme": "dark", "back": back}
        answer = await ada.post("/appearance", fields, follow=False)
        assert answer.status == 303
        assert re.fullmatch(r"/(?:[^/\\\t\r\n].*)?", answer.headers["location"])
        assert "x" not in answer.headers
