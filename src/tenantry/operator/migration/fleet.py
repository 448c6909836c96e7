"""Brings many objects over or back: so many at once, each until it is there or is left with a reason."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from tenantry.application import manifest
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import documents, failures, kinds
from tenantry.operator.controller import keys
from tenantry.operator.migration import case as cases
from tenantry.operator.migration import effects, fitness, model, observation, plan, step
from tenantry.operator.migration import mapping as mappings
from tenantry.operator.render import facts as fact

_AGAIN = (errors.TemporaryError, failures.OutdatedError, failures.ExistsError, failures.MissingError)
"""What another look may mend: waiting, or an object that changed, came or went meanwhile."""
_NEVER = (failures.NotAllowedError, failures.CredentialsRefusedError)
"""What somebody else has to mend."""


_ASKED_ALONE = 10
"""So many times what tells is asked alone, before everything is read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is done at once, and how long one object is waited for.

    Attributes:
        at_once: objects that are on their way at the same time, those that wait for others included.
        patience: how long one may be on its way before it is left as it is; it can be gone on with later.
        pause: between two looks at an object that waits.
    """

    at_once: int = 10
    patience: timedelta = timedelta(minutes=10)
    pause: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which objects.

    Attributes:
        namespace: None means all namespaces.
        labels: a label selector, in addition to the flag.
    """

    namespace: str | None = None
    labels: str = ""


class State(StrEnum):
    """What became of an object."""

    DUE = "due"
    """It would be done (in a preview), or has just been done and more is to come."""
    THERE = "there"
    """It is where its flag wants it."""
    LEFT = "left"
    """It could not be brought there; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line about an object."""

    key: keys.Key
    state: State
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """An object, as one look sees it; without a way nobody asks for anything."""

    case: cases.Case
    way: model.Way | None
    observed: model.Observed


