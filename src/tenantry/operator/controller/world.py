"""All that is known of a cluster: one informer for each kind, and what changes mean for whom.

A change of an object makes its installation due; a change of an application makes all of its installations due. What
the operator itself writes makes nothing due.
"""

import asyncio
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tenantry.kernel import clock as clocks
from tenantry.kernel import randomness as randoms
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import kinds
from tenantry.operator.controller import cache as caches
from tenantry.operator.controller import informer as informers
from tenantry.operator.controller import installations, keys, model, ownership, queue, seen, table
from tenantry.operator.render import objects
from tenantry.runtime import document

HANDED_OVER = "tenantry.dev/handed-over"
"""Label of the Secrets that an installation refers to, so that a change of them is noticed at once."""

_OURS = f"{objects.INSTALLATION}"
_JITTER = timedelta(seconds=10)

Wake = Callable[..., None]
"""Makes an installation due: key, and `group`, `priority`, `due` as the queue has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """The part of the namespaces that one operator cares for."""

    index: int = 0
    count: int = 1

    def has(self, namespace: str) -> bool:
        """Tell whether a namespace is of this part."""
        return zlib.crc32(namespace.encode()) % self.count == self.index


WHOLE = Shard()
"""All namespaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wakes:
    """Who is told that something has changed.

    Attributes:
        installation: makes an installation due.
        application: makes an application due.
    """

    installation: Wake
    application: Callable[[keys.Key], None]


