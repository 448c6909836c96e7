"""What Caddy is told, built purely: fixed routes first, workspaces behind them, and a calm page for all else."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

Json = dict[str, Any]

FIXED_ROUTES = 3
"""Portal, API and mailbox: as many routes stand before those of workspaces."""

DEFAULT_MAX_REQUEST_BYTES = 50 * 1024 * 1024

_PAGES = Path(__file__).parent / "pages"
_PREFIX = "ws-"
_ACCEPTS_HTML = {"header_regexp": {"Accept": {"pattern": "text/html"}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontdoorSettings:
    """What the fixed part of the configuration depends on.

    Attributes:
        listen: address:port for visitors.
        host: the name below which everything is: `localhost`.
        admin_socket: where changes of routes are taken.
        portal, provisioner, mailbox: upstreams of the fixed routes.
        access_log: file of the access log.
        storage: folder for Caddy's own things.
    """

    listen: str
    host: str
    admin_socket: Path
    portal: str
    provisioner: str
    mailbox: str
    access_log: Path
    storage: Path


def build(settings: FrontdoorSettings) -> Json:
    """Return the whole configuration, with no workspace awake."""
    fixed = [
        _route("portal", [settings.host, f"portal.{settings.host}"], settings.portal),
        _route("api", [f"api.{settings.host}"], settings.provisioner),
        _route("mailbox", [f"mailbox.{settings.host}"], settings.mailbox),
    ]
    server = {
        "listen": [settings.listen],
        "protocols": ["h1"],
        "automatic_https": {"disable": True},
        "routes": [*fixed, *_pages("asleep", 503)],
        "errors": {"routes": [*_refusals(), *_pages("away", 502)]},
        "logs": {"default_logger_name": "access"},
    }
    return {
        "admin": {"listen": f"unix/{settings.admin_socket}|0600", "config": {"persist": True}},
        "logging": {"logs": _logs(settings.access_log)},
        "storage": {"module": "file_system", "root": str(settings.storage)},
        "apps": {"http": {"grace_period": "3s", "servers": {"front": server}}},
    }


def route_id(name: str) -> str:
    """Return the identifier of a workspace's route."""
    return _PREFIX + name


def workspace_route(name: str, hosts: Sequence[str], upstream: str, max_request_bytes: int | None) -> Json:
    """Return the route of a workspace that is awake."""
    return _route(route_id(name), list(hosts), upstream, max_request_bytes or DEFAULT_MAX_REQUEST_BYTES)


def describe(route: Json) -> tuple[str, tuple[str, ...], str, int] | None:
    """Return name, hosts, upstream and request limit of a workspace's route; None for any other."""
    identifier = str(route.get("@id", ""))
    if not identifier.startswith(_PREFIX):
        return None
    body, proxy = cast("list[Json]", route["handle"])
    hosts = tuple(cast("list[str]", route["match"][0]["host"]))
    return identifier.removeprefix(_PREFIX), hosts, str(proxy["upstreams"][0]["dial"]), int(body["max_size"])


def _route(identifier: str, hosts: list[str], upstream: str, max_bytes: int = DEFAULT_MAX_REQUEST_BYTES) -> Json:
    proxy = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": upstream}],
        # A changed route is a new configuration; open web sockets of the others live on meanwhile.
        "stream_close_delay": "5m",
        # An upstream that restarts is waited for a moment before the visitor hears of it.
        "load_balancing": {"try_duration": "3s", "try_interval": "100ms"},
        "flush_interval": -1,
    }
    return {
        "@id": identifier,
        "match": [{"host": hosts}],
        "handle": [{"handler": "request_body", "max_size": max_bytes}, proxy],
        "terminal": True,
    }


def _refusals() -> list[Json]:
    """Answer errors of the request itself with their own status and no page."""
    return [
        {
            "match": [{"expression": "{http.error.status_code} < 500"}],
            "handle": [{"handler": "static_response", "status_code": "{http.error.status_code}"}],
            "terminal": True,
        }
    ]


def _pages(name: str, status: int) -> list[Json]:
    """Return two routes: the page for browsers, and the same in JSON for all others."""
    html = (_PAGES / f"{name}.html").read_text()
    problem = (_PAGES / f"{name}.json").read_text()
    return [
        _static(html, status, "text/html; charset=utf-8") | {"match": [_ACCEPTS_HTML]},
        _static(problem, status, "application/problem+json"),
    ]


def _static(body: str, status: int, media_type: str) -> Json:
    headers = {"Content-Type": [media_type], "Cache-Control": ["no-store"], "Retry-After": ["5"]}
    handler = {"handler": "static_response", "status_code": status, "headers": headers, "body": body}
    return {"handle": [handler], "terminal": True}


def _logs(access_log: Path) -> Json:
    file = {"output": "file", "filename": str(access_log), "roll_size_mb": 10, "roll_keep": 3, "mode": "0600"}
    return {
        "default": {"level": "WARN", "exclude": ["http.log.access"]},
        "access": {"writer": file, "include": ["http.log.access"], "encoder": _encoder()},
    }


def _encoder() -> Json:
    """Keep secrets that travel in an address out of the log (those in headers Caddy hides by itself)."""
    hidden = [{"type": "replace", "parameter": name, "value": "hidden"} for name in ("key", "access_token", "token")]
    return {
        "format": "filter",
        "wrap": {"format": "json"},
        "fields": {"request>uri": {"filter": "query", "actions": hidden}},
    }
