"""A visitor without JavaScript: follows links, fills forms in, keeps cookies as a browser does."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Self

import aiohttp
import yarl

from support import portal_stage

_INPUT = re.compile(r"<input\b[^>]*>")
_SELECT = re.compile(r'<select\b[^>]*name="([^"]*)"[^>]*>(.*?)</select>', re.DOTALL)
_SELECTED = re.compile(r"<option\b[^>]* selected[^>]*>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a visitor sees."""

    status: int
    path: str
    text: str
    headers: dict[str, str]

    def fields(self, action: str) -> dict[str, str]:
        """Return what a browser would send with the form that leads to a path, as it stands."""
        form = self.text.split(f'action="{action}"', 1)[1].split("</form>", 1)[0]
        inputs = [(tag, dict(_ATTRIBUTE.findall(tag))) for tag in _INPUT.findall(form)]
        sent = {item["name"]: unescape(item.get("value", "")) for tag, item in inputs if _is_sent(tag, item)}
        for name, options in _SELECT.findall(form):
            sent[name] = dict(_ATTRIBUTE.findall(_SELECTED.findall(options)[0]))["value"]
        return sent


def _is_sent(tag: str, item: dict[str, str]) -> bool:
    if item.get("type") in {"checkbox", "radio"}:
        return " checked" in tag
    return "name" in item


class Visitor:
    """Somebody with a browser."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self.session = session

    @classmethod
    @asynccontextmanager
    async def arriving(cls, url: str) -> AsyncGenerator[Self, None]:
        # Browsers count localhost as a secure place; so does this jar, or it would not send Secure cookies back.
        jar = aiohttp.CookieJar(treat_as_secure_origin=yarl.URL(url))
        async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=20)) as session:
            yield cls(url, session)

    async def open(self, path: str, *, follow: bool = True, **headers: str) -> Page:
        return await self._ask("GET", path, None, follow=follow, headers=headers)

    async def post(self, path: str, fields: dict[str, str], *, follow: bool = True, **headers: str) -> Page:
        return await self._ask("POST", path, fields, follow=follow, headers=headers)

    async def _ask(
        self, method: str, path: str, fields: dict[str, str] | None, *, follow: bool, headers: dict[str, str]
    ) -> Page:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = yarl.URL(self._url + path, encoded=True)
        async with self.session.request(method, url, data=fields, allow_redirects=follow, headers=sent) as answer:
            return await _page(answer)

    def cookie(self, name: str) -> str:
        """Return a cookie's value; empty where the browser has none of the name."""
        return next((cookie.value for cookie in self.session.cookie_jar if cookie.key == name), "")

    async def send(self, page: Page, action: str, **fields: str) -> Page:
        """Fill a page's form in and send it."""
        return await self.post(action, page.fields(action) | fields)

    async def sign_in(self, stage: portal_stage.Stage, email: str = "ada@example.com") -> Page:
        await self.send(await self.open("/sign-in"), "/sign-in", email=email)
        code = await stage.code_for(email)
        return await self.send(await self.open("/sign-in/code"), "/sign-in/code", code=code)

    async def order(self, name: str, product: str = "chat") -> str:
        """Order a workspace; returns the path of its page."""
        path = f"/products/{product}/new"
        page = await self.send(await self.open(path), path, name=name, size="small")
        return page.path


async def _page(answer: aiohttp.ClientResponse) -> Page:
    return Page(
        status=answer.status,
        path=answer.url.path,
        text=await answer.text(),
        headers={key.lower(): value for key, value in answer.headers.items()},
    )
