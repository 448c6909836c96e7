"""Carries out the plan of installations: the supervisor's kind of work.

`act` takes the one step that `plan` decides, through ports; `apply` writes what came of it together with its event. A
failure that waiting may mend leaves the installation working with the reason; any other makes it failed.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from tenantry.engine import database
from tenantry.engine import work as works
from tenantry.kernel import errors, ids
from tenantry.provisioner import context
from tenantry.provisioner.installations import (
    handover,
    journal,
    model,
    plan,
    pool_store,
    ports,
    reservations_store,
    rotation,
    setbacks,
    store,
)
from tenantry.provisioner.installations.transitions import TABLE, Input
from tenantry.runtime import contract, document
from tenantry.wire.installations import Status, Target

SENTENCES: dict[Status, str] = {
    Status.STABLE: "Ready.",
    Status.UNHEALTHY: "Not well; being watched and restarted.",
    Status.FAILED: "Could not be brought to what is wanted.",
    Status.HIBERNATED: "Asleep.",
    Status.DISCARDED: "Switched off; kept until its deletion.",
    Status.DELETING: "Being deleted for good.",
    Status.DELETED: "Deleted.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A step that was taken, and the cluster's report where it brought one."""

    step: plan.Step
    report: document.InstallationStatus | None = None
    handed: int | None = None
    """The generation that was handed over with it."""
    is_gone: bool = False
    key: ports.KeyPair | None = None
    """What opens the bucket, where that is another key than the row has."""
    rotated: rotation.Rotated | None = None


