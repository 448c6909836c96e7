"""The list of workspaces, one workspace's page, and what can be done on it."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tenantry.kernel import errors
from tenantry.portal.catalogue import form as catalogue_form
from tenantry.portal.orders import model as orders
from tenantry.portal.orders import service as order_service
from tenantry.portal.pages import context, list_views, rendering, settings_views, workspace_views
from tenantry.portal.workspaces import model

router = APIRouter(prefix="/workspaces")

_SIMPLE = {
    "restart": orders.Kind.RESTART,
    "hibernate": orders.Kind.HIBERNATE,
    "wake": orders.Kind.WAKE,
    "undelete": orders.Kind.UNDELETE,
    "retry": orders.Kind.RETRY,
}
"""Path → order that needs nothing but a press of a button."""


class NameDiffersError(errors.CustomerMustActError):
    """This is not the workspace's name. Type it exactly to delete the workspace."""

    code = "name-differs"
    status = 422


@router.get("")
async def show_list(
    request: Request, tools: context.PortalDependency, who: context.Member, before: str | None = None, name: str = ""
) -> HTMLResponse:
    """Show the account's workspaces, or those whose name contains what is sought."""
    listing = await tools.overview.listing(who.account.id, before=before, sought=name.strip().lower()[:40])
    view = list_views.list_view(listing, now=tools.clock.now())
    return rendering.page(request, "workspaces.html", view, who=who)


@router.get("/{workspace_id}")
async def show(
    request: Request, tools: context.PortalDependency, who: context.Member, workspace_id: str, unmet: str = ""
) -> HTMLResponse:
    """Show one workspace: its state, what can be done, and its history."""
    view = await view_of(tools, who, workspace_id, unmet)
    neighbours = await tools.overview.neighbours(who.account.id, workspace_id)
    return rendering.page(request, "workspace.html", replace(view, switcher=list_views.switcher(neighbours)), who=who)


@router.post("/{workspace_id}/credentials")
async def reveal_credentials(
    request: Request, tools: context.PortalDependency, who: context.Member, form: context.Form, workspace_id: str
) -> HTMLResponse:
    """Show the first administrator's password, once."""
    del form
    try:
        credentials = await tools.overview.reveal_credentials(who.account, workspace_id)
    except model.CredentialsShownError:
        credentials = None
    view = settings_views.CredentialsView(workspace=await view_of(tools, who, workspace_id), credentials=credentials)
    is_part = request.headers.get("hx-request") == "true"
    return rendering.page(request, "partials/credentials_shown.html" if is_part else "credentials.html", view, who=who)


@router.get("/{workspace_id}/delete")
async def ask_delete(
    request: Request, tools: context.PortalDependency, who: context.Member, workspace_id: str
) -> HTMLResponse:
    """Say what is lost, and ask for the name."""
    workspace = await view_of(tools, who, workspace_id)
    view = settings_views.DeleteView(workspace=workspace, typed="", error="")
    return rendering.page(request, "delete.html", view, who=who)


@router.post("/{workspace_id}/delete")
async def delete(
    request: Request, tools: context.PortalDependency, who: context.Member, form: context.Form, workspace_id: str
) -> Response:
    """Order the deletion, if the name was typed."""
    workspace = await view_of(tools, who, workspace_id)
    typed = form.get("name", "").strip()
    if typed != workspace.name:
        view = settings_views.DeleteView(workspace=workspace, typed=typed, error=NameDiffersError().message)
        return rendering.page(request, "delete.html", view, who=who, status=422)
    return await _order(tools, who, workspace_id, orders.Kind.DELETE, form)


@router.get("/{workspace_id}/settings")
async def ask_settings(
    request: Request, tools: context.PortalDependency, who: context.Member, workspace_id: str
) -> HTMLResponse:
    """Show size and settings as a form."""
    seen = await tools.overview.overview(who.account.id, workspace_id)
    typed = catalogue_form.as_values(seen.workspace.settings) | {"size": seen.workspace.size}
    view = settings_views.settings_view(seen, typed, {}, form_key=rendering.new_form_key(tools))
    return rendering.page(request, "settings.html", view, who=who)


@router.post("/{workspace_id}/settings")
async def change_settings(
    request: Request, tools: context.PortalDependency, who: context.Member, form: context.Form, workspace_id: str
) -> Response:
    """Order another size or other settings."""
    seen = await tools.overview.overview(who.account.id, workspace_id)
    try:
        is_current = form.get("generation", "") == str(settings_views.generation(seen))
        details = order_service.changed_settings(seen.product, form, size=form.get("size", ""), is_current=is_current)
    except order_service.FormInvalidError as error:
        view = settings_views.settings_view(seen, form, error.fields, form_key=form.get("form_key", ""))
        return rendering.page(request, "settings.html", view, who=who, status=422)
    return await _order(tools, who, workspace_id, orders.Kind.UPDATE, form, details)


@router.post("/{workspace_id}/rename")
async def rename(
    request: Request, tools: context.PortalDependency, who: context.Member, form: context.Form, workspace_id: str
) -> Response:
    """Order a refused workspace again under another name."""
    name = form.get("name", "").strip().lower()
    try:
        await tools.orders.rename(who.account, workspace_id, name=name, form_key=_form_key(form))
    except errors.CustomerMustActError as error:
        if error.field != "name":
            raise
        view = settings_views.RenameView(
            workspace=await view_of(tools, who, workspace_id), typed=name, error=error.message
        )
        return rendering.page(request, "rename.html", view, who=who, status=error.status)
    return back_to(workspace_id)


@router.post("/{workspace_id}/withdraw")
async def withdraw(
    tools: context.PortalDependency, who: context.Member, form: context.Form, workspace_id: str
) -> Response:
    """Take a refused workspace off the list."""
    del form
    await tools.orders.withdraw(who.account, workspace_id)
    return RedirectResponse("/workspaces", status_code=303)


@router.post("/{workspace_id}/{action}")
async def act(
    tools: context.PortalDependency, who: context.Member, form: context.Form, workspace_id: str, action: str
) -> Response:
    """Order what needs no more than a press of a button."""
    if action not in _SIMPLE:
        raise errors.NotFoundError
    return await _order(tools, who, workspace_id, _SIMPLE[action], form)


async def view_of(
    tools: context.Portal, who: context.Visitor, workspace_id: str, unmet: str = ""
) -> workspace_views.WorkspaceView:
    """Return a workspace's page as it is now."""
    seen = await tools.overview.overview(who.account.id, workspace_id)
    key = rendering.new_form_key(tools)
    return workspace_views.workspace_view(seen, now=tools.clock.now(), form_key=key, unmet=unmet)


def back_to(workspace_id: str, unmet: orders.Kind | None = None) -> RedirectResponse:
    """Lead to a workspace's page, which says what was not ordered because something else was under way."""
    query = f"?unmet={unmet.value}" if unmet else ""
    return RedirectResponse(f"/workspaces/{workspace_id}{query}", status_code=303)


async def _order(
    tools: context.Portal,
    who: context.Visitor,
    workspace_id: str,
    kind: orders.Kind,
    form: dict[str, str],
    details: dict[str, Any] | None = None,
) -> Response:
    try:
        await tools.orders.change(who.account, workspace_id, kind, form_key=_form_key(form), details=details or {})
    except orders.NotPossibleError:
        return back_to(workspace_id, unmet=kind)
    return back_to(workspace_id)


def _form_key(form: dict[str, str]) -> str:
    key = form.get("form_key", "")
    if not key:
        raise context.FormExpiredError
    return key[:100]
