"""The account: the address, the browsers that are signed in, and leaving them all."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tenantry.portal.accounts import browsers
from tenantry.portal.pages import context, rendering, sign_in, times

router = APIRouter(prefix="/account")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A browser that is signed in."""

    browser: str
    address: str
    seen: times.Moment
    since: times.Moment
    is_this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """The account's page."""

    email: str
    since: times.Moment
    sessions: tuple[SessionView, ...]


@router.get("")
async def show(request: Request, tools: context.PortalDependency, who: context.Member) -> HTMLResponse:
    """Show the account."""
    now = tools.clock.now()
    here = who.session.id if who.session else ""
    sessions = tuple(
        SessionView(
            browser=browsers.describe(session.browser),
            address=session.client,
            seen=times.moment(session.seen_at, now),
            since=times.moment(session.created_at, now),
            is_this=session.id == here,
        )
        for session in await tools.accounts.sessions(who.account.id)
    )
    view = AccountView(email=who.account.email, since=times.moment(who.account.created_at, now), sessions=sessions)
    return rendering.page(request, "account.html", view, who=who)


@router.post("/sign-out-everywhere")
async def sign_out_everywhere(tools: context.PortalDependency, who: context.Member, form: context.Form) -> Response:
    """End every session of the account, this one too."""
    del form
    if who.session is not None:
        await tools.accounts.sign_out_everywhere(who.session)
    return sign_in.signed_out()
