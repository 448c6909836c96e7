"""Choosing a product, and ordering a workspace of it."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tenantry.kernel import errors
from tenantry.portal.catalogue import form as catalogue_form
from tenantry.portal.catalogue import model as catalogue
from tenantry.portal.orders import service as order_service
from tenantry.portal.overview import service as overview
from tenantry.portal.pages import context, rendering, staleness, workspaces

router = APIRouter()

_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductsView:
    """The shop."""

    products: tuple[catalogue.Product, ...]
    stale: staleness.Stale | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewView:
    """The form of a new workspace."""

    product: catalogue.Product
    name: str
    name_error: str
    size: str
    fields: tuple[catalogue_form.Field, ...]
    errors: dict[str, str]
    form_key: str
    stale: staleness.Stale | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameView:
    """What is said about a name while it is typed."""

    answer: overview.NameAnswer | None


@router.get("/products")
async def show_products(request: Request, tools: context.PortalDependency, who: context.Member) -> HTMLResponse:
    """Show what is sold."""
    view = ProductsView(products=tuple(await tools.catalogue.sold()), stale=await _stale(tools))
    return rendering.page(request, "products.html", view, who=who)


@router.get("/products/{name}/icon.svg")
async def show_icon(tools: context.PortalDependency, name: str) -> Response:
    """Give a product's picture; nothing in it can run."""
    product = await tools.catalogue.product(name)
    if product.icon is None:
        raise errors.NotFoundError
    headers = {"Content-Security-Policy": _SVG_POLICY, "Cache-Control": "private, max-age=300"}
    return Response(product.icon, media_type="image/svg+xml", headers=headers)


@router.get("/products/{name}/new")
async def show_form(request: Request, tools: context.PortalDependency, who: context.Member, name: str) -> HTMLResponse:
    """Show the form of a new workspace."""
    product = await tools.catalogue.product(name)
    return await _form(request, tools, who, product, typed=None, problems={})


@router.get("/names")
async def check_name(
    request: Request, tools: context.PortalDependency, who: context.Member, name: str = ""
) -> HTMLResponse:
    """Say, while it is typed, whether a name can be used and what its address would be."""
    typed = name.strip().lower()
    answer = await tools.overview.name(typed) if typed else None
    return rendering.page(request, "partials/name_answer.html", NameView(answer=answer), who=who)


@router.post("/products/{product_name}/new")
async def order(
    request: Request, tools: context.PortalDependency, who: context.Member, form: context.Form, product_name: str
) -> Response:
    """Order a workspace and lead to its page at once."""
    product = await tools.catalogue.product(product_name)
    wish = order_service.NewWorkspace(
        product=product,
        name=form.get("name", "").strip().lower(),
        size=form.get("size", ""),
        typed=form,
        form_key=form.get("form_key", "")[:100],
    )
    try:
        workspace_id = await tools.orders.create(who.account, wish)
    except order_service.FormInvalidError as error:
        return await _form(request, tools, who, product, typed=form, problems=error.fields)
    except errors.CustomerMustActError as error:
        return await _form(request, tools, who, product, typed=form, problems={error.field or "name": error.message})
    return workspaces.back_to(workspace_id)


async def _form(
    request: Request,
    tools: context.Portal,
    who: context.Visitor,
    product: catalogue.Product,
    *,
    typed: dict[str, str] | None,
    problems: dict[str, str],
) -> HTMLResponse:
    kept = typed or {}
    view = NewView(
        product=product,
        name=kept.get("name", ""),
        name_error=problems.get("name", ""),
        size=kept.get("size") or (product.sizes[0].name if product.sizes else ""),
        fields=catalogue_form.fields(product.settings_schema, typed, problems),
        errors=problems,
        form_key=kept.get("form_key") or rendering.new_form_key(tools),
        stale=await _stale(tools),
    )
    return rendering.page(request, "new_workspace.html", view, who=who, status=422 if problems else 200)


async def _stale(tools: context.Portal) -> staleness.Stale | None:
    return staleness.of(await tools.overview.contact(), tools.clock.now())
