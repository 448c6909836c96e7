"""Carries orders out over the provisioner's API: each once, however often it is tried.

The order's identifier is the Idempotency-Key, so a call whose answer was lost may be made again. While the provisioner
is away, or does not accept us, an order waits and says so; only what the customer can mend closes an order, with the
provisioner's own words.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from tenantry.engine import work
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.portal import database, ports
from tenantry.portal.orders import model, plan, store
from tenantry.portal.workspaces import model as workspaces
from tenantry.portal.workspaces import store as workspace_store
from tenantry.wire import installations

_log = structlog.get_logger(__name__)

RETRY_CEILING = timedelta(seconds=30)
"""An order is tried at least this often, even while nobody tells that the provisioner is back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """An order and the workspace that it is about."""

    order: model.Order
    workspace: workspaces.Workspace


class OrderWork:
    """The work of the supervisor of orders (`engine.work.Work`)."""

    def __init__(self, provisioner: ports.Provisioner, clock: clocks.Clock) -> None:
        """Take the way to the provisioner."""
        self._provisioner = provisioner
        self._clock = clock

    async def load(self, connection: AsyncConnection, row: str) -> Loaded | None:
        """Read the order and its workspace."""
        writer = _writer(connection)
        order = await store.find(writer, row)
        if order is None or not order.is_open:
            return None
        workspace = await workspace_store.lock(writer, order.workspace_id)
        return None if workspace is None else Loaded(order=order, workspace=workspace)

    async def act(self, row: Loaded) -> installations.Installation:
        """Make the one call that carries the order out."""
        step = plan.decide(row.order, row.workspace)
        match step:
            case plan.Create():
                return await self._provisioner.create(step.request, key=row.order.id)
            case plan.Change():
                return await self._provisioner.change(
                    step.installation_id, step.action, key=row.order.id, details=step.details
                )
            case plan.Refuse():
                raise model.NotPossibleError(step.message)
            case _:
                assert_never(step)

    async def apply(
        self, connection: AsyncConnection, row: Loaded, outcome: installations.Installation
    ) -> datetime | None:
        """Close the order and show what the provisioner answered."""
        writer, now = _writer(connection), self._clock.now()
        status = model.Status.CARRIED_OUT
        await store.finish(writer, row.order.id, status=status, code="", message="", at=now)
        workspace = await workspace_store.lock(writer, row.order.workspace_id)
        changed = workspaces.with_news(workspace, outcome, now) if workspace else None
        if changed is not None:
            await workspace_store.save(writer, changed)
        await database.notify(writer, workspace_store.topic(row.order.workspace_id))
        _log.info("order carried out", order_id=row.order.id, kind=row.order.kind.value)
        return None

    async def reject(self, connection: AsyncConnection, row: Loaded, failure: work.Failure) -> datetime | None:
        """Let the order wait for better times, or close it where waiting does not help."""
        writer, now, error = _writer(connection), self._clock.now(), failure.error
        if failure.retry_at is not None or not isinstance(error, errors.CustomerMustActError):
            _say(row, error)
            await store.explain(writer, row.order.id, code=error.code, message=error.message)
            await database.notify(writer, workspace_store.topic(row.order.workspace_id))
            return min(failure.retry_at or now + RETRY_CEILING, now + RETRY_CEILING)
        await self._refuse(writer, row, error, now)
        return None

    async def _refuse(self, writer: database.Writer, row: Loaded, error: errors.TenantryError, now: datetime) -> None:
        status = model.Status.REFUSED
        await store.finish(writer, row.order.id, status=status, code=error.code, message=error.message, at=now)
        workspace = await workspace_store.lock(writer, row.order.workspace_id)
        if workspace is not None and workspace.installation is None and row.order.kind is model.Kind.CREATE:
            await workspace_store.save(writer, workspaces.as_refused(workspace, now))
        await database.notify(writer, workspace_store.topic(row.order.workspace_id))
        _log.info("order refused", order_id=row.order.id, kind=row.order.kind.value, code=error.code)


def _say(row: Loaded, error: errors.TenantryError) -> None:
    """An order that waits for us, not for the provisioner, is for somebody to look at."""
    fields = {"order_id": row.order.id, "kind": row.order.kind.value, "code": error.code}
    if isinstance(error, errors.TemporaryError) and not isinstance(error, ports.VendorMustActError):
        _log.info("order waits", **fields)
    else:
        _log.error("order waits for staff", answered=getattr(error, "answered", ""), **fields)


def _writer(connection: AsyncConnection) -> database.Writer:
    return database.Writer(database.Reader(connection))
