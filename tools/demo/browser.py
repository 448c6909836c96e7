"""A plain browser without JavaScript: follows pages, fills in forms, keeps cookies.

Names below `localhost` lead to this machine, as they do in a real browser; the system's resolver often does not know.
"""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

TIMEOUT = aiohttp.ClientTimeout(total=60)


class PageUnexpectedError(Exception):
    """A page is not what a visitor would expect at this point."""


class LocalhostResolver(AbstractResolver):
    """Leads `localhost` and every name below it to 127.0.0.1."""

    def __init__(self) -> None:
        self._others = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return where the host is."""
        if host != "localhost" and not host.endswith(".localhost"):
            return await self._others.resolve(host, port, family)
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        """Close the resolver for all other names."""
        await self._others.close()


@dataclass
class Form:
    """A form of a page, with what its fields hold."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict[str, str])
    options: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Of each list, what can be chosen."""


class _Forms(HTMLParser):
    """Collects the forms of a page, with the values that a browser would send."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(action=given.get("action", ""), method=given.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None:
            self._take(self._open, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None

    def _take(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            form.options.setdefault(self._select, []).append(given.get("value", ""))
            if "selected" in given or self._select not in form.fields:
                form.fields[self._select] = given.get("value", "")
        elif tag == "textarea" and name:
            form.fields[name] = ""
        elif tag == "input" and name and _is_sent(given):
            form.fields[name] = given.get("value", "on" if given.get("type") in {"checkbox", "radio"} else "")


def _is_sent(given: dict[str, str]) -> bool:
    kind = given.get("type", "text")
    if kind in {"checkbox", "radio"}:
        return "checked" in given
    return kind not in {"submit", "button", "image", "reset", "file"}


@dataclass(frozen=True)
class Page:
    """What the browser shows."""

    url: str
    status: int
    text: str

    def form(self, *, action: str | None = None, having: str | None = None) -> Form:
        """Return the form that leads to an action, or has a field of this name.

        Raises:
            PageUnexpectedError: the page has none.
        """
        parser = _Forms()
        parser.feed(self.text)
        for form in parser.forms:
            if action is not None and urljoin(self.url, form.action).split("?")[0].endswith(action):
                return form
            if having is not None and having in form.fields:
                return form
        message = f"{self.url} (status {self.status}) has no form for {action or having}."
        raise PageUnexpectedError(message)


class Browser:
    """One visitor's browser."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Take an open session; see `opened`."""
        self.session = session

    async def open(self, url: str) -> Page:
        """Go to an address, through redirects."""
        async with self.session.get(url) as response:
            return await _page(response)

    async def send(self, page: Page, form: Form, **typed: str) -> Page:
        """Fill in a form and send it."""
        target = urljoin(page.url, form.action or page.url)
        fields = form.fields | typed
        if form.method == "get":
            async with self.session.get(target, params=fields) as response:
                return await _page(response)
        headers = {"Origin": str(URL(page.url).origin()), "Referer": page.url}
        async with self.session.post(target, data=fields, headers=headers) as response:
            return await _page(response)


async def _page(response: aiohttp.ClientResponse) -> Page:
    text = await response.text()
    if response.status >= 400:  # noqa: PLR2004 - errors begin there
        message = f"{response.url} answered {response.status}: {_words(text)[:400]}"
        raise PageUnexpectedError(message)
    return Page(url=str(response.url), status=response.status, text=text)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _words(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    return " ".join(" ".join(parser.parts).split())


@asynccontextmanager
async def opened(*, trusted: str | None = None, **options: Any) -> AsyncGenerator[Browser]:
    """Open a browser.

    Args:
        trusted: an http address whose Secure cookies are sent all the same, as browsers do for localhost.
        options: passed on to aiohttp.
    """
    jar = aiohttp.CookieJar(treat_as_secure_origin=[URL(trusted)] if trusted else None)
    connector = aiohttp.TCPConnector(resolver=LocalhostResolver(), use_dns_cache=False)
    async with aiohttp.ClientSession(cookie_jar=jar, connector=connector, timeout=TIMEOUT, **options) as session:
        yield Browser(session)
