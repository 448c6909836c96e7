"""The whole business in a real Chromium: sign up, order, watch it being made, open it, and add a bill to it.

Everything is real: portal, provisioner, agent, PostgreSQL, object store, front door, mail, and the application.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from playwright import async_api

from demo import browser as plain
from demo import customer, journey
from support import portal_chromium
from tenantry.client import provisioner as clients
from tenantry.local import credentials
from tenantry.local.stack import Stack

ROOT = Path(__file__).parents[2]
EMAIL = "grace@example.com"

pytestmark = [pytest.mark.acceptance, pytest.mark.browser, pytest.mark.timeout(400)]


@pytest.fixture
async def page(stack: Stack) -> AsyncGenerator[async_api.Page]:
    if portal_chromium.path() is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    async with portal_chromium.opened() as browser:
        context = await browser.new_context(base_url=stack.state.url(), viewport={"width": 1280, "height": 800})
        context.set_default_timeout(15_000)
        yield await context.new_page()
        await context.close()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


async def _code(stack: Stack) -> str:
    mailbox = customer.Mailbox(stack.state.url("mailbox"), credentials.read(stack.credentials.mailbox_key))
    async with plain.opened() as visitor:
        return await mailbox.code(visitor, EMAIL, after=0)


async def _until_sold(page: async_api.Page, product: str) -> None:
    """Wait until the portal has heard of the product."""
    async with asyncio.timeout(20):
        while True:
            await page.goto("/products")
            if await page.locator(f"a[href='/products/{product}/new']").count():
                return


async def _sign_up(page: async_api.Page, stack: Stack) -> None:
    await page.goto("/")
    await page.fill("#field-email", EMAIL)
    await page.click("text=Send me a code")
    await page.fill("#field-code", await _code(stack))
    await page.click("button:has-text('Sign in')")
    await page.wait_for_url("**/workspaces")


async def _order(page: async_api.Page, product: str, name: str) -> tuple[str, str]:
    """Order a workspace and wait for it; returns its address and the first administrator's password."""
    await _until_sold(page, product)
    await page.goto(f"/products/{product}/new")
    await page.fill("#field-name", name)
    await page.click("text=Create workspace")
    await page.wait_for_selector("#open-workspace", timeout=90_000)
    await page.click("#show-password")
    password = await page.inner_text("#first-password")
    address = await page.get_attribute("#open-workspace", "href")
    assert address is not None
    return address, password


async def _open_budget(page: async_api.Page, address: str, password: str) -> None:
    await page.goto(f"{address}/create")
    await page.fill("input[name=admin_password]", password)
    await page.press("input[name=admin_password]", "Enter")
    await page.wait_for_selector("input[name=contact_email]")
    await page.fill("form input[name=id]", "trip")
    await page.fill("form input[name=name]", "A trip")
    await page.fill("form input[name=password]", "a-long-password")
    await page.fill("input[name=contact_email]", EMAIL)
    await page.press("input[name=contact_email]", "Enter")
    await page.wait_for_url("**/trip/**")


async def _add_bill(page: async_api.Page, address: str) -> None:
    await page.fill("form[action$='/members/add'] input[name=name]", "Grace")
    await page.press("form[action$='/members/add'] input[name=name]", "Enter")
    await page.goto(f"{address}/trip/add")
    await page.fill("input[name=what]", "Boat to the island")
    await page.fill("input[name=amount]", "42.50")
    await page.select_option("select[name=payer]", label="Grace")
    await page.press("input[name=amount]", "Enter")
    await page.wait_for_selector("text=Boat to the island")


async def test_from_sign_up_to_a_posted_bill(stack: Stack, page: async_api.Page) -> None:
    token = credentials.read(stack.credentials.cli_token)
    async with clients.Provisioner(stack.provisioner_url, token) as provisioner:
        await journey.apply_examples(provisioner, ROOT / "examples" / "applications", _say)
        await _sign_up(page, stack)
        address, password = await _order(page, "ihatemoney", "island")
        await _open_budget(page, address, password)
        await _add_bill(page, address)
        made = await provisioner.installations.get("island")
    assert made.url == address
    assert made.status == "stable"