class Fleet:
    """The objects of one former kind."""

    def __init__(
        self,
        client: clients.Client,
        mapping: mappings.Migration,
        facts: fact.Facts,
        *,
        clock: clocks.Clock,
        bounds: Bounds,
        tell: Callable[[Told], None],
    ) -> None:
        """Take how to ask, the mapping, what the cluster offers, and who is told."""
        self._client = client
        self._mapping = mapping
        self._clock = clock
        self._bounds = bounds
        self._tell = tell
        self._observer = observation.Observer(client)
        self._fitness = fitness.Fitness(client, facts)
        self._hands = effects.Effects(client)
        self._applications: dict[str, manifest.Application] = {}

    async def bring(self, selection: Selection) -> Counter[State]:
        """Bring every object to where its flag wants it; return how many came to what."""
        return await self._all(selection, self._bring)

    async def preview(self, selection: Selection) -> Counter[State]:
        """Tell what would be done; nothing is written."""
        return await self._all(selection, self._foretell)

    async def _all(self, selection: Selection, care: Callable[[keys.Key], Awaitable[Told]]) -> Counter[State]:
        counted: Counter[State] = Counter()
        room = asyncio.Semaphore(self._bounds.at_once)

        async def one(key: keys.Key) -> None:
            async with room:
                told = await care(key)
            self._tell(told)
            counted[told.state] += 1

        asked = await self._asked_for(selection)
        async with asyncio.TaskGroup() as group:
            for each in asked:
                group.create_task(one(each))
        return counted

    async def _asked_for(self, selection: Selection) -> list[keys.Key]:
        labels = ",".join(filter(None, (f"{model.MIGRATE} in ({','.join(model.Way)})", selection.labels)))
        pages = self._client.pages(self._mapping.kind, namespace=selection.namespace, labels=labels)
        # Read to the end first: bringing many over takes longer than the API server remembers a list.
        return [
            keys.Key(each["metadata"]["namespace"], each["metadata"]["name"]) for each in await clients.objects(pages)
        ]

    async def _bring(self, key: keys.Key) -> Told:
        deadline = self._clock.now() + self._bounds.patience
        while True:
            look: _Look | None = None
            try:
                look, last = await self._once(key)
            except _NEVER as error:
                return _left(key, step.Leave(reason=errors.reason(error), message=_whole(error)))
            except _AGAIN as error:
                last = step.Wait(reason=errors.reason(error), message=error.message)
            except errors.TenantryError as error:
                return _left(key, step.Leave(reason=errors.reason(error), message=_whole(error)))
            if last is None:
                return Told(key=key, state=State.THERE, message="Is where it was to go.")
            if isinstance(last, step.Leave) or (isinstance(last, step.Wait) and self._clock.now() >= deadline):
                return _left(key, last)
            if isinstance(last, step.Wait):
                await self._wait(look if last.is_told else None)

    async def _once(self, key: keys.Key) -> tuple[_Look, step.Step | None]:
        """Do what is due; return the last of it, or None where nothing is due."""
        look = await self._look(key)
        last: step.Step | None = None
        for last in () if look.way is None else plan.together(look.observed, look.way):
            if not isinstance(last, step.Wait | step.Leave):
                await self._hands.take(look.case, last, look.observed)
                self._tell(Told(key=key, state=State.DUE, message=step.told(last)))
        return look, last

    async def _wait(self, look: _Look | None) -> None:
        """Let some time pass; where the objects themselves tell, only they are asked for a while."""
        for _ in range(1 if look is None else _ASKED_ALONE):
            await asyncio.sleep(self._bounds.pause.total_seconds())
            if look is None or await self._has_changed(look):
                return

    async def _has_changed(self, look: _Look) -> bool:
        """Tell whether the former object or the Installation is another than it was."""
        case, successor = look.case, look.observed.successor
        former = await self._observer.found(self._mapping.kind, case.name, case.namespace)
        ours = await self._observer.found(kinds.INSTALLATION, case.wanted.metadata.name, case.namespace)
        after = [None if each is None else each["metadata"]["resourceVersion"] for each in (former, ours)]
        return after != [case.item["metadata"]["resourceVersion"], None if successor is None else successor.version]

    async def _look(self, key: keys.Key) -> _Look:
        try:
            item = await self._client.get(self._mapping.kind, key.name, key.namespace)
        except failures.MissingError as error:
            raise fitness.UnfitError("former-object-missing", "It was deleted meanwhile.") from error
        filled = mappings.fill(self._mapping, item)
        application = await self._application(filled.installation.spec.application)
        case = cases.Case(item=item, mapping=self._mapping, filled=filled, application=application)
        way = cases.way(item)
        observed = await self._observer.observe(case, way)
        if way is model.Way.OVER and observed.successor is None and not observed.former.is_touched:
            await self._fitness.check(case)
        return _Look(case=case, way=way, observed=observed)

    async def _application(self, name: str) -> manifest.Application:
        if name not in self._applications:
            try:
                given = await self._client.get(kinds.APPLICATION, name)
            except failures.MissingError as error:
                message = f"There is no application “{name}” in this cluster."
                raise fitness.UnfitError("application-missing", message) from error
            self._applications[name] = documents.application(given)
        return self._applications[name]

    async def _foretell(self, key: keys.Key) -> Told:
        try:
            look = await self._look(key)
        except errors.TenantryError as error:
            return _left(key, step.Leave(reason=errors.reason(error), message=_whole(error)))
        due = [] if look.way is None else list(plan.due(look.observed, look.way))
        if due and isinstance(due[0], step.Leave):
            return _left(key, due[0])
        acts = [step.told(each) for each in due if not isinstance(each, step.Wait | step.Leave)]
        if not acts:
            return Told(key=key, state=State.THERE, message="Is where it was to go.")
        return Told(key=key, state=State.DUE, message="; ".join(acts))


def _left(key: keys.Key, why: step.Leave | step.Wait) -> Told:
    return Told(key=key, state=State.LEFT, message=f"{why.reason}: {why.message}")


def _whole(error: errors.TenantryError) -> str:
    return " ".join(filter(None, (error.message, error.advice)))
