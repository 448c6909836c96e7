"""The SQL of deregistering: whoever places, probes or watches at the same moment is waited for, and finds it gone.

Rows are locked in the order in which everybody else locks them: a watch's before its cluster's, and all of them before
the turn of those who place. Whoever holds a row and waits for an installation's would otherwise wait for ever, since
that may be held by one who waits for the turn.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from tenantry.engine import database
from tenantry.provisioner import tables
from tenantry.provisioner.installations import places_store
from tenantry.provisioner.registry import deregistration, nouns, store
from tenantry.wire.installations import Status
from tenantry.wire.operators import Keeper

_I = tables.INSTALLATIONS


async def lock(writer: database.Writer, noun: store.Noun, row_id: str) -> None:
    """Let nobody place there, probe it, watch it or change it until the transaction ends."""
    table = noun.queue.table
    if noun is nouns.CLUSTERS:
        for each in (tables.WATCHES, tables.OPERATORS):
            await writer.execute(sa.select(each.c.id).where(each.c.id == row_id).with_for_update())
    found = sa.select(table.c.id).where(table.c.id == row_id)
    await writer.execute(found.with_for_update(key_share=True))  # those that place take their turn without it
    await places_store.take_turn(writer)
    await writer.execute(found.with_for_update())  # and now nothing can refer to it any more


async def inhabitants(reader: database.Reader, noun: store.Noun, row_id: str) -> Sequence[deregistration.Inhabitant]:
    """Return the installations that have something there, by name."""
    query = sa.select(_I.c.name, _I.c.status).where(noun.taken_by == row_id).order_by(_I.c.name)
    if noun.taken_by.table is _I:
        query = query.where(_I.c.status != Status.DELETED)
    else:
        query = query.where(noun.taken_by.table.c.installation_id == _I.c.id)
    rows = await reader.execute(query)
    return [deregistration.Inhabitant(name=row.name, status=row.status) for row in rows]


async def keeps_operator(reader: database.Reader, cluster: str) -> bool:
    """Tell whether the provisioner keeps the operator of a cluster; what is no cluster has none."""
    table = tables.OPERATORS
    query = sa.select(sa.exists().where(table.c.id == cluster, table.c.kept_by == Keeper.TENANTRY))
    return bool(await reader.scalar(query))


async def forget(writer: database.Writer, noun: store.Noun, row_id: str) -> None:
    """Delete it with its credentials and all that is known of it; installations that are deleted were nowhere then."""
    table = noun.queue.table
    if noun is nouns.CLUSTERS:
        await writer.execute(_I.update().where(_I.c.cluster_id == row_id).values(cluster_id=None))
        await writer.execute(tables.PREPARATIONS.delete().where(tables.PREPARATIONS.c.cluster_id == row_id))
        for each in (tables.WATCHES, tables.OPERATORS):
            await writer.execute(each.delete().where(each.c.id == row_id))
    await writer.execute(table.delete().where(table.c.id == row_id))
