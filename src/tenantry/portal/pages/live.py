"""A workspace's page as it happens: fragments of HTML over server-sent events.

PostgreSQL tells when something has changed; nothing is polled. What is sent is what a refresh would show.
"""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from tenantry.portal.following import store as following
from tenantry.portal.pages import context, rendering, workspace_views, workspaces
from tenantry.portal.workspaces import model
from tenantry.portal.workspaces import store as workspace_store

router = APIRouter(prefix="/workspaces")

_SIGN_OF_LIFE = timedelta(seconds=15)


@router.get("/{workspace_id}/live")
async def live(
    request: Request, tools: context.PortalDependency, who: context.Member, workspace_id: str
) -> StreamingResponse:
    """Send the live part of the page now and after each change."""
    first = await workspaces.view_of(tools, who, workspace_id)
    return StreamingResponse(
        _fragments(request, tools, who, first),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _fragments(
    request: Request, tools: context.Portal, who: context.Visitor, first: workspace_views.WorkspaceView
) -> AsyncGenerator[str, None]:
    with tools.waker.subscription(workspace_store.topic(first.id), following.TOPIC) as changed:
        could_reveal = first.can_reveal
        while True:
            changed.clear()
            try:
                view = await workspaces.view_of(tools, who, first.id)
            except model.WorkspaceUnknownError:
                return
            yield _event("workspace", rendering.fragment(tools, "partials/live.html", view, who=who))
            yield _event("details", rendering.fragment(tools, "partials/details.html", view, who=who))
            if view.can_reveal and not could_reveal:
                yield _event("ready", rendering.fragment(tools, "partials/credentials.html", view, who=who))
            could_reveal = view.can_reveal
            while not await _within(changed, _SIGN_OF_LIFE):
                if not await _is_welcome(request, tools):
                    return
                yield ": alive\n\n"


async def _within(changed: asyncio.Event, patience: timedelta) -> bool:
    try:
        async with asyncio.timeout(patience.total_seconds()):
            await changed.wait()
    except TimeoutError:
        return False
    return True


async def _is_welcome(request: Request, tools: context.Portal) -> bool:
    """Tell whether the browser is still there and still signed in."""
    if await request.is_disconnected():
        return False
    return await tools.accounts.session(request.cookies.get(context.SESSION_COOKIE, "")) is not None


def _event(name: str, html: str) -> str:
    lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
    return f"event: {name}\n{lines}\n"