class World:
    """What is known of a cluster."""

    def __init__(
        self,
        client: clients.Client,
        *,
        wakes: Wakes,
        clock: clocks.Clock,
        randomness: randoms.Randomness,
        offers: Iterable[kinds.Kind] = (),
        shard: Shard = WHOLE,
    ) -> None:
        """Take how to ask, and whom to tell.

        Args:
            client: how to ask.
            wakes: whom to tell.
            clock: for the jitter of routine looks.
            randomness: likewise.
            offers: the optional kinds that the cluster has.
            shard: which namespaces are cared for.
        """
        self._client = client
        self._wake = wakes.installation
        self._wake_application = wakes.application
        self._clock = clock
        self._randomness = randomness
        self._shard = shard
        self._tolerated: dict[keys.Key, dict[model.Name, str]] = {}
        self._users: dict[keys.Key, set[keys.Key]] = {}
        self.installations = self._informer(kinds.INSTALLATION, installations.installation, self._installation)
        self.applications = self._informer(kinds.APPLICATION, installations.application, self._application)
        self.secrets = self._informer(kinds.SECRET, installations.secret, self._secret, labels=f"{HANDED_OVER}=true")
        watched = table.watched(offers)
        self.recalls = {kind.kind: ownership.Recall() for kind in watched}
        """How much work it was, for each kind, to tell what still stands of what was applied."""
        self.made: Mapping[str, informers.Informer[seen.Seen]] = {
            kind.kind: self._informer(kind, seen.projection(kind, self.recalls[kind.kind]), self._object, labels=_OURS)
            for kind in watched
        }

    def _informer(self, kind: kinds.Kind, project: Any, noticed: Any, *, labels: str = "") -> informers.Informer[Any]:
        return informers.Informer(
            self._client, kind, project=project, noticed=noticed, randomness=self._randomness, labels=labels
        )

    async def run(self) -> None:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as group:
            for each in self._informers():
                group.create_task(each.run())

    async def synced(self) -> None:
        """Wait until everything is known."""
        for each in self._informers():
            await each.synced.wait()

    def is_synced(self) -> bool:
        """Tell whether everything is known."""
        return all(each.synced.is_set() for each in self._informers())

    def objects_of(self, key: keys.Key) -> dict[model.Name, seen.Seen]:
        """Return the objects of an installation, jobs among them."""
        found = caches.in_all((informer.cache for informer in self.made.values()), key)
        return {model.Name(each.kind, each.key.name): each for each in seen.scaled(found)}

    def tolerated(self, key: keys.Key) -> Mapping[model.Name, str]:
        """Return the digests that the API server makes of what we apply, where it writes values differently."""
        return self._tolerated.get(key, {})

    def applied(self, key: keys.Key, answer: kinds.Object) -> None:
        """Take note of the answer to an apply: it is as wanted, however the API server writes it."""
        known = self.made[answer["kind"]].answered(answer)
        name = model.Name(known.kind, known.key.name)
        if known.found == known.digest:
            self._tolerated.get(key, {}).pop(name, None)
        else:
            self._tolerated.setdefault(key, {})[name] = known.found

    def remembered(self, key: keys.Key, tolerated: Mapping[model.Name, str]) -> None:
        """Take what an earlier life knew of how the API server writes an installation's objects, unless we know."""
        self._tolerated.setdefault(key, dict(tolerated))

    def created(self, answer: kinds.Object) -> None:
        """Take note of an object that was created, or of which a part was changed."""
        self.made[answer["kind"]].answered(answer)

    def removing(self, known: seen.Seen) -> None:
        """Take note that the removal of an object was asked for."""
        self.made[known.kind].cache.replaced(replace(known, is_ending=True))

    def uses(self, secret: keys.Key, user: keys.Key) -> None:
        """An installation is rendered from a Secret."""
        self._users.setdefault(secret, set()).add(user)

    def forget(self, key: keys.Key) -> None:
        """An installation is gone."""
        self._tolerated.pop(key, None)

    def _informers(self) -> list[informers.Informer[Any]]:
        return [self.installations, self.applications, self.secrets, *self.made.values()]

    def _installation(
        self, before: installations.InstallationSeen | None, after: installations.InstallationSeen | None
    ) -> None:
        known = after or before
        if known is None or not self._shard.has(known.key.namespace):
            return
        if after is None:
            self._wake(known.key, group=known.application)
        elif after.is_changed_by_somebody(before) and self.installations.synced.is_set():
            self._wake(after.key, group=after.application, priority=queue.Priority.PERSON)

    def begin(self, each: installations.InstallationSeen) -> None:
        """Look at an installation for the first time: soon, and at once where it is not at rest."""
        if not self._shard.has(each.key.namespace):
            return
        if _is_at_rest(each):
            self._wake(each.key, group=each.application, priority=queue.Priority.RESYNC, due=self._later())
        else:
            self._wake(each.key, group=each.application)

    def _application(
        self, before: installations.ApplicationSeen | None, after: installations.ApplicationSeen | None
    ) -> None:
        if before is not None and after is not None and before.digest == after.digest:
            return
        known = after or before
        if after is not None:
            self._wake_application(after.key)
        for each in self.installations.cache.all():
            if known is not None and each.application == known.key.name and self._shard.has(each.key.namespace):
                self._wake(each.key, group=each.application, priority=queue.Priority.RESYNC)

    def _secret(self, before: installations.SecretSeen | None, after: installations.SecretSeen | None) -> None:
        known = after or before
        for user in self._users.get(known.key, ()) if known is not None else ():
            self._wake(user)

    def _object(self, before: seen.Seen | None, after: seen.Seen | None) -> None:
        is_listed = not self.installations.synced.is_set()
        for owner in {each.owner for each in (before, after) if each is not None and each.owner is not None}:
            if not is_listed and self._shard.has(owner.namespace) and self.installations.cache.get(owner) is not None:
                self._wake(owner)
        if after is None and before is not None and isinstance(before.about, seen.Supply) and not is_listed:
            self._released(before.key.namespace)

    def _released(self, namespace: str) -> None:
        """What one installation had taken into use, another of its namespace may be waiting for."""
        for each in self.installations.cache.all():
            if each.key.namespace == namespace and self._shard.has(namespace):
                self._wake(each.key, group=each.application)

    def _later(self) -> datetime:
        return self._clock.now() + _JITTER * self._randomness.fraction()


def _is_at_rest(known: installations.InstallationSeen) -> bool:
    is_resting = f'"phase":"{document.Phase.READY}"'.encode() in known.content
    is_asleep = f'"phase":"{document.Phase.ASLEEP}"'.encode() in known.content
    is_observed = f'"observedGeneration":{known.generation}'.encode() in known.content
    return (is_resting or is_asleep) and is_observed and not known.is_deleting
