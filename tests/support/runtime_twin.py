"""A cluster in memory: the contract of whoever runs installations, with a will that a test decides.

Like a real one it keeps documents by name, ignores older generations, reports every status to those who watch, and
tells a new watch everything first, then the mark. While it is away every call fails, as if nobody answered; while it is
frozen no call ends.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tenantry.application import manifest
from tenantry.kernel import errors
from tenantry.runtime import contract, document

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class AwayError(errors.TemporaryError):
    """The cluster does not answer."""

    code = "agent-away"


_MARK = ""
"""Among the names that a watch is to tell: everything that was there has been told."""


def prepared(version: manifest.Version) -> manifest.VersionStatus:
    """What becomes of a version on a good day."""
    return manifest.VersionStatus(version=version.version, phase=manifest.VersionPhase.PREPARED)


def status(given: document.Installation, phase: document.Phase, **more: Any) -> document.InstallationStatus:
    """A status of the document's generation."""
    return document.InstallationStatus(observed_generation=given.metadata.generation, phase=phase, **more)


def well(given: document.Installation) -> document.InstallationStatus:
    """What becomes of a document on a good day."""
    if given.spec.run_policy is document.RunPolicy.ASLEEP:
        return status(given, document.Phase.ASLEEP)
    return status(given, document.Phase.READY, serving_version=given.spec.version)


ROOMY = document.ClusterFacts(kind="local", version="1", cpu_millis=2000, memory_bytes=1 << 38)
"""What a machine tells of itself that nobody fills."""


@dataclass(kw_only=True)
class World:
    """What is on the cluster; it outlives every provisioner.

    Attributes:
        bundles: documents with their secrets, by name.
        statuses: what is reported of each.
        will: what becomes of a document that is applied; None: nothing yet.
        preparing: what becomes of each version of an application that is applied.
        calls: how often each method was called for which name.
        started: installations that were made, each counted once for a life on the cluster.
        facts: what it tells of itself.
        lingering: a removal that is asked for takes until `vanish`.
        remains: installations of which something is left until their removal is asked for when their document is gone.
        garbled: installations of which nothing is understood that is reported.
        prints: what an installation's program prints, line by line.
        is_cut_before_mark: watches end when everything that is there has been told, just before the mark.
    """

    bundles: dict[str, document.InstallationBundle] = field(default_factory=dict[str, document.InstallationBundle])
    statuses: dict[str, document.InstallationStatus] = field(default_factory=dict[str, document.InstallationStatus])
    applications: dict[str, manifest.Application] = field(default_factory=dict[str, manifest.Application])
    will: Callable[[document.Installation], document.InstallationStatus | None] = field(default=well)
    preparing: Callable[[manifest.Version], manifest.VersionStatus] = field(default=prepared)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    started: Counter[str] = field(default_factory=Counter[str])
    garbled: set[str] = field(default_factory=set[str])
    lingering: bool = False
    remains: set[str] = field(default_factory=set[str])
    is_away: bool = False
    is_cut_before_mark: bool = False
    prints: Callable[[document.InstallationBundle, int], str] = field(default=lambda _, number: f"line {number}")
    thawed: asyncio.Event | None = None
    facts: document.ClusterFacts = field(default=ROOMY)
    watches: set["asyncio.Queue[str | None]"] = field(default_factory=set["asyncio.Queue[str | None]"])

    def report(self, name: str, status: document.InstallationStatus) -> None:
        self.statuses[name] = status
        self.tell(name)

    def tell(self, name: str) -> None:
        for queue in self.watches:
            queue.put_nowait(name)

    def go_away(self) -> None:
        self.is_away = True
        for queue in self.watches:
            queue.put_nowait(None)

    def come_back(self) -> None:
        self.is_away = False

    def freeze(self) -> None:
        """Answer nothing more, and break nothing off either."""
        self.thawed = asyncio.Event()

    def thaw(self) -> None:
        """Go on with everything that waits."""
        if self.thawed is not None:
            self.thawed.set()
            self.thawed = None

    def forget(self, *names: str) -> None:
        """Lose documents without a word to anybody who watches."""
        for name in names or tuple(self.bundles):
            self.bundles.pop(name, None)
            self.statuses.pop(name, None)

    def vanish(self, name: str) -> None:
        """Whatever lingered is gone now."""
        self.bundles.pop(name, None)
        self.statuses.pop(name, None)
        self.tell(name)

    def seen(self, name: str) -> document.Installation | None:
        bundle = self.bundles.get(name)
        if bundle is None:
            return None
        return bundle.installation.model_copy(update={"status": self.statuses.get(name)})


