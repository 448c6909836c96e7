"""Which of several operators acts: the holder of a Lease. The others have everything loaded and wait.

A holder that cannot renew in time stops acting before anybody else may begin, by its own clock that only goes forward;
what the clocks of the machines say is not compared. Whoever ends in order gives the Lease back.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import failures, kinds, parts

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long a Lease lasts.

    Attributes:
        duration: a standby takes over when nothing was renewed for so long.
        margin: a holder stops so long before.
        period: time between two renewals, and between two looks of a standby.
    """

    duration: timedelta = timedelta(seconds=20)
    margin: timedelta = timedelta(seconds=5)
    period: timedelta = timedelta(seconds=3)


class Election:
    """Takes part in the election for one Lease."""

    def __init__(
        self,
        client: clients.Client,
        *,
        name: str,
        namespace: str,
        identity: str,
        clock: clocks.Clock,
        terms: Terms = Terms(),
    ) -> None:
        """Take which Lease, and who we are."""
        self._client = client
        self._name = name
        self._namespace = namespace
        self._identity = identity
        self._clock = clock
        self._terms = terms
        self._seen: tuple[str, float] = ("", 0.0)
        """What the Lease said last that was new, and when that was."""
        self._is_anothers = False

    async def lead(self, act: Callable[[], Awaitable[None]]) -> None:
        """Wait until the Lease is ours, act until it is lost, and so on, until cancelled.

        Args:
            act: acts until it is cancelled.
        """
        while True:
            renewed = await self._wait_for_it()
            log.info("leads", identity=self._identity)
            acting = asyncio.ensure_future(act())
            try:
                await self._keep(renewed, acting)
            finally:
                acting.cancel()
                await asyncio.wait({acting})
                await self._give_back()
            if not acting.cancelled():
                acting.result()
            log.warning("leads no more", identity=self._identity)

    async def _wait_for_it(self) -> float:
        while True:
            if (renewed := await self._take()) is not None:
                return renewed
            await asyncio.sleep(self._terms.period.total_seconds())

    async def _keep(self, renewed: float, acting: asyncio.Future[None]) -> None:
        time = asyncio.get_running_loop().time
        allowed = (self._terms.duration - self._terms.margin).total_seconds()
        while time() - renewed < allowed and not acting.done() and not self._is_anothers:
            await asyncio.wait({acting}, timeout=self._terms.period.total_seconds())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(renewed + allowed - time(), 0.0)):
                    renewed = await self._take() or renewed

    async def _take(self) -> float | None:
        """Take or renew the Lease; return when that was begun, None where it belongs to somebody else."""
        begun = asyncio.get_running_loop().time()
        try:
            lease = await self._client.get(kinds.LEASE, self._name, self._namespace)
        except failures.MissingError:
            return begun if await self._tried(self._create()) else None
        except errors.TenantryError as error:
            log.warning("lease not read", code=error.code)
            return None
        self._is_anothers = not self._is_free(lease, begun)
        if self._is_anothers:
            return None
        return begun if await self._tried(self._renew(lease)) else None

    def _is_free(self, lease: kinds.Object, now: float) -> bool:
        spec = parts.mapping(lease, "spec")
        if spec.get("holderIdentity") in (None, "", self._identity):
            return True
        said = str(lease["metadata"]["resourceVersion"])
        if said != self._seen[0]:
            self._seen = said, now
        return now - self._seen[1] >= self._terms.duration.total_seconds()

    async def _create(self) -> None:
        self._is_anothers = False
        metadata = {"name": self._name, "namespace": self._namespace}
        head = {"apiVersion": kinds.LEASE.api_version, "kind": kinds.LEASE.kind, "metadata": metadata}
        await self._client.create(kinds.LEASE, {**head, "spec": self._spec(0)})

    async def _renew(self, lease: kinds.Object) -> None:
        spec = parts.mapping(lease, "spec")
        is_ours = spec.get("holderIdentity") == self._identity
        wanted = self._spec(spec.get("leaseTransitions", 0) + (0 if is_ours else 1))
        if is_ours:
            del wanted["acquireTime"]
        await self._patch(lease["metadata"]["resourceVersion"], wanted)

    async def _give_back(self) -> None:
        try:
            lease = await self._client.get(kinds.LEASE, self._name, self._namespace)
            if parts.mapping(lease, "spec").get("holderIdentity") == self._identity:
                await self._patch(lease["metadata"]["resourceVersion"], {"holderIdentity": None})
        except errors.TenantryError as error:
            log.warning("lease not given back", code=error.code)

    async def _patch(self, version: str, spec: dict[str, Any]) -> None:
        changes = {"metadata": {"resourceVersion": version}, "spec": spec}
        await self._client.patch(kinds.LEASE, self._name, self._namespace, changes)

    def _spec(self, transitions: int) -> dict[str, Any]:
        now = self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(self._terms.duration.total_seconds()),
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

    async def _tried(self, attempt: Awaitable[None]) -> bool:
        try:
            await attempt
        except errors.TenantryError as error:
            log.info("lease not taken", code=error.code)
            return False
        return True
