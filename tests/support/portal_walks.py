"""Ways through the portal in a real browser that several tests begin with."""

from playwright import async_api

from support import portal_stage
from tenantry.wire import installations

EMAIL = "ada@example.com"


async def sign_in(page: async_api.Page, stage: portal_stage.Stage, email: str = EMAIL) -> None:
    """Get in by a mailed code."""
    await page.goto("/sign-in")
    await page.fill("#field-email", email)
    await page.click("text=Send me a code")
    await page.fill("#field-code", await stage.code_for(email))
    await page.click("button:has-text('Sign in')")
    await page.wait_for_url("**/workspaces")


async def order(page: async_api.Page, stage: portal_stage.Stage, name: str = "acme-team") -> installations.Installation:
    """Order a workspace and stay on its page."""
    await portal_stage.until(lambda: has_products(page))
    await page.click("text=Choose Chat")
    await page.fill("#field-name", name)
    await page.click("text=Create workspace")
    await page.wait_for_url("**/workspaces/wsp-*")
    await portal_stage.until(lambda: any(item.name == name for item in stage.provisioner.all()))
    return next(item for item in stage.provisioner.all() if item.name == name)


async def has_products(page: async_api.Page) -> bool:
    """Look whether the shop has been filled."""
    await page.goto("/products")
    return await page.locator("text=Choose Chat").count() == 1


async def arrive(stage: portal_stage.Stage, identifier: str) -> None:
    """Move an installation to where it goes."""
    while await stage.provisioner.step(identifier):
        pass
