"""How pages are read: from right to left, enlarged, on 320 pixels, in colours of one's own, at rest, on paper."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright import async_api

from support import portal_chromium, portal_postgres, portal_stage
from support.portal_walks import arrive, order, sign_in
from tenantry.portal import settings as portal_settings
from tenantry.wire import installations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LONG_NAME = "a-rather-long-name-for-a-workspace-2026"
UNBROKEN = "error:" + "0123456789abcdef" * 16
BRAND = portal_settings.Brand(
    name="Norddeutsche Genossenschaftsrechenzentrumsgesellschaft",
    support="kundenbetreuung-und-fragen@genossenschaftsrechenzentrum.example.com",
    terms_url="https://example.com/terms",
    privacy_url="https://example.com/privacy",
)

CUT_OFF = """() => [...document.querySelectorAll("body *")].filter((element) => {
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  if (!box.width || style.visibility === "hidden" || element.closest(".unseen, .skip, thead, svg")) return false;
  const isOutside = box.left < -1 || box.right > document.documentElement.clientWidth + 1;
  const isClipped = style.overflowX === "hidden" && element.scrollWidth > element.clientWidth + 1;
  return isOutside || isClipped;
}).map((element) => `${element.tagName}.${element.className}: ${element.textContent.trim().slice(0, 40)}`)"""

SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    portal_postgres_server: portal_postgres.Server, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[portal_stage.Stage, None]:
    url = portal_postgres_server.new_database()
    async with portal_stage.opened(url, tmp_path_factory.mktemp("portal"), brand=BRAND) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncGenerator[async_api.Browser, None]:
    async with portal_chromium.opened() as opened:
        yield opened


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account that has something on every page; tests read and change nothing."""

    cookies: async_api.StorageState
    paths: list[str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def account(browser: async_api.Browser, stage: portal_stage.Stage) -> Account:
    async with opened(browser, stage) as page:
        return Account(paths=await walked(page, stage), cookies=await page.context.storage_state())


@pytest.fixture
def paths(account: Account) -> list[str]:
    """Pages with one workspace that is well, one that is not and has much to say about it, and one on its way."""
    return account.paths


@pytest_asyncio.fixture(loop_scope="module")
async def page(
    browser: async_api.Browser, stage: portal_stage.Stage, account: Account
) -> AsyncGenerator[async_api.Page, None]:
    async with opened(browser, stage, account.cookies) as made:
        yield made


@asynccontextmanager
async def opened(
    browser: async_api.Browser, stage: portal_stage.Stage, cookies: async_api.StorageState | None = None
) -> AsyncGenerator[async_api.Page, None]:
    # A test's own style sheet stands for the reader's; the pages' policy would not let it in.
    size: async_api.ViewportSize = {"width": 1280, "height": 800}
    context = await browser.new_context(base_url=stage.url, bypass_csp=True, viewport=size, storage_state=cookies)
    context.set_default_timeout(8000)
    yield await context.new_page()
    await context.close()


async def walked(page: async_api.Page, stage: portal_stage.Stage) -> list[str]:
    await sign_in(page, stage)
    found: list[str] = []
    for name in (LONG_NAME, "kiel", "on-its-way"):
        made = await order(page, stage, name)
        found.append(page.url)
        if name != "on-its-way":
            await arrive(stage, made.id)
            await page.wait_for_selector("#open-workspace")
    unwell = stage.provisioner.all()[1]
    await stage.provisioner.break_down(unwell.id, status=installations.Status.UNHEALTHY, message=UNBROKEN)
    await page.goto(found[1])
    await page.wait_for_selector(".notice.broken")
    rest = ("/workspaces", "/account", "/products", "/products/chat/new", "/nowhere", "/workspaces?name=nothing")
    return [*found, f"{found[0]}/delete", f"{found[0]}/settings", f"{found[0]}?unmet=restart", *rest]


async def unreadable(page: async_api.Page, path: str, *, style: str = "", direction: str = "ltr") -> list[str]:
    """Return what cannot be read without scrolling sideways, or not at all."""
    await page.goto(path)
    if style:
        await page.add_style_tag(content=style)
    await page.evaluate("direction => { document.documentElement.dir = direction }", direction)
    for switch in await page.locator("details").all():
        await switch.evaluate("element => { element.open = true }")
    cut: list[str] = await page.evaluate(CUT_OFF)
    sideways: int = await page.evaluate(SIDEWAYS)
    return [f"{path}: {words}" for words in cut] + ([f"{path}: {sideways} px sideways"] if sideways > 0 else [])


class TestReflow:
    @pytest.mark.parametrize("direction", ["ltr", "rtl"])
    async def test_nothing_is_cut_off_at_any_width(
        self, page: async_api.Page, paths: list[str], direction: str
    ) -> None:
        found: list[str] = []
        for width in (320, 640, 1280):  # 1280 pixels at 400 %, 200 % and 100 %
            await page.set_viewport_size({"width": width, "height": 700})
            for path in paths:
                found += await unreadable(page, path, direction=direction)
        assert found == []

    @pytest.mark.parametrize("width", [360, 1280])
    async def test_nothing_is_cut_off_with_letters_twice_as_large(
        self, page: async_api.Page, paths: list[str], width: int
    ) -> None:
        await page.set_viewport_size({"width": width, "height": 700})
        found: list[str] = []
        for path in paths:
            found += await unreadable(page, path, style="html { font-size: 32px !important }")
        assert found == []

    async def test_text_bears_the_spacing_that_a_reader_wants(self, page: async_api.Page, paths: list[str]) -> None:
        spaced = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
        await page.set_viewport_size({"width": 320, "height": 700})
        found: list[str] = []
        for path in paths:
            found += await unreadable(page, path, style=spaced + " p { margin-block-end: 2em !important }")
        assert found == []


class TestRightToLeft:
    async def test_the_page_begins_on_the_right(self, page: async_api.Page, paths: list[str]) -> None:
        await page.goto(paths[0])
        await page.evaluate("document.documentElement.dir = 'rtl'")
        brand, places = await box(page, ".brand"), await box(page, ".places")
        assert brand["x"] > places["x"]
        label, value = await box(page, ".facts dt"), await box(page, ".facts dd")
        assert label["x"] > value["x"]

    async def test_an_address_stays_as_it_is_written(self, page: async_api.Page, paths: list[str]) -> None:
        await page.goto(paths[0])
        await page.evaluate("document.documentElement.dir = 'rtl'")
        assert await style_of(page, ".facts dd.address", "direction") == ["ltr"]


async def box(page: async_api.Page, selector: str) -> async_api.FloatRect:
    # Where the page puts a newer element in its place just then, the old one has no box any more.
    async with asyncio.timeout(10):
        while (found := await page.locator(selector).first.bounding_box()) is None:
            pass
    return found


async def style_of(page: async_api.Page, selector: str, *names: str) -> list[str]:
    # Found and read at once: in between, the page may put a newer element in its place, and the old one has no style.
    script = """([selector, names]) => {
      const element = document.querySelector(selector);
      return element && names.map((name) => getComputedStyle(element)[name]);
    }"""
    handle = await page.wait_for_function(script, arg=[selector, list(names)])
    found: Any = await handle.json_value()
    return found


class TestColoursOfOnesOwn:
    async def test_buttons_choices_and_states_keep_their_edges(self, page: async_api.Page, paths: list[str]) -> None:
        await page.emulate_media(forced_colors="active")
        await page.goto(paths[0])
        for selector in (".button.main", ".button.quiet", ".state", ".card"):
            style, width, edge, ground = await style_of(
                page, selector, "borderTopStyle", "borderTopWidth", "borderTopColor", "backgroundColor"
            )
            assert (selector, style) == (selector, "solid")
            assert (selector, width != "0px", edge != ground) == (selector, True, True)

    async def test_what_is_chosen_differs_from_what_is_not(self, page: async_api.Page, paths: list[str]) -> None:
        del paths
        await page.emulate_media(forced_colors="active")
        await page.goto("/products/chat/new")
        chosen = await style_of(page, ".option:has(:checked)", "outlineStyle")
        assert chosen != await style_of(page, ".option:not(:has(:checked))", "outlineStyle")
        pressed = await style_of(page, ".segments [aria-pressed=true]", "backgroundColor")
        assert pressed != await style_of(page, ".segments [aria-pressed=false]", "backgroundColor")


class TestMotion:
    @pytest.mark.parametrize(("wish", "name"), [("reduce", "none"), ("no-preference", "turn")])
    async def test_nothing_turns_where_rest_is_wanted(
        self, page: async_api.Page, paths: list[str], wish: Any, name: str
    ) -> None:
        await page.emulate_media(reduced_motion=wish)
        await page.goto(paths[2])
        assert await style_of(page, ".icon-working", "animationName") == [name]


class TestOnPaper:
    async def test_facts_are_printed_black_on_white_without_buttons(
        self, page: async_api.Page, paths: list[str]
    ) -> None:
        await page.emulate_media(media="print", color_scheme="dark")
        await page.goto(paths[0])
        assert await style_of(page, "html", "backgroundColor") == ["rgb(255, 255, 255)"]
        for selector in (".button >> visible=true", ".places >> visible=true", ".themes >> visible=true"):
            assert await page.locator(selector).count() == 0, selector
        for words in (LONG_NAME, "Address", "History"):
            assert await page.locator(f"main :text('{words}') >> visible=true").count() > 0, words
        assert (await page.pdf(format="A4")).startswith(b"%PDF")


class TestSwitcher:
    async def test_leads_by_keys_alone_to_another_workspace(self, page: async_api.Page, paths: list[str]) -> None:
        await page.goto(paths[0])
        await page.locator(".switcher summary").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".switcher[open] nav a")
        await page.keyboard.press("Escape")
        assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"
        assert await page.locator(".switcher[open]").count() == 0
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("h1:has-text('on-its-way')")
