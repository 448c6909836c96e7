"""How pages look: the vendor's accent as a style sheet, and the switch between light and dark."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from tenantry.portal.pages import context

router = APIRouter()


@router.get("/brand.css")
async def brand(tools: context.PortalDependency) -> Response:
    """Give the vendor's colours as custom properties."""
    text = tools.templates.get_template("brand.css").render(brand=tools.settings.brand)
    return Response(text, media_type="text/css", headers={"Cache-Control": "public, max-age=300"})


@router.post("/appearance")
async def choose_theme(form: context.Form) -> Response:
    """Remember whether pages are to be light, dark or as the device is set, and go back."""
    path = form.get("back", "/")
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    response = RedirectResponse(path if is_ours else "/", status_code=303)
    context.set_theme(response, form.get("theme", "device"))
    return response
