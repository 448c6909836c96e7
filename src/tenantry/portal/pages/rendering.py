"""Turns view models into pages: one place for what every template gets."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import jinja2
from fastapi import Request
from starlette.responses import HTMLResponse

from tenantry.kernel import errors
from tenantry.portal.accounts import tokens
from tenantry.portal.pages import context

_HERE = Path(__file__).parent.parent
STATIC = _HERE / "static"


_ASSET = re.compile(r"""asset\(["']([^"']+)["']\)""")


class AssetsMissingError(errors.PermanentError):
    """Files that the portal's pages need in the browser are missing."""

    code = "assets-missing"
    hint = "In the source tree run `python tools/assets.py` (every make target does); a built wheel has them inside."


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the page is to look, and where the switch leads back to."""

    theme: str
    path: str


def environment(static: Path = STATIC) -> jinja2.Environment:
    """Return the templates; an undefined name is an error, and all text is escaped.

    Args:
        static: the folder of what pages need in the browser.

    Raises:
        AssetsMissingError: a template needs a file that is not there; no page could be made.
    """
    loaded = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=jinja2.select_autoescape(["html", "xml"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    assets = _fingerprints(static)
    if missing := sorted(_needed(loaded) - set(assets)):
        raise AssetsMissingError(f"Files that the portal's pages need are missing in {static}: {', '.join(missing)}.")
    cast("dict[str, Callable[[str], str]]", loaded.globals)["asset"] = lambda name: f"/static/{name}?v={assets[name]}"
    return loaded


def page(
    request: Request,
    name: str,
    view: Any,
    *,
    who: context.Visitor,
    status: int = 200,
) -> HTMLResponse:
    """Render a whole page, or a part of one, for whoever is asking."""
    tools = context.portal(request)
    look = Look(theme=context.theme(request), path=request.url.path if request.method == "GET" else "/")
    return HTMLResponse(fragment(tools, name, view, who=who, look=look), status_code=status)


def fragment(tools: context.Portal, name: str, view: Any, *, who: context.Visitor, look: Look | None = None) -> str:
    """Render a template to text."""
    return tools.templates.get_template(name).render(
        view=view,
        brand=tools.settings.brand,
        email=who.session.account.email if who.session else "",
        form_token=who.form_token,
        look=look or Look(theme="device", path="/"),
    )


def new_form_key(tools: context.Portal) -> str:
    """Return the key that makes a form, however often it is sent, one order."""
    return tokens.new_token(tools.randomness)


def _needed(loaded: jinja2.Environment) -> set[str]:
    """Return every asset that a template names."""
    texts = ((_HERE / "templates" / name).read_text() for name in loaded.list_templates())
    return {found for text in texts for found in _ASSET.findall(text)}


def _fingerprints(static: Path) -> dict[str, str]:
    files = [path for path in static.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {path.relative_to(static).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in files}
