"""Keeps operators at the wanted version: the supervisor's kind of work, one short step after the other.

Which step is next is decided by `plan` from the row and from what is seen in the cluster, so that whoever takes a row
over goes on where another ended. At most so many clusters are changed at once, over all processes; a turn is given in
the transaction that writes it down, and is held until the change has ended, whichever way.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from tenantry.engine import database
from tenantry.engine import work as works
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.provisioner.events import model as event_model
from tenantry.provisioner.events import store as event_store
from tenantry.provisioner.operators import model, plan, ports, render, store
from tenantry.wire.operators import Status

PACE = timedelta(minutes=1)
"""Between two looks at what rests."""
TEMPO = timedelta(seconds=1)
"""Between two looks at what is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a step came to, and of what it was decided."""

    known: model.Known
    wanted: model.Bundle
    seen: model.Seen
    step: plan.Step


class OperatorWork:
    """Brings the operators of clusters to what is wanted of them."""

    def __init__(self, ways: ports.Ways, terms: model.Terms, clock: clocks.Clock, *, tempo: timedelta = TEMPO) -> None:
        """Take the ways to clusters, the house's decisions, and how often to look at what is under way."""
        self._tempo = tempo
        self._ways = ways
        self._terms = terms
        self._clock = clock

    async def load(self, connection: AsyncConnection, row: str) -> model.Known | None:
        """Read the row."""
        return await store.get(database.Reader(connection), row)

    async def act(self, row: model.Known) -> Outcome:
        """Look, decide, and do the one thing that is next."""
        installer = await self._ways.installer(row.id)
        seen = await installer.look()
        wanted = render.render(model.release(row.wish, self._terms))
        step = plan.plan(row, wanted, seen, self._terms, self._clock.now())
        await _take(installer, row, wanted, step)
        return Outcome(known=row, wanted=wanted, seen=seen, step=step)

    async def apply(self, connection: AsyncConnection, row: model.Known, outcome: Outcome) -> datetime | None:
        """Write what came of it; where something else is wanted meanwhile, look again at once."""
        writer = database.Writer(database.Reader(connection))
        if row != outcome.known:
            return self._clock.now()
        if not _is_begin(row, outcome):
            return await self._write(writer, row, outcome.step, self._settled(row, outcome))
        step = await self._turn(writer, row, outcome)
        values = self._begun(row, outcome) if step.status is Status.UPGRADING else {}
        return await self._write(writer, row, step, values)

    async def reject(self, connection: AsyncConnection, row: model.Known, failure: works.Failure) -> datetime | None:
        """Write why the step failed; what does not get further in its time is taken back."""
        writer = database.Writer(database.Reader(connection))
        step = plan.refused(row, failure.error, self._terms, self._clock.now())
        due_at = await self._write(writer, row, step, {})
        return due_at if failure.retry_at is None else min(failure.retry_at, self._clock.now() + PACE)

    async def _turn(self, writer: database.Writer, row: model.Known, outcome: Outcome) -> plan.Step:
        """Return the step with which a change begins, or why it has to wait; one that is under way has its turn."""
        await store.take_turn(writer)
        if row.status not in model.BUSY:
            others = await store.others(writer, row.id)
            if (held := plan.hold(row, outcome.wanted, others, self._terms)) is not None:
                return held
        message = f"Version {outcome.wanted.version} is to be applied."
        return plan.Step(status=Status.UPGRADING, reason="Begins", message=message)

    def _begun(self, row: model.Known, outcome: Outcome) -> dict[str, Any]:
        """Return what is remembered of a change that begins."""
        former = _former(row, outcome.seen)
        return {
            **self._attempt(outcome.wanted),
            "since": self._clock.now(),
            **({} if former is None else {"served": store.told(render.kept(former))}),
        }

    def _settled(self, row: model.Known, outcome: Outcome) -> dict[str, Any]:
        """Return what is remembered of a change that has ended well, where that is news.

        Taking over is done once: whoever takes it back is not fought, but told of.
        """
        wanted, step = outcome.wanted, outcome.step
        is_served = row.served is not None and row.served.digest == wanted.digest == row.attempt
        is_known = is_served and not row.wish.takes_over
        if step.status is not Status.CURRENT or step.reason or (is_known and row.carried == self._terms.version):
            return {}
        return {**self._attempt(wanted), "served": store.told(render.kept(wanted)), "takes_over": False}

    def _attempt(self, wanted: model.Bundle) -> dict[str, Any]:
        return {"attempt": wanted.digest, "release": wanted.release, "carried": self._terms.version}

    async def _write(
        self, writer: database.Writer, row: model.Known, step: plan.Step, values: dict[str, Any]
    ) -> datetime:
        now = self._clock.now()
        is_another = step.status is not row.status
        is_waited_for = step.reason == plan.WAITS and row.reason != plan.WAITS
        if is_another or is_waited_for:
            values = {"since": now} | values
        told = {"status": step.status, "reason": step.reason, "message": step.message}
        await store.change(writer, row.id, values | told)
        if is_another:
            await self._record(writer, row, step)
        if row.status in {*model.BUSY, *model.STOPPED} and step.status not in model.BUSY and is_another:
            await store.poke_pending(writer, now)
        return now + (self._tempo if step.status in model.BUSY else PACE)

    async def _record(self, writer: database.Writer, row: model.Known, step: plan.Step) -> None:
        summary = f"Operator of {row.name}: {step.status}. {step.message}".rstrip()
        event = event_model.NewEvent(
            type="cluster.operator-changed",
            subject_kind=event_model.SubjectKind.CLUSTER,
            subject_id=row.id,
            at=self._clock.now(),
            actor="supervisor",
            summary=summary,
            data={"operator": {"cluster": row.name, "status": step.status.value, "reason": step.reason}},
        )
        await event_store.record(writer, event)


async def _take(installer: ports.Installer, row: model.Known, wanted: model.Bundle, step: plan.Step) -> None:
    former = row.served
    match step.effect:
        case plan.Effect.NONE:
            return
        case plan.Effect.APPLY:
            await installer.apply(wanted.objects)
        case plan.Effect.RESTORE if former is not None:
            await installer.apply(former.objects)
        case plan.Effect.CLEAR if step.status is Status.RETURNED and former is not None:
            await installer.remove(render.left_over(render.kept(wanted), former))
        case plan.Effect.CLEAR:
            await installer.remove(render.left_over(former, wanted))
        case plan.Effect.RESTORE:
            raise errors.PermanentError("There is no former version to bring back.")


def _is_begin(row: model.Known, outcome: Outcome) -> bool:
    """Tell whether a change would begin: one from a cluster where none is under way, or to something else."""
    is_new = row.status not in model.BUSY or row.attempt != outcome.wanted.digest
    return outcome.step.status is Status.UPGRADING and is_new


def _former(row: model.Known, seen: model.Seen) -> model.Bundle | None:
    """Return what runs where a change begins and nothing is remembered: it was another's, or the database is younger.

    It is rendered in the form that we carry, which is the nearest that can be brought back.
    """
    if row.served is not None or seen.manager is None or not seen.image:
        return None
    release = model.Release(image=seen.image, version=seen.version or "unknown", facts=row.wish.facts)
    return render.render(release)
