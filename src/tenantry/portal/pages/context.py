"""Who is asking, and what a page may use: sessions, cookies and the protection of forms.

Before sign-in a browser carries a random visit cookie, afterwards a session cookie; a form's token is derived from
whichever it is, so a form can only be sent by a page of ours in the same browser.
"""

from dataclasses import dataclass
from typing import Annotated, cast

import jinja2
from fastapi import Depends, Request
from starlette.responses import Response

from tenantry.engine import waker as wakers
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.kernel import randomness as randoms
from tenantry.portal import settings as portal_settings
from tenantry.portal.accounts import model as accounts
from tenantry.portal.accounts import service as account_service
from tenantry.portal.accounts import tokens
from tenantry.portal.catalogue import service as catalogue
from tenantry.portal.orders import service as orders
from tenantry.portal.overview import service as overview

SESSION_COOKIE = "__Host-session"
VISIT_COOKIE = "__Host-visit"
THEME_COOKIE = "theme"
FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field
_VISIT_SECONDS = 3600
_THEME_SECONDS = 365 * 86400
THEMES = ("light", "dark", "device")


class FormExpiredError(errors.ForbiddenError):
    """This form is too old, or it was not sent from our page. Open the page again and send it once more."""

    code = "form-expired"


class SignInNeededError(errors.UnauthenticatedError):
    """Sign in to see this page."""

    code = "sign-in-needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """All that pages may use; made once by the composition root."""

    settings: portal_settings.Settings
    limits: accounts.Limits
    clock: clocks.Clock
    randomness: randoms.Randomness
    keys: tokens.Keys
    templates: jinja2.Environment
    waker: wakers.Waker
    accounts: account_service.Accounts
    catalogue: catalogue.Catalogue
    orders: orders.Orders
    overview: overview.Workspaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whoever sent the request."""

    session: accounts.Session | None
    cookie: str
    """The session's or the visit's token; empty where the browser has neither yet."""
    form_token: str
    client: accounts.Client

    @property
    def account(self) -> accounts.Account:
        """The account that is signed in.

        Raises:
            SignInNeededError: nobody is.
        """
        if self.session is None:
            raise SignInNeededError
        return self.session.account


def portal(request: Request) -> Portal:
    """Return what the composition root has put together."""
    return cast("Portal", request.app.state.portal)


PortalDependency = Annotated[Portal, Depends(portal)]


async def visitor(request: Request, tools: PortalDependency) -> Visitor:
    """Return who is asking."""
    token = request.cookies.get(SESSION_COOKIE, "")
    session = await tools.accounts.session(token) if token else None
    cookie = token if session else request.cookies.get(VISIT_COOKIE, "")
    address = request.client.host if request.client else ""
    browser = request.headers.get("user-agent", "")[:300]
    return Visitor(
        session=session,
        cookie=cookie,
        form_token=tools.keys.form_token(cookie) if cookie else "",
        client=accounts.Client(address=address, browser=browser),
    )


AnyVisitor = Annotated[Visitor, Depends(visitor)]


async def member(who: AnyVisitor) -> Visitor:
    """Return who is asking, if they are signed in."""
    if who.session is None:
        raise SignInNeededError
    return who


Member = Annotated[Visitor, Depends(member)]


async def form(request: Request, who: AnyVisitor) -> dict[str, str]:
    """Return a form's fields, if it comes from a page of ours in this browser.

    Raises:
        FormExpiredError: it does not.
    """
    sent = (await request.form()).items()
    # No field of ours holds a zero character, and PostgreSQL could not keep one.
    fields = {key: value.replace("\0", "") for key, value in sent if isinstance(value, str)}
    if not who.form_token or not tokens.is_same(fields.get(FORM_TOKEN, ""), who.form_token):
        raise FormExpiredError
    return fields


Form = Annotated[dict[str, str], Depends(form)]


def set_cookie(response: Response, name: str, value: str, *, seconds: int) -> None:
    """Give the browser a cookie that only this host's pages get back, and no script reads."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def drop_cookie(response: Response, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


def start_visit(response: Response, tools: Portal) -> Visitor:
    """Give a browser that has no cookie yet a visit of its own."""
    token = tokens.new_token(tools.randomness)
    set_cookie(response, VISIT_COOKIE, token, seconds=_VISIT_SECONDS)
    empty = accounts.Client(address="", browser="")
    return Visitor(session=None, cookie=token, form_token=tools.keys.form_token(token), client=empty)


def set_theme(response: Response, theme: str) -> None:
    """Remember how pages are to look."""
    set_cookie(response, THEME_COOKIE, theme if theme in THEMES else "device", seconds=_THEME_SECONDS)


def theme(request: Request) -> str:
    """Return how pages are to look: `light`, `dark` or as the device is set."""
    chosen = request.cookies.get(THEME_COOKIE, "device")
    return chosen if chosen in THEMES else "device"


def stranger(request: Request, tools: Portal) -> Visitor:
    """Return a visitor of whom nothing is asked from the database; their forms work all the same."""
    cookie = request.cookies.get(SESSION_COOKIE) or request.cookies.get(VISIT_COOKIE, "")
    nobody = accounts.Client(address="", browser="")
    return Visitor(
        session=None, cookie=cookie, form_token=tools.keys.form_token(cookie) if cookie else "", client=nobody
    )
