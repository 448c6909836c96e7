"""Keeps what is known of one kind of object true: lists once, then watches, and loses nothing when a watch breaks.

A watch that ends goes on where it stopped, and one that is cut does so after a while. Where the API server has
forgotten that moment, everything is listed again and compared, so that what changed or vanished meanwhile is noticed.
Only what the projection keeps stays in memory.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Generic, TypeVar

import structlog

from tenantry.engine import backoff
from tenantry.kernel import errors
from tenantry.kernel import randomness as randoms
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import failures, kinds
from tenantry.operator.controller import cache as caches
from tenantry.operator.controller import keys

log = structlog.get_logger()

T = TypeVar("T", bound=caches.Kept)

RETRIES = backoff.Backoff(first=timedelta(milliseconds=200), factor=2.0, ceiling=timedelta(seconds=10))

_SHORTEST_WATCH = 240
_LONGEST_WATCH = 480
"""Seconds; chosen anew each time, so that many watches do not end together."""


class Informer(Generic[T]):
    """The eyes for one kind of object."""

    def __init__(
        self,
        client: clients.Client,
        kind: kinds.Kind,
        *,
        project: Callable[[kinds.Object], T],
        noticed: Callable[[T | None, T | None], None],
        randomness: randoms.Randomness,
        labels: str = "",
    ) -> None:
        """Take what to look at.

        Args:
            client: how to ask.
            kind: what to look at, in all namespaces.
            project: what is kept of an object.
            noticed: called with what was known and what is known now; None is absent. It must not raise.
            randomness: for jitter.
            labels: only objects with these labels.
        """
        self.kind = kind
        self.cache: caches.Cache[T] = caches.Cache()
        self.synced = asyncio.Event()
        self._client = client
        self._project = project
        self._noticed = noticed
        self._randomness = randomness
        self._labels = labels
        self._troubles = 0
        self._from: str | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                if self._from is None:
                    self._from = await self._list()
                    self.synced.set()
                await self._watch(self._from)
                self._troubles = 0
            except failures.ExpiredError:
                self._from = None
                await self._rest("the past is forgotten")
            except errors.TenantryError as error:
                await self._rest(error.code)

    def go_on_from(self, moment: str) -> None:
        """Watch from a moment that is known from elsewhere, instead of from where it stopped."""
        self._from = moment

    def answered(self, item: kinds.Object) -> T:
        """Take note of an object that the API server answered a change of our own with."""
        projected = self._project(item)
        self.cache.answered(projected)
        return projected

    async def _list(self) -> str:
        present: set[keys.Key] = set()
        moment = "0"
        async with aclosing(self._client.pages(self.kind, labels=self._labels)) as pages:
            async for page in pages:
                for item in page.items:
                    self._heard(item)
                    present.add(_key(item))
                moment = page.resource_version
                await asyncio.sleep(0)
        for gone in self.cache.listed(present, int(moment)):
            self._noticed(gone, None)
        return moment

    async def _watch(self, moment: str) -> None:
        longest = _SHORTEST_WATCH + self._randomness.below(_LONGEST_WATCH - _SHORTEST_WATCH)
        watch = self._client.watch(self.kind, resource_version=moment, longest=longest, labels=self._labels)
        async with aclosing(watch) as tellings:
            async for told in tellings:
                self._take(told)
                self._troubles = 0
                self._from = str(told.item["metadata"]["resourceVersion"])

    def _take(self, told: clients.Told) -> None:
        version = int(told.item["metadata"]["resourceVersion"])
        match told.change:
            case clients.Change.BOOKMARK:
                self.cache.passed(version)
            case clients.Change.DELETED:
                gone = self.cache.ended(_key(told.item), version)
                if gone is not None:
                    self._noticed(gone, None)
            case clients.Change.ADDED | clients.Change.MODIFIED:
                self._heard(told.item)

    def _heard(self, item: kinds.Object) -> None:
        before = self.cache.get(_key(item))
        version = int(item["metadata"]["resourceVersion"])
        if before is not None and before.version == version:
            self.cache.passed(version)  # it was the answer to a change of our own
            return
        projected = self._project(item)
        if self.cache.heard(projected):
            self._noticed(before, projected)

    async def _rest(self, why: str) -> None:
        self._troubles += 1
        delay = RETRIES.delay(self._troubles, self._randomness)
        log.info("watch begins again", kind=self.kind.kind, why=why, seconds=delay.total_seconds())
        await asyncio.sleep(delay.total_seconds())


def _key(item: kinds.Object) -> keys.Key:
    about = item["metadata"]
    return keys.Key(about.get("namespace", ""), about["name"])
