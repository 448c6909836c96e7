"""A customer of the portal: signs up with the code from the mail, orders workspaces, follows them."""

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from html import unescape

import aiohttp

from demo import browser

READY = 'id="open-workspace"'
_CODE = re.compile(r"\b(\d{6})\b")
_WORKSPACE = re.compile(r"/workspaces/([a-z0-9-]+)$")
_SECRET = re.compile(r'<code id="(first-name|first-password)">(.*?)</code>')
_HEADLINE = re.compile(r'data-announce="([^"]*)"')


@dataclass(frozen=True)
class Mailbox:
    """Where the stack's mails can be read."""

    url: str
    key: str = field(repr=False)

    async def code(self, visitor: browser.Browser, email: str, *, after: int) -> str:
        """Wait for one more mail than there were, and return its code."""
        for _ in range(200):
            letters = await self.letters(visitor, email)
            if len(letters) > after and (found := _CODE.search(letters[0])):
                return found.group(1)
            await asyncio.sleep(0.1)
        message = f"No code was mailed to {email} within twenty seconds."
        raise browser.PageUnexpectedError(message)

    async def letters(self, visitor: browser.Browser, email: str) -> list[str]:
        """Return the texts of mails to an address, newest first."""
        headers = {"Authorization": f"Bearer {self.key}"}
        async with visitor.session.get(f"{self.url}/messages.json", params={"to": email}, headers=headers) as response:
            response.raise_for_status()
            return [each["text"] for each in (await response.json())["messages"]]


@dataclass(frozen=True)
class Workspace:
    """A workspace that was ordered."""

    id: str
    name: str
    url: str
    page: str


@dataclass(frozen=True)
class SignIn:
    """How the first administrator signs in."""

    username: str
    password: str = field(repr=False)


class Customer:
    """Somebody with a browser and an e-mail address."""

    def __init__(self, visitor: browser.Browser, portal: str, mailbox: Mailbox) -> None:
        """Take the browser, the portal's address and where mails arrive."""
        self._browser = visitor
        self._portal = portal
        self._mailbox = mailbox

    async def sign_up(self, email: str) -> None:
        """Sign up, or in, with the code from the mail."""
        before = len(await self._mailbox.letters(self._browser, email))
        door = await self._browser.open(f"{self._portal}/sign-in")
        asked = await self._browser.send(door, door.form(action="/sign-in"), email=email)
        code = await self._mailbox.code(self._browser, email, after=before)
        inside = await self._browser.send(asked, asked.form(action="/sign-in/code"), code=code)
        if not inside.url.endswith("/workspaces"):
            message = f"Signing in led to {inside.url}."
            raise browser.PageUnexpectedError(message)

    async def order(self, product: str, name: str) -> Workspace:
        """Order a workspace; returns as soon as its page is there."""
        path = f"/products/{product}/new"
        shop = await self._browser.open(f"{self._portal}{path}")
        page = await self._browser.send(shop, shop.form(action=path), name=name)
        found = _WORKSPACE.search(page.url)
        if found is None:
            message = f"The order of {name} led to {page.url}."
            raise browser.PageUnexpectedError(message)
        return Workspace(id=found.group(1), name=name, url="", page=page.url)

    async def until_ready(self, workspace: Workspace, patience: float = 180) -> Workspace:
        """Follow the workspace's page as it happens, until it can be opened."""
        last = "nothing yet"
        try:
            async with asyncio.timeout(patience), self._live(workspace) as response:
                async for raw in response.content:
                    line = raw.decode()
                    if headline := _HEADLINE.search(line):
                        last = unescape(headline.group(1))
                    if READY in line and (address := re.search(r'href="([^"]+)"', line)):
                        return Workspace(workspace.id, workspace.name, unescape(address.group(1)), workspace.page)
        except TimeoutError:
            pass
        message = f"{workspace.page} was not ready within {patience:.0f} s; it last said “{last}”."
        raise browser.PageUnexpectedError(message)

    def _live(self, workspace: Workspace) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        return self._browser.session.get(f"{workspace.page}/live", timeout=timeout)

    async def reveal(self, workspace: Workspace) -> SignIn:
        """Have the first administrator's password shown, which works once."""
        page = await self._browser.open(workspace.page)
        shown = await self._browser.send(page, page.form(action="/credentials"))
        values = {name: unescape(value) for name, value in _SECRET.findall(shown.text)}
        return SignIn(username=values["first-name"], password=values["first-password"])
