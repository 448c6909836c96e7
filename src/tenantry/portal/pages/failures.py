"""When a page cannot be shown: what happened, what it means, what to do, and a reference to quote."""

from dataclasses import dataclass
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from tenantry.kernel import errors, ids
from tenantry.portal.pages import context, rendering

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemView:
    """A page that could not be shown, explained."""

    title: str
    happened: str
    do: str
    reference: str


def install(app: FastAPI) -> None:
    """Let every failure end in a page."""
    app.add_exception_handler(context.SignInNeededError, _to_sign_in)
    app.add_exception_handler(errors.TenantryError, _explain)
    app.add_exception_handler(HTTPException, _explain)
    app.add_exception_handler(Exception, _apologise)


async def _to_sign_in(request: Request, error: Exception) -> Response:
    del error
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": "/sign-in"})
    return RedirectResponse("/sign-in", status_code=303)


async def _explain(request: Request, error: Exception) -> Response:
    match error:
        case errors.TemporaryError():
            title, happened, status = "This does not work right now", error.message, error.status
            do = "Nothing was lost. Try again in a moment."
        case errors.NotFoundError():
            title, happened, status = "There is nothing here", error.message, error.status
            do = "Look at your list of workspaces."
        case errors.TenantryError():
            title, happened, status = "This could not be done", error.message, error.status
            do = error.advice or "Go back, look again, and try once more."
        case HTTPException(status_code=HTTPStatus.NOT_FOUND):
            title, happened, status = "There is nothing here", "There is no page at this address.", 404
            do = "Look at your list of workspaces."
        case _:
            title, happened, status = "This could not be done", "The page was asked for in an unknown way.", 400
            do = "Go back, look again, and try once more."
    return await _page(
        request, ProblemView(title=title, happened=happened, do=do, reference=_reference(request)), status
    )


async def _apologise(request: Request, error: Exception) -> Response:
    reference = _reference(request)
    _log.error("page failed", reference=reference, path=request.url.path, exc_info=error)
    view = ProblemView(
        title="Something went wrong on our side",
        happened="This page could not be made. We have a record of it.",
        do="Try again in a moment. If it happens again, write to us and quote the reference.",
        reference=reference,
    )
    return await _page(request, view, 500)


async def _page(request: Request, view: ProblemView, status: int) -> Response:
    tools = context.portal(request)
    # The database may be what failed: the page is made without asking it who is there.
    who = context.stranger(request, tools)
    return rendering.page(request, "problem.html", view, who=who, status=status)


def _reference(request: Request) -> str:
    tools = context.portal(request)
    return ids.UlidIdentifiers(tools.clock, tools.randomness).new("ref")
