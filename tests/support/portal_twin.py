"""A provisioner in memory (`portal.ports.Provisioner`) that keeps the contract of the real one and runs nothing.

It takes orders once per key, moves installations through the same states and conditions, and tells events in order.
`tests/contract/portal` runs one suite against it and against the provisioner's API.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import Any

from support import portal_twin_state as state
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors, ids, names
from tenantry.portal import ports
from tenantry.wire import applications, infrastructure, installations
from tenantry.wire import events as wire_events


class NameTakenError(errors.ConflictError):
    """This name is taken. Choose another."""

    code = "name-taken"


class ApplicationUnknownError(errors.NotFoundError):
    """There is no such application."""

    code = "application-not-found"


class MemoryProvisioner:
    """Keeps the contract of the provisioner, and nothing else.

    Attributes:
        trouble: what every call raises, and what every stream ends with, as long as it is set.
        answers_lost: how many more orders are carried out without the caller hearing of it.
        calls: how often an order was really carried out, by key.
    """

    def __init__(
        self,
        sold: Sequence[applications.Application],
        *,
        clock: clocks.Clock,
        identifiers: ids.Identifiers,
        address: str = "http://{name}.localhost:8080",
    ) -> None:
        """Take what is sold, and the form of addresses."""
        self._sold = {application.name: application for application in sold}
        self._clock = clock
        self._identifiers = identifiers
        self._address = address
        self._installations: dict[str, installations.Installation] = {}
        self._answers: dict[str, str] = {}
        self._events: list[wire_events.Event] = []
        self._happened = asyncio.Condition()
        self.trouble: errors.TenantryError | None = None
        self.answers_lost = 0
        self.calls: dict[str, int] = {}

    async def applications(self) -> list[applications.Application]:
        self._check()
        return list(self._sold.values())

    async def name_availability(self, name: str) -> installations.NameAvailability:
        self._check()
        try:
            names.check(name)
        except errors.CustomerMustActError as error:
            return installations.NameAvailability(name=name, is_available=False, reason=error.message)
        if self._is_taken(name):
            return installations.NameAvailability(name=name, is_available=False, reason=f"The name “{name}” is taken.")
        return installations.NameAvailability(name=name, is_available=True, url=self._address.format(name=name))

    async def create(self, request: installations.CreateInstallation, *, key: str) -> installations.Installation:
        self._check()
        if key in self._answers:
            return self._installations[self._answers[key]]
        sold = self._sold.get(request.application)
        if sold is None:
            raise ApplicationUnknownError
        names.check(request.name)
        wanted = state.checked(sold, {"size": request.size, "settings": request.settings})
        if self._is_taken(request.name):
            raise NameTakenError(field="name")
        made = state.created(
            request.model_copy(update=wanted),
            identifier=self._identifiers.new("ins"),
            url=self._address.format(name=request.name),
            version=sold.default_version,
            now=self._clock.now(),
        )
        self._answers[key] = made.id
        self.calls[key] = self.calls.get(key, 0) + 1
        await self._tell(made, "installation.created", f"{made.name} was ordered.")
        self._lose_answer()
        return made

    async def change(
        self, installation_id: str, action: str, *, key: str, details: dict[str, Any]
    ) -> installations.Installation:
        self._check()
        current = self.installation(installation_id)
        if key in self._answers:
            return current
        wanted = state.checked(self._sold[current.application], details)
        changed = state.begun(current, state.ACTIONS[action], wanted, self._clock.now())
        self._answers[key] = installation_id
        self.calls[key] = self.calls.get(key, 0) + 1
        if changed is not None:
            await self._tell(changed, "installation.changed", f"{action.capitalize()} of {changed.name} began.")
        self._lose_answer()
        return changed or current

    async def credentials(self, installation_id: str) -> installations.InstallationCredentials:
        self._check()
        found = self.installation(installation_id)
        return installations.InstallationCredentials(
            url=found.url,
            username="admin",
            password=f"first-{installation_id[-8:]}",
            note="Change the password after signing in.",
        )

    async def events(self, after: int) -> AsyncGenerator[wire_events.Event, None]:
        cursor = after
        while True:
            async with self._happened:
                await self._happened.wait_for(lambda seen=cursor: self.trouble is not None or len(self._events) > seen)
                self._check()
                batch = self._events[cursor:]
            for event in batch:
                yield event
                cursor = event.sequence

    def installation(self, identifier: str) -> installations.Installation:
        """Return an installation as it is now."""
        found = self._installations.get(identifier)
        if found is None:
            raise errors.NotFoundError
        return found

    def log(self) -> list[wire_events.Event]:
        """Return every event."""
        return list(self._events)

    def all(self) -> list[installations.Installation]:
        """Return every installation."""
        return list(self._installations.values())

    async def step(self, identifier: str) -> bool:
        """Move an installation one step; False where it has arrived."""
        current, now = self.installation(identifier), self._clock.now()
        moved = state.done(current, now) or state.first_start(current, now)
        if moved is None:
            return False
        await self._tell(moved, "installation.changed", f"{moved.name} is {moved.status.value}.")
        return True

    async def break_down(
        self, identifier: str, *, status: installations.Status, message: str, reason: str = "Twin"
    ) -> None:
        """Let an installation fail, as the real one would tell it."""
        update = {"status": status, "message": message, "reason": reason, "updated_at": self._clock.now()}
        await self._tell(self.installation(identifier).model_copy(update=update), "installation.changed", message)

    async def tell_of_cluster(self, status: infrastructure.Status) -> None:
        """Tell that the cluster of all installations is reached, or is not any more."""
        told = wire_events.ClusterState(name=state.CLUSTER, status=status, reason="Twin")
        await self._tell_event("cluster.changed", "cluster", state.CLUSTER, {"cluster": told.model_dump(mode="json")})

    async def tell_of_deregistration(self) -> None:
        """Tell that the cluster is deregistered."""
        await self._tell_event("cluster.deregistered", "cluster", state.CLUSTER, {"name": state.CLUSTER})

    def hold(self, identifier: str, status: installations.Status) -> None:
        """Let an installation be in a status of which no event has told yet: the vendor's own work on it."""
        current = self.installation(identifier)
        self._installations[identifier] = current.model_copy(update={"status": status})

    async def tell_nonsense(self) -> None:
        """Tell an event that no portal of this version can read, as a much newer provisioner might."""
        data = {"installation": {"status": "levitating"}}
        await self._tell_event("installation.changed", "installation", "ins-new", data)

    def forget_nonsense(self) -> None:
        """Let the newest event have never happened."""
        self._events.pop()

    async def work(self, pace: timedelta) -> None:
        """Move every installation on, a step at a time, until cancelled."""
        while True:
            for identifier in list(self._installations):
                await self.step(identifier)
            await asyncio.sleep(pace.total_seconds())

    async def go_away(self, trouble: errors.TenantryError | None = None) -> None:
        """Fail all calls and end all streams from now on: nobody answers, or they answer with the given error."""
        self.trouble = trouble or ports.AwayError()
        async with self._happened:
            self._happened.notify_all()

    def come_back(self) -> None:
        """Answer again."""
        self.trouble = None

    async def _tell(self, installation: installations.Installation, kind: str, summary: str) -> None:
        self._installations[installation.id] = installation
        data = {"installation": installation.model_dump(mode="json")}
        await self._tell_event(kind, "installation", installation.id, data, summary)

    async def _tell_event(
        self, kind: str, subject_kind: str, subject_id: str, data: dict[str, Any], summary: str = "Something happened."
    ) -> None:
        async with self._happened:
            self._events.append(
                wire_events.Event(
                    sequence=len(self._events) + 1,
                    type=kind,
                    subject_kind=subject_kind,
                    subject_id=subject_id,
                    at=self._clock.now(),
                    actor="twin",
                    summary=summary,
                    data=data,
                )
            )
            self._happened.notify_all()

    def _lose_answer(self) -> None:
        if self.answers_lost:
            self.answers_lost -= 1
            raise ports.AwayError

    def _is_taken(self, name: str) -> bool:
        gone = installations.Status.DELETED
        return any(item.name == name and item.status is not gone for item in self._installations.values())

    def _check(self) -> None:
        if self.trouble is not None:
            raise self.trouble
