import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python import async_playwright as axe
from playwright import async_api

from support import portal_stage
from support.portal_walks import EMAIL, arrive, has_products, order, sign_in

pytestmark = pytest.mark.browser

RecordProperty = Callable[[str, object], None]


async def serious(page: async_api.Page) -> list[str]:
    """Return what axe finds that is serious."""
    engine: Any = axe.Axe()  # its types are open
    found: dict[str, list[dict[str, Any]]] = (await engine.run(page)).response
    assert found["passes"], "axe looked at nothing"
    bad = [item for item in found["violations"] if item["impact"] in {"serious", "critical"}]
    return [f"{page.url}: {item['id']} {item['nodes'][0]['target']} {item['help']}" for item in bad]


class TestJourney:
    async def test_from_sign_up_to_a_ready_workspace(self, page: async_api.Page, stage: portal_stage.Stage) -> None:
        failures: list[str] = []
        page.on("console", lambda message: failures.append(message.text) if message.type == "error" else None)
        await sign_in(page, stage)
        made = await order(page, stage)
        for words in ("Place found", "Database created", "Storage created"):
            await stage.provisioner.step(made.id)
            await page.wait_for_selector(f".step.done:has-text('{words}')")
        await arrive(stage, made.id)
        await page.wait_for_selector("#open-workspace")
        assert await page.get_attribute("#open-workspace", "href") == "http://acme-team.localhost:8080"
        await page.click("#show-password")
        secret = (await stage.provisioner.credentials(made.id)).password
        assert await page.inner_text("#first-password") == secret
        await page.reload()
        assert secret not in await page.content()
        assert "was shown" in await page.inner_text("#credentials")
        assert failures == []

    async def test_the_page_turns_ready_within_moments(
        self, page: async_api.Page, stage: portal_stage.Stage, record_property: RecordProperty
    ) -> None:
        await sign_in(page, stage)
        made = await order(page, stage)
        for _ in range(8):
            await stage.provisioner.step(made.id)
        await page.wait_for_selector(".step.done:has-text('Address opened')")
        began = time.perf_counter()
        await stage.provisioner.step(made.id)
        await page.wait_for_selector("#open-workspace", state="attached")
        elapsed = time.perf_counter() - began
        record_property("event to ready page, ms", round(elapsed * 1000))
        assert elapsed < 1

    async def test_cookies_are_kept_from_scripts_and_other_sites(
        self, page: async_api.Page, stage: portal_stage.Stage
    ) -> None:
        await sign_in(page, stage)
        cookies = {cookie.get("name"): cookie for cookie in await page.context.cookies()}
        session = cookies["__Host-session"]
        assert session.get("httpOnly") is True
        assert session.get("secure") is True
        assert session.get("sameSite") == "Lax"
        assert "__Host-visit" not in cookies

    async def test_a_name_is_checked_while_it_is_typed(self, page: async_api.Page, stage: portal_stage.Stage) -> None:
        await sign_in(page, stage)
        await order(page, stage)
        await page.goto("/products/chat/new")
        await page.locator("#field-name").press_sequentially("acme-team")
        await page.wait_for_selector("#name-answer .broken:has-text('taken')")
        await page.locator("#field-name").press_sequentially("-two")
        await page.wait_for_selector("#name-answer .well:has-text('http://acme-team-two.localhost:8080')")


class TestWithoutAMouse:
    async def test_signing_in_and_ordering_needs_only_keys(
        self, page: async_api.Page, stage: portal_stage.Stage
    ) -> None:
        await page.goto("/sign-in")
        await focused(page, "field-email")
        await page.keyboard.type(EMAIL)
        await page.keyboard.press("Enter")
        await focused(page, "field-code")
        await page.keyboard.type(await stage.code_for(EMAIL))
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/workspaces")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/products")
        await portal_stage.until(lambda: has_products(page))
        await reach(page, "Choose Chat")
        await page.keyboard.press("Enter")
        await focused(page, "field-name")
        await page.keyboard.type("by-keyboard")
        await reach(page, "Create workspace")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/workspaces/wsp-*")


async def focused(page: async_api.Page, identifier: str) -> None:
    """Wait until the field has the focus, as somebody does who looks before typing."""
    await page.wait_for_selector(f"#{identifier}:focus")


async def reach(page: async_api.Page, words: str) -> None:
    """Press Tab until the thing with these words has the focus, and see that the focus is visible."""
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.innerText") == words:
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
            return
    pytest.fail(f"“{words}” cannot be reached by Tab.")


class TestWithoutScripts:
    async def test_the_same_journey_works(self, browser: async_api.Browser, stage: portal_stage.Stage) -> None:
        context = await browser.new_context(base_url=stage.url, java_script_enabled=False)
        page = await context.new_page()
        await sign_in(page, stage)
        made = await order(page, stage)
        await arrive(stage, made.id)
        await page.wait_for_selector("#open-workspace")
        await page.click("#show-password")
        await page.wait_for_selector("#first-password")
        await context.close()


class TestAccessibility:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    async def test_axe_finds_nothing_serious(
        self, page: async_api.Page, stage: portal_stage.Stage, scheme: str
    ) -> None:
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        await page.goto("/sign-in")
        found = await serious(page)
        await sign_in(page, stage)
        found += await serious(page)
        made = await order(page, stage)
        await stage.provisioner.step(made.id)
        await page.wait_for_selector(".step.done")
        found += await serious(page)
        await arrive(stage, made.id)
        await page.wait_for_selector("#open-workspace")
        workspace = page.url
        for path in (workspace, f"{workspace}/delete", f"{workspace}/settings"):
            await page.goto(path)
            found += await serious(page)
        for path in ("/workspaces", "/account", "/products", "/products/chat/new", "/nowhere"):
            await page.goto(path)
            found += await serious(page)
        await page.goto("/products/chat/new")
        await page.click("text=Create workspace")
        found += await serious(page)
        assert found == []

    @pytest.mark.parametrize("width", [320, 360, 768, 1280])
    async def test_nothing_is_cut_off(self, page: async_api.Page, stage: portal_stage.Stage, width: int) -> None:
        await sign_in(page, stage)
        made = await order(page, stage, "a-rather-long-name-for-a-workspace-2026")
        await arrive(stage, made.id)
        await page.wait_for_selector("#open-workspace")
        workspace = page.url
        await page.set_viewport_size({"width": width, "height": 700})
        for path in (workspace, f"{workspace}/delete", "/workspaces", "/account", "/products", "/products/chat/new"):
            await page.goto(path)
            overflow = await page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overflow == 0, path

    async def test_pages_are_small(self, page: async_api.Page, record_property: RecordProperty) -> None:
        sizes: dict[str, int] = {}

        async def weigh(answer: async_api.Response) -> None:
            if not re.search(r"/live$", answer.url):
                sizes[answer.url] = len(await answer.body())

        page.on("response", weigh)
        await page.goto("/sign-in", wait_until="networkidle")
        total = sum(sizes.values())
        record_property("first page, bytes", total)
        assert 0 < total < 100 * 1024
