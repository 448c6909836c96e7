"""Makes a picture of each page, on a desk and on a phone, light and dark: `python tests/browser/screenshots.py FOLDER`.

The portal is real, on a real database; the workspaces are the twin's. `make docs` runs it into `docs/images`.
"""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright import async_api

from support import portal_chromium, portal_many, portal_postgres, portal_stage, portal_walks
from tenantry.portal import ports
from tenantry.wire import infrastructure, installations

EMAIL = "ada@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a page is looked at."""

    name: str
    width: int
    height: int
    theme: str
    direction: str = "ltr"
    own_colours: bool = False


LOOKS = (
    Look(name="light", width=1280, height=800, theme="light"),
    Look(name="dark", width=1280, height=800, theme="dark"),
    Look(name="phone", width=360, height=740, theme="light"),
    Look(name="narrow-dark", width=320, height=640, theme="dark"),
    Look(name="rtl", width=1280, height=800, theme="light", direction="rtl"),
    Look(name="own-colours", width=1280, height=800, theme="light", own_colours=True),
)


class Photographer:
    """Takes each look of a page."""

    def __init__(self, page: async_api.Page, folder: Path) -> None:
        self.page = page
        self._folder = folder

    async def take(self, name: str) -> None:
        """Take all looks of the page as it is."""
        for look in LOOKS:
            await self.page.set_viewport_size({"width": look.width, "height": look.height})
            await self.page.emulate_media(
                color_scheme="dark" if look.theme == "dark" else "light",
                forced_colors="active" if look.own_colours else "none",
            )
            await self.page.evaluate("direction => { document.documentElement.dir = direction }", look.direction)
            await self.page.screenshot(path=self._folder / f"{name}-{look.name}.png", full_page=True)
        await self.page.set_viewport_size({"width": 1280, "height": 800})
        await self.page.emulate_media(forced_colors="none")
        await self.page.evaluate("document.documentElement.dir = 'ltr'")


async def main(folder: Path) -> None:
    """Walk through the portal and take a picture of everything."""
    with portal_postgres.running() as server, tempfile.TemporaryDirectory() as scratch:
        async with (
            portal_stage.opened(server.new_database(), Path(scratch)) as stage,
            portal_chromium.opened() as browser,
        ):
            context = await browser.new_context(base_url=stage.url)
            photographer = Photographer(await context.new_page(), folder)
            for walk in (arrive, choose, watch, use, lose):
                await walk(photographer, stage)
        url = server.new_database()
        portal_many.fleet(url, mine=300, others=0)
        async with portal_stage.opened(url, Path(scratch)) as stage, portal_chromium.opened() as browser:
            context = await browser.new_context(base_url=stage.url)
            await many(Photographer(await context.new_page(), folder), stage)


async def arrive(camera: Photographer, stage: portal_stage.Stage) -> None:
    """Sign in; the empty list."""
    page = camera.page
    await page.goto("/sign-in")
    await camera.take("sign-in")
    await page.fill("#field-email", EMAIL)
    await page.click("text=Send me a code")
    await page.wait_for_url("**/code")
    await camera.take("code")
    await page.fill("#field-code", "000000")
    await page.click("button:has-text('Sign in')")
    await page.wait_for_selector("#errors")
    await camera.take("code-wrong")
    await page.fill("#field-code", await stage.code_for(EMAIL))
    await page.click("button:has-text('Sign in')")
    await page.wait_for_url("**/workspaces")
    await camera.take("workspaces-empty")


async def choose(camera: Photographer, stage: portal_stage.Stage) -> None:
    """The products and the form."""
    del stage
    page = camera.page
    await page.goto("/products")
    await camera.take("products")
    await page.click("text=Choose Chat")
    await page.fill("#field-name", "Acme Team")
    await page.click("text=Create workspace")
    await page.wait_for_selector("#errors")
    await camera.take("new-with-errors")
    await page.fill("#field-name", "")
    await page.locator("#field-name").press_sequentially("acme-team")
    await page.wait_for_selector("#name-answer .well")
    await page.click("summary")
    await camera.take("new")


async def watch(camera: Photographer, stage: portal_stage.Stage) -> None:
    """Progress: first without, then with what is usual."""
    page = camera.page
    await page.click("text=Create workspace")
    await page.wait_for_url("**/workspaces/wsp-*")
    await portal_stage.until(lambda: len(stage.provisioner.all()) == 1)
    made = stage.provisioner.all()[0]
    for _ in range(4):
        await stage.provisioner.step(made.id)
    await page.wait_for_selector(".step.working:has-text('Setting up')")
    await camera.take("progress")
    await _go_on(stage, made.id)
    await page.wait_for_selector("#open-workspace")
    await camera.take("ready")
    await page.click("#show-password")
    await page.wait_for_selector("#first-password")
    await camera.take("credentials")


