"""Tells people what the operator did that a status does not show, as the Events that `kubectl describe` lists.

An Event is a call, so there are few: what was repaired, what failed, what was updated or went back; that one is made
costs none. They are written beside the work and never hold it up; when there are too many, the oldest are dropped and
counted.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.kernel import randomness as randoms
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import kinds
from tenantry.operator.controller import cache as caches
from tenantry.operator.controller import installations, keys, measures, model

log = structlog.get_logger()

REPORTER = "tenantry.dev/operator"
_MOST = 1000
_LONGEST = 1000
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to tell.

    Attributes:
        uid: of what it is about; None where that is not known any more.
    """

    about: keys.Key
    uid: str | None
    reason: str
    message: str
    is_warning: bool


class Notices:
    """Writes Events."""

    def __init__(
        self,
        client: clients.Client,
        known: caches.Cache[installations.InstallationSeen],
        *,
        measured: measures.Measures,
        clock: clocks.Clock,
        randomness: randoms.Randomness,
        instance: str,
    ) -> None:
        """Take how to write, which installations there are, who counts, and who writes."""
        self._client = client
        self._known = known
        self._measures = measured
        self._clock = clock
        self._randomness = randomness
        self._instance = instance
        self._due: deque[Notice] = deque(maxlen=_MOST)
        self._added = asyncio.Event()

    def repaired(self, about: keys.Key, names: Iterable[model.Name]) -> None:
        """Objects that somebody had changed or deleted are as wanted again."""
        listed = sorted(f"{each.kind} {each.name}" for each in names)
        more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
        message = f"Changed or deleted by somebody else, and made as wanted again: {', '.join(listed[:_NAMED])}{more}."
        self._add(about, "Repaired", message, is_warning=False)

    def failed(self, about: keys.Key, reason: str, message: str) -> None:
        """A step failed."""
        self._add(about, reason, message, is_warning=True)

    def updated(self, about: keys.Key, before: str, after: str) -> None:
        """Another version serves than before."""
        self._add(about, "Updated", f"Version {after} serves; before, it was {before}.", is_warning=False)

    def returned(self, about: keys.Key, version: str) -> None:
        """The version before an update that failed serves again."""
        self._add(about, "Returned", f"Version {version} serves again.", is_warning=False)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._added.wait()
            self._added.clear()
            while self._due:
                await self._write(self._due.popleft())

    def _add(self, about: keys.Key, reason: str, message: str, *, is_warning: bool) -> None:
        if len(self._due) == _MOST:
            self._measures.dropped()
        known = self._known.get(about)
        uid = None if known is None else known.uid
        self._due.append(Notice(about=about, uid=uid, reason=reason, message=message, is_warning=is_warning))
        self._added.set()

    async def _write(self, notice: Notice) -> None:
        try:
            await self._client.create(kinds.EVENT, self._event(notice))
        except errors.TenantryError as error:
            log.warning("event not written", about=str(notice.about), code=error.code)

    def _event(self, notice: Notice) -> kinds.Object:
        # `kubectl describe` lists the Events of a uid, not those of a name.
        identity = {} if notice.uid is None else {"uid": notice.uid}
        return {
            "apiVersion": kinds.EVENT.api_version,
            "kind": kinds.EVENT.kind,
            "metadata": {
                "namespace": notice.about.namespace,
                "name": f"{notice.about.name}.{self._randomness.token_bytes(6).hex()}",
            },
            "eventTime": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": REPORTER,
            "reportingInstance": self._instance,
            "action": "Reconcile",
            "reason": notice.reason,
            "note": notice.message[:_LONGEST],
            "type": "Warning" if notice.is_warning else "Normal",
            "regarding": {
                "apiVersion": kinds.INSTALLATION.api_version,
                "kind": kinds.INSTALLATION.kind,
                "namespace": notice.about.namespace,
                "name": notice.about.name,
                **identity,
            },
        }
