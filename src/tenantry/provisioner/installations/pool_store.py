"""The SQL of what goes through a pooler: who has a part of its budget, and what the pooler is to be configured with."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tenantry.application import manifest, needs
from tenantry.engine import database
from tenantry.provisioner import context, tables
from tenantry.provisioner.installations import places_store, pool_plan, scram
from tenantry.wire import installations as wire

_D = tables.LOGICAL_DATABASES
_I = tables.INSTALLATIONS
_A = tables.APPLICATIONS
_S = tables.DATABASE_SERVERS
_NO_PART: dict[str, Any] = {"pool_size": 0, "pool_mode": None, "verifier": None, "pooled_by": None}
_ENDING = (wire.Status.DELETING, wire.Status.DELETED)


def part(pooling: needs.Pooling, password: bytes, around: context.Context) -> dict[str, Any]:
    """Return the columns of a logical database that gets a part of the budget."""
    made = scram.verifier(around.vault.open(password), around.randomness)
    sealed = around.vault.seal(made)
    return {"pool_size": pooling.connections, "pool_mode": pooling.mode, "verifier": sealed, "pooled_by": None}


async def promised(reader: database.Reader, server_id: str) -> int:
    """Return how many connections of a server's pooler are given away."""
    query = sa.select(sa.func.coalesce(sa.func.sum(_D.c.pool_size), 0)).where(_D.c.server_id == server_id)
    return int(await reader.scalar(query) or 0)


async def admit(writer: database.Writer, around: context.Context, server_id: str) -> int:
    """Give those that may go through the pooler a part of what is left of its budget; return how many got one.

    They go through it from their next change or restart on, once it lets them in. Those whose application asks for
    another part get that first, at once.
    """
    await places_store.take_turn(writer)
    budget = await writer.scalar(sa.select(_S.c.pooler_budget).where(_S.c.id == server_id)) or 0
    rows = await _may_be_pooled(writer, server_id) if budget else list[_Pooled]()
    await _refit(writer, rows, budget - await promised(writer, server_id))
    new = {each.id: each for each in rows if not each.size}
    wanted = [pool_plan.Database(id=each.id, size=each.pooling.connections) for each in new.values()]
    chosen = pool_plan.admitted(budget - await promised(writer, server_id), wanted)
    for each in chosen:
        columns = await asyncio.to_thread(part, new[each].pooling, new[each].password, around)  # for some milliseconds
        await _change(writer, each, columns | {"connections": pool_plan.past_it(new[each].connections)})
    return len(chosen)


async def _refit(writer: database.Writer, rows: "Sequence[_Pooled]", left: int) -> None:
    """Give those that have a part the one that their application asks for now, where there is enough."""
    old = {each.id: each for each in rows if each.size and not each.is_as_wanted}
    parts = [pool_plan.Part(id=each.id, size=each.size, wanted=each.pooling.connections) for each in old.values()]
    for each in pool_plan.refitted(left, parts):
        wanted = old[each].pooling
        await _change(writer, each, {"pool_size": wanted.connections, "pool_mode": wanted.mode})


async def admit_everywhere(writer: database.Writer, around: context.Context) -> None:
    """Do so for all servers, as an application that is pooled from now on asks for it."""
    for server_id in (await writer.scalars(sa.select(_S.c.id).where(_S.c.pooler_budget > 0).order_by(_S.c.id))).all():
        await admit(writer, around, server_id)


async def close(writer: database.Writer, server_id: str) -> None:
    """Take the parts of those back that do not go through the pooler yet; the others leave one by one."""
    needed = await _needs(writer)
    rows = await writer.execute(
        sa.select(_D.c.id, _I.c.application_id)
        .join_from(_D, _I, _I.c.id == _D.c.installation_id)
        .where(_D.c.server_id == server_id, _D.c.pool_size > 0, _D.c.pooled_by.is_(None))
    )
    for row in rows.mappings().all():
        need = needed.get(row["application_id"])
        await _change(writer, row["id"], _NO_PART | ({} if need is None else {"connections": need.connections}))


async def note_let_in(writer: database.Writer, installation_id: str, address: str) -> None:
    """Write down that a pooler lets its role in."""
    is_own = _D.c.installation_id == installation_id
    await writer.execute(_D.update().where(is_own, _D.c.pool_size > 0).values(pooled_by=address))


async def note_past_it(writer: database.Writer, installation_id: str) -> None:
    """Write down that it was handed over with the server's own address."""
    await writer.execute(_D.update().where(_D.c.installation_id == installation_id).values(pooled_by=None))


async def leave(writer: database.Writer, installation_id: str, connections: int) -> None:
    """Take its part back: nothing of it goes through the pooler any more."""
    values = _NO_PART | {"connections": connections}
    await writer.execute(_D.update().where(_D.c.installation_id == installation_id).values(**values))


async def configured(reader: database.Reader, server_id: str) -> Sequence[sa.RowMapping]:
    """Return the logical databases that the pooler knows, by name; what is being deleted is out of it first."""
    query = (
        sa.select(_D.c.name, _D.c.pool_mode, _D.c.pool_size, _D.c.verifier)
        .join_from(_D, _I, _I.c.id == _D.c.installation_id)
        .where(_D.c.server_id == server_id, _D.c.pool_size > 0, _I.c.status.not_in(_ENDING))
        .order_by(_D.c.name)
    )
    return (await reader.execute(query)).mappings().all()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pooled:
    """A logical database that has a part, or may have one.

    Attributes:
        size: of its part; 0: it has none.
        mode: of its part.
        connections: how many its role may hold.
    """

    id: str
    password: bytes = field(repr=False)
    size: int
    mode: str | None
    connections: int
    pooling: needs.Pooling

    @property
    def is_as_wanted(self) -> bool:
        """Tell whether its part is the one that its application asks for."""
        return (self.mode, self.size) == (self.pooling.mode, self.pooling.connections)


async def _may_be_pooled(writer: database.Writer, server_id: str) -> Sequence[_Pooled]:
    """Return those whose application says how they are pooled, the oldest first."""
    needed = await _needs(writer)
    pooled = [each for each, need in needed.items() if need.pooling is not None]
    rows = await writer.execute(
        sa.select(_D.c.id, _D.c.password, _D.c.pool_size, _D.c.pool_mode, _I.c.application_id)
        .join_from(_D, _I, _I.c.id == _D.c.installation_id)
        .where(_D.c.server_id == server_id, _I.c.application_id.in_(pooled), _I.c.status.not_in(_ENDING))
        .order_by(_D.c.id)
        .with_for_update(of=_D)
    )
    return [
        _Pooled(
            id=row["id"],
            password=row["password"],
            size=row["pool_size"],
            mode=row["pool_mode"],
            connections=need.connections,
            pooling=need.pooling,
        )
        for row in rows.mappings().all()
        if (need := needed[row["application_id"]]).pooling is not None
    ]


async def _needs(reader: database.Reader) -> dict[str, needs.DatabaseNeed]:
    """Return what each application that needs a logical database says of it, by the application's id."""
    rows = (await reader.execute(sa.select(_A.c.id, _A.c.manifest))).mappings().all()
    found = {row["id"]: manifest.Application.model_validate(row["manifest"]).spec.needs.database for row in rows}
    return {each: need for each, need in found.items() if need is not None}


async def _change(writer: database.Writer, row_id: str, values: dict[str, Any]) -> None:
    await writer.execute(_D.update().where(_D.c.id == row_id).values(**values))
