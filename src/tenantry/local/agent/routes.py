"""The routes of installations: what the front door has, remembered between looks, so that a plan need not ask."""

from collections.abc import Mapping

from tenantry.kernel import errors
from tenantry.local.agent import model, ports


class Routes:
    """The front door's routes as they were last seen or set."""

    def __init__(self, front_door: ports.FrontDoor) -> None:
        """Take the front door."""
        self._front_door = front_door
        self._known: dict[str, model.Route] = {}

    @property
    def known(self) -> Mapping[str, model.Route]:
        """Routes by installation."""
        return self._known

    def get(self, name: str) -> model.Route | None:
        """Return the route of an installation."""
        return self._known.get(name)

    async def look(self) -> set[str]:
        """Ask the front door; returns whose route is not as it was."""
        found = dict(await self._front_door.list_routes())
        changed = {name for name in found.keys() | self._known.keys() if found.get(name) != self._known.get(name)}
        self._known = found
        return changed

    async def put(self, name: str, route: model.Route) -> None:
        """Send visitors there."""
        # Noted first: a call that is cut off may have been carried out, and must then be taken back.
        self._known[name] = route
        try:
            await self._front_door.put_route(name, route)
        except errors.TenantryError:
            self._known.pop(name, None)
            raise

    async def delete(self, name: str) -> None:
        """Send visitors nowhere."""
        await self._front_door.delete_route(name)
        self._known.pop(name, None)
