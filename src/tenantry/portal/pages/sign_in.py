"""Getting in: an address, then the code that was mailed to it."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tenantry.portal.accounts import model
from tenantry.portal.pages import context, rendering

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailView:
    """The field for the address."""

    email: str
    error: str
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeView:
    """The field for the code."""

    address: str
    error: str
    minutes: int


@router.get("/")
async def start(who: context.AnyVisitor) -> RedirectResponse:
    """Lead to where one can go on."""
    return RedirectResponse("/workspaces" if who.session else "/sign-in", status_code=303)


@router.get("/sign-in")
async def ask_email(request: Request, tools: context.PortalDependency, who: context.AnyVisitor) -> Response:
    """Ask for an address."""
    if who.session is not None:
        return RedirectResponse("/workspaces", status_code=303)
    return _email_page(request, tools, who, EmailView(email="", error=""))


@router.post("/sign-in")
async def send_code(
    request: Request, tools: context.PortalDependency, who: context.AnyVisitor, form: context.Form
) -> Response:
    """Mail a code, and answer the same whether or not there is an account."""
    email = form.get("email", "")
    try:
        await tools.accounts.request_code(email, visit=who.cookie, client=who.client)
    except (model.EmailInvalidError, model.TooManyCodesError, model.TooManyGuessesError) as error:
        view = EmailView(email=email, error=error.message)
        return rendering.page(request, "sign_in.html", view, who=who, status=error.status)
    return RedirectResponse("/sign-in/code", status_code=303)


@router.get("/sign-in/code")
async def ask_code(request: Request, tools: context.PortalDependency, who: context.AnyVisitor) -> Response:
    """Ask for the code."""
    pending = await tools.accounts.pending(who.cookie)
    if pending is None:
        return RedirectResponse("/sign-in", status_code=303)
    return rendering.page(request, "code.html", _code_view(tools, pending.email, ""), who=who)


@router.post("/sign-in/code")
async def enter_code(
    request: Request, tools: context.PortalDependency, who: context.AnyVisitor, form: context.Form
) -> Response:
    """Open a session, under a new token, for whoever read the mail."""
    pending = await tools.accounts.pending(who.cookie)
    try:
        signed_in = await tools.accounts.enter_code(form.get("code", ""), visit=who.cookie, client=who.client)
    except model.CodeWrongError as error:
        view = _code_view(tools, pending.email if pending else "", error.message)
        return rendering.page(request, "code.html", view, who=who, status=error.status)
    except (model.CodeEndedError, model.TooManyGuessesError) as error:
        ended = EmailView(email=pending.email if pending else "", error=error.message)
        return rendering.page(request, "sign_in.html", ended, who=who, status=error.status)
    response = RedirectResponse("/workspaces", status_code=303)
    seconds = int(tools.limits.session_absolute.total_seconds())
    context.set_cookie(response, context.SESSION_COOKIE, signed_in.token, seconds=seconds)
    context.drop_cookie(response, context.VISIT_COOKIE)
    return response


@router.post("/sign-out")
async def sign_out(tools: context.PortalDependency, who: context.Member, form: context.Form) -> Response:
    """End this session."""
    del form
    if who.session is not None:
        await tools.accounts.sign_out(who.session)
    return signed_out()


def signed_out() -> Response:
    """Lead to the door and take the session's cookie back."""
    response = RedirectResponse("/sign-in", status_code=303)
    context.drop_cookie(response, context.SESSION_COOKIE)
    return response


def _email_page(request: Request, tools: context.Portal, who: context.Visitor, view: EmailView) -> HTMLResponse:
    if who.cookie:
        return rendering.page(request, "sign_in.html", view, who=who)
    started = HTMLResponse()
    visitor = context.start_visit(started, tools)
    page = rendering.page(request, "sign_in.html", view, who=visitor)
    page.raw_headers.extend(item for item in started.raw_headers if item[0] == b"set-cookie")
    return page


def _code_view(tools: context.Portal, address: str, error: str) -> CodeView:
    minutes = int(tools.limits.code_lifetime.total_seconds() // 60)
    return CodeView(address=address, error=error, minutes=minutes)
