"""The front door of one machine: Caddy, and the one place that changes its routes.

The configuration with the fixed routes is built purely (`frontdoor_configuration.py`). A workspace that is awake has a
route of its own, put and deleted through the admin interface on a unix socket. Caddy keeps what it was told and takes
it up again after a crash; at a new `up` it begins with the fixed routes, and the agent puts the others again.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import aiohttp

from tenantry.kernel import errors
from tenantry.local import frontdoor_configuration as configuration

TIMEOUT = timedelta(seconds=20)
_ROUTES = "config/apps/http/servers/front/routes"
_MISSING = 404


class FrontdoorAwayError(errors.TemporaryError):
    """The front door does not answer."""

    code = "frontdoor-away"


class RouteRefusedError(errors.PermanentError):
    """The front door refused the route."""

    code = "route-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where visitors of some hosts are sent.

    Attributes:
        name: the workspace's name; one route for each.
        hosts: host names without a port.
        upstream: host:port, or unix/ and an absolute path.
        max_request_bytes: larger requests are refused; None: the front door's usual limit.
    """

    name: str
    hosts: tuple[str, ...]
    upstream: str
    max_request_bytes: int | None = None


class Frontdoor:
    """Caddy's admin interface on its unix socket. Every call may be made twice."""

    def __init__(self, socket: Path) -> None:
        """Take the path of the unix socket."""
        self._socket = socket
        self._changing = asyncio.Lock()

    async def put_route(
        self, name: str, hosts: Sequence[str], upstream: str, *, max_request_bytes: int | None = None
    ) -> None:
        """Send visitors of these hosts to the upstream, from the next request on.

        Args:
            name: the workspace's name.
            hosts: host names without a port.
            upstream: host:port, or `unix/` and an absolute path.
            max_request_bytes: larger requests are refused.

        Raises:
            FrontdoorAwayError: Caddy does not answer.
            RouteRefusedError: Caddy refused it, and says why.
        """
        route = Route(name=name, hosts=tuple(hosts), upstream=upstream, max_request_bytes=max_request_bytes)
        wanted = configuration.workspace_route(route.name, route.hosts, route.upstream, route.max_request_bytes)
        path = f"id/{configuration.route_id(name)}"
        async with self._changing, self._session() as session:
            present = await _request(session, "GET", path)
            if present is None:
                # Behind the fixed routes, so that no workspace's host can ever stand before one of ours.
                await _request(session, "PUT", f"{_ROUTES}/{configuration.FIXED_ROUTES}", wanted)
            elif present != wanted:
                await _request(session, "PATCH", path, wanted)

    async def delete_route(self, name: str) -> None:
        """Send visitors of this workspace to the page for what is asleep; nothing happens where there is no route."""
        path = f"id/{configuration.route_id(name)}"
        async with self._changing, self._session() as session:
            if await _request(session, "GET", path) is not None:
                await _request(session, "DELETE", path)

    async def list_routes(self) -> Mapping[str, Route]:
        """Return the routes of workspaces by name."""
        async with self._session() as session:
            found = cast("list[dict[str, Any]]", await _request(session, "GET", _ROUTES) or [])
        named = (configuration.describe(route) for route in found)
        return {
            name: Route(name=name, hosts=hosts, upstream=upstream, max_request_bytes=limit)
            for name, hosts, upstream, limit in filter(None, named)
        }

    async def is_ready(self) -> bool:
        """Tell whether Caddy answers and serves."""
        try:
            async with self._session() as session:
                return await _request(session, "GET", _ROUTES) is not None
        except errors.TenantryError:
            return False

    def _session(self) -> aiohttp.ClientSession:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT.total_seconds())
        return aiohttp.ClientSession(
            "http://localhost/", connector=aiohttp.UnixConnector(path=str(self._socket)), timeout=timeout
        )


async def _request(session: aiohttp.ClientSession, method: str, path: str, body: object = None) -> object:
    """Make a request; returns the answer, None where there is no such thing."""
    data = None if body is None else json.dumps(body)
    try:
        async with session.request(method, path, data=data, headers={"Content-Type": "application/json"}) as response:
            text = await response.text()
            if response.ok:
                return json.loads(text) if text.strip() else {}
            if response.status == _MISSING and method == "GET":
                return None
            raise RouteRefusedError(f"The front door refused a change of routes: {text.strip()[:300]}")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise FrontdoorAwayError(f"The front door does not answer: {error}.") from error
