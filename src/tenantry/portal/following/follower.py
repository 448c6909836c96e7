"""Follows the provisioner's events: each has its effect once, however often it arrives.

The cursor and the effect are one transaction, so a cut at any moment loses nothing and repeats nothing. While the
provisioner is away, pages say so; when it is back, waiting orders go on at once.
"""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pydantic
import structlog
from sqlalchemy import exc

from tenantry.engine import backoff
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors, ids
from tenantry.kernel import randomness as randoms
from tenantry.portal import database, ports
from tenantry.portal.catalogue import service as catalogue
from tenantry.portal.following import metrics, store
from tenantry.portal.history import plan as history
from tenantry.portal.history import store as history_store
from tenantry.portal.orders import model as orders
from tenantry.portal.orders import store as order_store
from tenantry.portal.workspaces import model, progress
from tenantry.portal.workspaces import store as workspace_store
from tenantry.wire import events, infrastructure, installations

_log = structlog.get_logger(__name__)

_BACKOFF = backoff.Backoff(first=timedelta(milliseconds=400), ceiling=timedelta(seconds=10))


_UNEXPECTED = "unexpected"


class Follower:
    """Keeps workspaces, history and products as the provisioner tells them."""

    def __init__(
        self,
        db: database.Database,
        *,
        clock: clocks.Clock,
        randomness: randoms.Randomness,
        provisioner: ports.Provisioner,
        products: catalogue.Catalogue,
        metrics: metrics.Metrics,
    ) -> None:
        """Take what it needs from the composition root."""
        self._db = db
        self._clock = clock
        self._randomness = randomness
        self._identifiers = ids.UlidIdentifiers(clock, randomness)
        self._provisioner = provisioner
        self._products = products
        self._metrics = metrics
        self._failures = 0

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self.follow()
            except errors.TenantryError as error:
                await self._lose(error)
            except exc.OperationalError as error:
                _log.warning("following interrupted", error=type(error).__name__, failures=self._failures)
            except Exception:  # noqa: BLE001 - a loop edge: a follower that ended would take all pages with it
                _log.exception("following failed", failures=self._failures)
                self._metrics.lost(metrics.Contact.REFUSED, _UNEXPECTED)
                await self._mark_lost(_UNEXPECTED)
            self._failures += 1
            await asyncio.sleep(_BACKOFF.delay(self._failures, self._randomness).total_seconds())

    async def follow(self) -> None:
        """Follow one connection until it ends."""
        await self._products.refresh()
        await self._greet()
        async with self._db.read() as reader:
            cursor = (await store.contact(reader)).sequence
        async with aclosing(self._provisioner.events(cursor)) as received:
            async for event in received:
                await self.take(event)

    async def take(self, event: events.Event) -> None:
        """Let one event have its effect."""
        async with self._db.write() as writer:
            if event.sequence <= await store.lock(writer):
                return
            installation, cluster = _carried(event)
            if installation is not None:
                await self._take_news(writer, event, installation)
            if cluster is not None:
                await _take_cluster(writer, event, cluster)
            if (gone := event.deregistered_cluster()) is not None:
                await store.mark_back(writer, gone)  # nothing is there that could be away
            await store.advance(writer, event.sequence)
        if event.type.startswith("application."):
            await self._products.refresh()

    async def _lose(self, error: errors.TenantryError) -> None:
        """Say that contact is lost: loudly where it does not come back until staff do something."""
        if isinstance(error, ports.VendorMustActError):
            # The words of the error are for customers; staff need what was answered and where to look.
            _log.error(
                "the provisioner does not accept this portal",
                code=error.code,
                answered=error.answered,
                remedy="Look at the token in TENANTRY_PORTAL_PROVISIONER_TOKEN_FILE and at the provisioner's address.",
                failures=self._failures,
            )
            self._metrics.lost(metrics.Contact.REFUSED, error.answered)
            await self._mark_lost(error.answered)
            return
        _log.warning("contact with the provisioner lost", code=error.code, failures=self._failures)
        self._metrics.lost(metrics.Contact.AWAY, error.code)
        await self._mark_lost()

    async def _mark_lost(self, refused_with: str = "") -> None:
        try:
            async with self._db.write() as writer:
                await store.mark_lost(writer, self._clock.now(), refused_with)
        except exc.OperationalError as error:
            _log.warning("loss of contact not written", error=type(error).__name__)

    async def _greet(self) -> None:
        self._failures = 0
        self._metrics.reached()
        async with self._db.write() as writer:
            await store.mark_live(writer, self._clock.now())
            await order_store.poke_waiting(writer, self._clock.now())

    async def _take_news(
        self, writer: database.Writer, event: events.Event, installation: installations.Installation
    ) -> None:
        workspace = await workspace_store.lock_by_installation(writer, installation, orders.LABEL)
        if workspace is None:
            return
        await self._remember(writer, event, installation, workspace)
        changed = model.with_news(workspace, installation, self._clock.now())
        if changed is None:
            return
        await workspace_store.save(writer, changed)
        if changed.ready_at is not None and workspace.ready_at is None:
            times = progress.durations(installation, installation.created_at)
            await history_store.add_step_times(
                writer, workspace_id=workspace.id, product=workspace.product, times=times, at=event.at
            )

    async def _remember(
        self,
        writer: database.Writer,
        event: events.Event,
        installation: installations.Installation,
        workspace: model.Workspace,
    ) -> None:
        news = history.News(
            sequence=event.sequence,
            at=event.at,
            status=model.Status(installation.status.value),
            message=installation.message,
        )
        change = history.advance(await history_store.newest(writer, workspace.id), workspace.status, news)
        await history_store.apply(
            writer, workspace_id=workspace.id, operation_id=self._identifiers.new("opr"), change=change, at=event.at
        )


async def _take_cluster(writer: database.Writer, event: events.Event, cluster: events.ClusterState) -> None:
    if cluster.status is infrastructure.Status.UNREACHABLE:
        await store.mark_away(writer, cluster.name, event.at)
    else:
        await store.mark_back(writer, cluster.name)


def _carried(event: events.Event) -> tuple[installations.Installation | None, events.ClusterState | None]:
    """Return the installation and the state of a cluster that an event carries, where it does.

    Raises:
        NotUnderstoodError: it is none that this version knows; the cursor stays before it until a version does.
    """
    try:
        return event.installation(), event.cluster()
    except pydantic.ValidationError as error:
        raise ports.NotUnderstoodError("event-unreadable") from error