class InstallationWork:
    """Brings installations to what is wanted, one step at a time."""

    def __init__(self, around: context.Context, world: ports.Surroundings) -> None:
        """Take what services share and the ways to the world."""
        self._around = around
        self._world = world
        self._rotation = rotation.Steps(around, world)
        self._asked: dict[str, datetime] = {}

    async def load(self, connection: AsyncConnection, row: str) -> model.Installation | None:
        """Read the installation with all that belongs to it."""
        return await store.get(database.Reader(connection), row)

    async def act(self, row: model.Installation) -> Outcome:
        """Take the step that the plan decides."""
        now = self._around.clock.now()
        step = plan.plan(row, now, asked_at=self._asked.get(row.id))
        rotated = None
        match step:
            case plan.Make():
                return await self._make(row, step, now)
            case plan.Reclaim():
                await self._reclaim(row)
            case plan.HandOver() | plan.Refresh():
                if handover.completed_secrets(row, self._around) is not None:
                    return Outcome(step=plan.MakeSecrets())
                return await self._ask(row, step, now)
            case plan.Draw() | plan.SetPassword() | plan.Retire():
                runtime = None if isinstance(step, plan.Retire) else await self._runtime(row)
                rotated = await self._rotation.take(row, step, runtime)
            case plan.Remove():
                return await self._remove(row, step)
            case plan.Place() | plan.MakeSecrets() | plan.Move() | plan.Rest():
                pass
            case _:
                assert_never(step)
        return Outcome(step=step, rotated=rotated)

    async def _make(self, row: model.Installation, step: plan.Make, now: datetime) -> Outcome:
        """Make what is missing, and hand over at once, since somebody waits."""
        if (key := await self._make_missing(row, step)) is not None:
            return Outcome(step=step, key=key)  # nobody else knows it, so it is written before it is used
        if handover.completed_secrets(row, self._around) is not None or (step.database and row.may_be_pooled):
            return Outcome(step=step)  # what it is given is another once that is written
        return await self._ask(row, step, now)

    async def _make_missing(self, row: model.Installation, step: plan.Make) -> ports.KeyPair | None:
        """Make what is missing; return the key that opens the bucket where the row does not have it."""
        async with asyncio.TaskGroup() as group:
            if step.database:
                group.create_task(self._make_database(row))
            making = group.create_task(self._make_bucket(row)) if step.bucket else None
        return None if making is None else making.result()

    async def _make_database(self, row: model.Installation) -> None:
        need = row.application.spec.needs.database
        if row.database is None or need is None:
            return
        maker = await self._world.databases(row.database.server_id)
        own, pool = row.database, row.database.pool
        password = self._around.vault.open(own.password)
        verifier = "" if pool is None else self._around.vault.open(pool.verifier)
        await maker.make(own.name, password, need, verifier=verifier)
        if pool is not None and row.may_be_pooled:
            await maker.enter(own.name, password, ports.Door(host=pool.host, port=pool.port))

    async def _make_bucket(self, row: model.Installation) -> ports.KeyPair | None:
        if row.bucket is None:
            return None
        maker = await self._world.buckets(row.bucket.store_id)
        known = ports.KeyPair(
            access_key=row.bucket.access_key, secret_key=self._around.vault.open(row.bucket.secret_key)
        )
        made = await maker.make(row.bucket.name, known.access_key, known.secret_key)
        return None if made == known else made

    async def _ask(
        self, row: model.Installation, step: plan.Make | plan.HandOver | plan.Refresh, now: datetime
    ) -> Outcome:
        """Hand the document over, or fetch the report; a cluster that has lost the document gets it again."""
        runtime = await self._runtime(row)
        self._asked[row.id] = now
        found = await runtime.get(row.id) if isinstance(step, plan.Refresh) else None
        if found is None:
            found = await runtime.apply(handover.bundle(row, self._around))
        handed = None if isinstance(step, plan.Refresh) else row.generation
        return Outcome(step=step, report=found.status, handed=handed)

    async def _remove(self, row: model.Installation, step: plan.Step) -> Outcome:
        runtime = await self._runtime(row)
        return Outcome(step=step, is_gone=await runtime.delete(row.id))

    async def _runtime(self, row: model.Installation) -> contract.Runtime:
        """Return the way to its cluster; nobody waits for an answer from one that is known to be away."""
        if row.cluster_trouble is not None:
            message = f"Its cluster “{row.cluster}” is unreachable: {row.cluster_trouble.message}"
            if row.status is Status.DELETING:
                message += " If it never comes back, an administrator can abandon what is left there."
            raise model.ClusterAwayError(message, delay=plan.WATCH_NET)
        return await self._world.runtime(_placed(row))

    async def _reclaim(self, row: model.Installation) -> None:
        async with asyncio.TaskGroup() as group:
            if row.database is not None:
                maker = await self._world.databases(row.database.server_id)
                group.create_task(maker.remove(row.database.name))
            if row.bucket is not None:
                keeper = await self._world.buckets(row.bucket.store_id)
                group.create_task(keeper.remove(row.bucket.name, row.bucket.access_key))

    async def apply(self, connection: AsyncConnection, row: model.Installation, outcome: Outcome) -> datetime | None:
        """Write what came of the step; the row is due again at once unless it rests."""
        writer = database.Writer(database.Reader(connection))
        now = self._around.clock.now()
        step = outcome.step
        if isinstance(step, plan.Place | plan.Move) and step != plan.plan(row, now, asked_at=self._asked.get(row.id)):
            return now  # somebody wants something else meanwhile
        return _before_deletion(row, await self._write(writer, row, outcome, now))

    async def _write(
        self, writer: database.Writer, row: model.Installation, outcome: Outcome, now: datetime
    ) -> datetime | None:
        step = outcome.step
        match step:
            case plan.Rest():
                return step.until
            case plan.Move():
                return await self._move(writer, row, step, now)
            case plan.Refresh() | plan.HandOver():
                return await self._report(writer, row, outcome, now)
            case plan.Remove() | plan.Reclaim():
                return await self._removed(writer, row, outcome, now)
            case plan.Place() | plan.Make() | plan.MakeSecrets() | plan.Draw() | plan.SetPassword() | plan.Retire():
                return await self._made(writer, row, outcome, now)
            case _:
                assert_never(step)

    async def _made(
        self, writer: database.Writer, row: model.Installation, outcome: Outcome, now: datetime
    ) -> datetime:
        match outcome.step:
            case plan.Place():
                await reservations_store.place(writer, row, self._around, now)
                summary = "Placed."
            case plan.Make() as made:
                await self._keep_key(writer, row, outcome)
                await store.note_made(writer, row.id, now, database_made=made.database, bucket_made=made.bucket)
                if made.database and row.may_be_pooled and row.database is not None and row.database.pool is not None:
                    await pool_store.note_let_in(writer, row.id, row.database.pool.address)
                await self._report(writer, row, outcome, now)
                summary = "Database and bucket are there."
            case plan.Draw() | plan.SetPassword() | plan.Retire() as step:
                if not rotation.has_stayed(step, row):
                    return now
                await self._rotation.write(writer, row, step, outcome.rotated or rotation.Rotated())
                summary = rotation.SUMMARIES[rotation.after(step)]
            case _:
                await self._keep_secrets(writer, row)
                return now
        await self._note(writer, row, {}, now)
        await journal.record(writer, row.id, kind="progressed", summary=summary, actor=journal.SUPERVISOR, at=now)
        return now

    async def _keep_key(self, writer: database.Writer, row: model.Installation, outcome: Outcome) -> None:
        if (key := outcome.key) is not None:
            await store.keep_key(writer, row.id, key.access_key, self._around.vault.seal(key.secret_key))

    async def _keep_secrets(self, writer: database.Writer, row: model.Installation) -> None:
        secrets = handover.completed_secrets(row, self._around)
        if secrets is not None:
            await store.change(writer, row.id, {"generated_secrets": self._around.vault.seal_all(secrets)})

    async def _report(
        self, writer: database.Writer, row: model.Installation, outcome: Outcome, now: datetime
    ) -> datetime:
        is_news = _says_something_new(row, outcome)
        if is_news and outcome.report is not None:
            await store.change(writer, row.id, {"runtime_status": outcome.report.model_dump(mode="json")})
        if outcome.handed is not None:
            if row.database is not None and row.database.pool is not None and not row.is_pooled:
                await pool_store.note_past_it(writer, row.id)
            await self._note(writer, row, {"handed_generation": outcome.handed}, now)
            return now
        return now if is_news else now + plan.WATCH_NET

    async def _removed(
        self, writer: database.Writer, row: model.Installation, outcome: Outcome, now: datetime
    ) -> datetime:
        if isinstance(outcome.step, plan.Reclaim):
            await store.forget_made(writer, row.id)
            return now
        await self._note(writer, row, {"runtime_gone": outcome.is_gone}, now)
        return now if outcome.is_gone else now + plan.WATCH_NET

    async def _note(
        self, writer: database.Writer, row: model.Installation, values: dict[str, Any], now: datetime
    ) -> None:
        cleared = {"reason": "", "message": ""} if TABLE.is_working(row.status) and row.setback is None else {}
        await store.change(writer, row.id, {**values, **cleared, "updated_at": now})

    async def _move(
        self, writer: database.Writer, row: model.Installation, step: plan.Move, now: datetime
    ) -> datetime | None:
        status = TABLE.next(row.status, step.given)
        values: dict[str, Any] = {"status": status, "reason": step.reason, "message": step.message, "updated_at": now}
        if step.given is Input.EXPIRED:
            values |= {"target": Target.DELETED}
        if step.given is Input.RETURNED:
            values |= setbacks.returned(row, step.reason, step.cause)
            values |= reservations_store.returned(row, values.get("size", row.size))
        if status is Status.STABLE:
            values |= setbacks.settled(row)
            await self._leave_pooler(writer, row, now)
        if status is Status.DELETED:
            values |= {"generated_secrets": self._around.vault.seal_all({})}
        await store.change(writer, row.id, values)
        if status is Status.DELETED:
            await store.poke_waiting(writer, now)  # there is a place again
        kind = "deleted" if status is Status.DELETED else "changed"
        summary = values["message"] or SENTENCES.get(status, f"Now {status}.")
        await journal.record(writer, row.id, kind=kind, summary=summary, actor=journal.SUPERVISOR, at=now)
        if status is Status.DELETED:
            self._asked.pop(row.id, None)
            return None
        return now

    async def _leave_pooler(self, writer: database.Writer, row: model.Installation, now: datetime) -> None:
        need = row.application.spec.needs.database
        if need is not None and row.has_left_pooler:
            # There is a part for somebody else; whose rows are locked before ours, as those who place do it.
            await store.poke_waiting(writer, now)
            await pool_store.leave(writer, row.id, need.connections)

    async def reject(
        self, connection: AsyncConnection, row: model.Installation, failure: works.Failure
    ) -> datetime | None:
        """Write why the step failed; what waiting does not mend makes a working installation failed."""
        writer = database.Writer(database.Reader(connection))
        now = self._around.clock.now()
        code = errors.reason(failure.error)
        if failure.retry_at is None and TABLE.allows(row.status, Input.FAILED):
            step = plan.failure(row, code, failure.error.message)
            due_at = await self._move(writer, row, step, now)
            return due_at if step.given is Input.RETURNED else None
        retry_at = _before_deletion(row, failure.retry_at or now + plan.WATCH_NET)
        if (row.reason, row.message) != (code, failure.error.message):
            values = {"reason": code, "message": failure.error.message, "updated_at": now}
            await store.change(writer, row.id, values)
            await journal.record(
                writer, row.id, kind="waiting", summary=failure.error.message, actor=journal.SUPERVISOR, at=now
            )
        return retry_at


def _before_deletion(row: model.Installation, due_at: datetime | None) -> datetime | None:
    """Return the due time, but no later than the end of the grace where it is being switched off."""
    if row.status is not Status.DISCARDING or row.delete_after is None or due_at is None:
        return due_at
    return min(due_at, row.delete_after)


def _placed(row: model.Installation) -> ids.ClusterId:
    if row.cluster_id is None:
        raise model.NowhereError("It is not placed on a cluster yet.")
    return row.cluster_id


def _says_something_new(row: model.Installation, outcome: Outcome) -> bool:
    if outcome.report is None or outcome.report == row.runtime:
        return False
    return row.runtime is None or outcome.report.observed_generation >= row.runtime.observed_generation
