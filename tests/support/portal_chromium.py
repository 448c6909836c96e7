"""The system's Chromium, driven by Playwright, as a customer would use it."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from playwright import async_api

ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def path() -> str | None:
    """Return where Chromium is, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def opened() -> AsyncGenerator[async_api.Browser, None]:
    """Open a browser for as long as the block lasts."""
    async with async_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path(), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()