async def use(camera: Photographer, stage: portal_stage.Stage) -> None:
    """Restart, trouble, settings, several workspaces, the account."""
    page = camera.page
    made = stage.provisioner.all()[0]
    await page.click("#do-restart")
    await _status(stage, made.id, installations.Status.RESTARTING)
    await page.wait_for_selector(".state:has-text('Restarting')")
    await camera.take("restarting")
    await stage.provisioner.step(made.id)
    await page.wait_for_selector("#do-settings")
    await page.click("#do-settings")
    await camera.take("settings")
    await page.goto("/workspaces")
    for name, product in (("a-rather-long-name-for-a-workspace-2026", "budgets"), ("kiel", "chat")):
        await page.goto(f"/products/{product}/new")
        await page.fill("#field-name", name)
        await page.click("text=Create workspace")
        await page.wait_for_url("**/workspaces/wsp-*")
    await portal_stage.until(lambda: len(stage.provisioner.all()) == 3)
    long_one, kiel = stage.provisioner.all()[1:]
    await _go_on(stage, long_one.id)
    await _go_on(stage, kiel.id)
    reason = "The program ended 4 times in a minute: “no space left on device”."
    await stage.provisioner.break_down(kiel.id, status=installations.Status.UNHEALTHY, message=reason)
    await page.wait_for_selector(".notice.broken")
    await camera.take("trouble")
    told = "Version 2.5.0 did not start: the program ended with 1. Version 2.4.1 runs again."
    back = installations.TAKEN_BACK
    await stage.provisioner.break_down(kiel.id, status=installations.Status.STABLE, message=told, reason=back)
    await page.wait_for_selector(".notice:has-text('taken back')")
    await camera.take("taken-back")
    await stage.provisioner.tell_of_cluster(infrastructure.Status.UNREACHABLE)
    await page.wait_for_selector(".notice:has-text('cannot see')")
    await camera.take("cluster-away")
    await stage.provisioner.tell_of_cluster(infrastructure.Status.AVAILABLE)
    await page.goto("/workspaces")
    await camera.take("workspaces")
    await page.goto("/account")
    await camera.take("account")


async def many(camera: Photographer, stage: portal_stage.Stage) -> None:
    """An account with 300 workspaces: the list, a part of it, and the switcher."""
    page = camera.page
    await portal_walks.sign_in(page, stage, portal_many.EMAIL)
    await page.set_viewport_size({"width": 1280, "height": 800})
    await camera.take("workspaces-many")
    await page.goto("/workspaces?name=nothing-like-it")
    await camera.take("workspaces-not-found")
    await page.goto("/workspaces/wsp-mine-000300?unmet=restart")
    await page.click(".switcher summary")
    await camera.take("switcher")


async def lose(camera: Photographer, stage: portal_stage.Stage) -> None:
    """Deletion, and the provisioner away."""
    page = camera.page
    made = stage.provisioner.all()[0]
    await page.goto("/workspaces")
    await page.click("text=acme-team")
    await page.click("#do-delete")
    await camera.take("delete")
    await page.fill("#field-name", "acme-team")
    await page.click("button:has-text('Delete workspace')")
    await _status(stage, made.id, installations.Status.DISCARDING)
    await stage.provisioner.step(made.id)
    await page.wait_for_selector("#do-undelete")
    await camera.take("discarded")
    await stage.provisioner.go_away()
    await page.wait_for_selector("#do-undelete")
    await page.click("#do-undelete")
    await page.wait_for_selector(".notice:has-text('cannot be reached')")
    await page.reload()
    await camera.take("away")
    await stage.provisioner.go_away(ports.NotAdmittedError("token-invalid"))
    await page.wait_for_selector(".notice:has-text('for us to mend')")
    await page.reload()
    await camera.take("waits-for-us")
    await page.goto("/nowhere")
    await camera.take("nothing-here")


async def _go_on(stage: portal_stage.Stage, identifier: str) -> None:
    while await stage.provisioner.step(identifier):
        pass


async def _status(stage: portal_stage.Stage, identifier: str, status: installations.Status) -> None:
    await portal_stage.until(lambda: stage.provisioner.installation(identifier).status is status)


if __name__ == "__main__":
    images = Path(sys.argv[1])
    images.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(images))