class Twin:
    """One way to the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def _called(self, method: str, name: str = "") -> None:
        self._world.calls[method, name] += 1
        while self._world.thawed is not None:
            await self._world.thawed.wait()
        if self._world.is_away:
            raise AwayError

    async def apply(self, bundle: document.InstallationBundle) -> document.Installation:
        given = bundle.installation
        name = given.metadata.name
        await self._called("apply", name)
        known = self._world.bundles.get(name)
        if known is None:
            self._world.started[name] += 1
        if known is None or known.installation.metadata.generation < given.metadata.generation:
            self._world.bundles[name] = bundle
            status = self._world.will(given)
            if status is not None:
                self._world.report(name, status)
        found = self._world.seen(name)
        assert found is not None
        return found

    async def get(self, name: str) -> document.Installation | None:
        await self._called("get", name)
        return self._world.seen(name)

    async def delete(self, name: str) -> bool:
        await self._called("delete", name)
        if name not in self._world.bundles:
            self._world.remains.discard(name)
        elif not self._world.lingering:
            self._world.vanish(name)
        return name not in self._world.bundles

    async def watch(self) -> AsyncGenerator[contract.Observed]:
        await self._called("watch")
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        for name in self._world.bundles:
            queue.put_nowait(name)
        queue.put_nowait(None if self._world.is_cut_before_mark else _MARK)
        self._world.watches.add(queue)
        try:
            while (name := await queue.get()) is not None:
                yield self._observed(name)
            raise AwayError
        finally:
            self._world.watches.discard(queue)

    def _observed(self, name: str) -> contract.Observed:
        if name == _MARK:
            return contract.Synced()
        if name in self._world.garbled:
            return contract.InstallationNotUnderstood(name=name, problem="status.phase: it is none that is known")
        return contract.InstallationObserved(name=name, installation=self._world.seen(name))

    async def apply_application(self, application: manifest.Application) -> None:
        name = application.metadata.name
        await self._called("apply_application", name)
        versions = [self._world.preparing(each) for each in application.spec.versions]
        status = manifest.ApplicationStatus(observed_generation=application.metadata.generation, versions=versions)
        self._world.applications[name] = application.model_copy(update={"status": status})

    async def get_application(self, name: str) -> manifest.Application | None:
        await self._called("get_application", name)
        return self._world.applications.get(name)

    async def facts(self) -> document.ClusterFacts:
        await self._called("facts")
        return self._world.facts

    async def logs(self, name: str, *, tail: int, follow: bool) -> AsyncGenerator[contract.LogLine]:
        del follow
        await self._called("logs", name)
        for number in range(tail):
            yield contract.LogLine(at=NOON, source="web", text=self._world.prints(self._world.bundles[name], number))

    async def close(self) -> None:
        self._world.calls["close", ""] += 1


def unwell(given: document.Installation, phase: document.Phase, reason: str) -> document.InstallationStatus:
    """What is reported on a bad day."""
    condition = document.Condition(
        type=document.ConditionType.WORKLOADS_READY,
        status=document.ConditionStatus.FALSE,
        reason=reason,
        message=f"web: {reason}.",
        last_transition_time=NOON,
        observed_generation=given.metadata.generation,
    )
    return status(given, phase, conditions=[condition], last_log_lines=["boom"])
