"""The front door of this machine as the agent's port."""

from collections.abc import Mapping

from tenantry.local import frontdoor
from tenantry.local.agent import model


class MachineFrontDoor:
    """Puts routes of installations into Caddy."""

    def __init__(self, door: frontdoor.Frontdoor) -> None:
        """Take Caddy's admin interface."""
        self._door = door

    async def put_route(self, name: str, route: model.Route) -> None:
        await self._door.put_route(name, route.hosts, route.upstream, max_request_bytes=route.max_request_bytes)

    async def delete_route(self, name: str) -> None:
        await self._door.delete_route(name)

    async def list_routes(self) -> Mapping[str, model.Route]:
        found = await self._door.list_routes()
        return {
            name: model.Route(
                hosts=tuple(route.hosts), upstream=route.upstream, max_request_bytes=route.max_request_bytes or 0
            )
            for name, route in found.items()
        }
