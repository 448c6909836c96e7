"""Rotates the credentials of an installation: what the steps of a rotation do outside, and what is written of them.

In this order, so that nobody is locked out for longer than its own restart, and so that a death in between loses
nothing: a second key of the bucket is made and written down together with a new password; the database server takes the
password; both are handed over at once; when the installation runs with them, what is left of the old ones ends. Nothing
begins while its cluster does not answer, for then the new ones could not be handed over.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from tenantry.engine import database
from tenantry.kernel import errors
from tenantry.provisioner import context
from tenantry.provisioner.installations import model, plan, ports, scram, store
from tenantry.provisioner.installations.transitions import Rotation
from tenantry.runtime import contract

_TRY = timedelta(seconds=20)
"""Shorter than what a lease has left: whoever was frozen is ended by this clock when it wakes, before it could take
back what its successor has handed over."""


class RotationSlowError(errors.TemporaryError):
    """A step of the rotation took too long; it is taken again."""

    code = "rotation-slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What came of a step.

    Attributes:
        key: the key that opens the bucket from now on.
        set_at: since when the database server takes the new password.
    """

    key: ports.KeyPair | None = None
    set_at: datetime | None = None


SUMMARIES = {
    Rotation.DRAWN: "New credentials are drawn.",
    Rotation.MADE: "New credentials work and are about to be handed over.",
    None: "The old credentials open nothing any more.",
}
"""What is told of a step, by how far the rotation is after it."""

_FOLLOWS: dict[type[plan.Rotating], tuple[Rotation, Rotation | None]] = {
    plan.Draw: (Rotation.ASKED, Rotation.DRAWN),
    plan.SetPassword: (Rotation.DRAWN, Rotation.MADE),
    plan.Retire: (Rotation.MADE, None),
}
"""Where a step is taken, and where it leads."""


def has_stayed(step: plan.Rotating, row: model.Installation) -> bool:
    """Tell whether the rotation still is where the step was taken; somebody may have asked for another meanwhile."""
    return row.rotation is _FOLLOWS[type(step)][0]


def after(step: plan.Rotating) -> Rotation | None:
    """Return how far the rotation is after a step."""
    return _FOLLOWS[type(step)][1]


class Steps:
    """The steps of a rotation. Each may be taken twice."""

    def __init__(self, around: context.Context, world: ports.Surroundings, *, within: timedelta = _TRY) -> None:
        """Take what services share, the ways to the world, and how long a step may take."""
        self._around = around
        self._world = world
        self._within = within

    async def take(self, row: model.Installation, step: plan.Rotating, runtime: contract.Runtime | None) -> Rotated:
        """Take a step.

        Args:
            row: the installation.
            step: which.
            runtime: its cluster, which has to answer before anything changes; None: that is not needed.

        Raises:
            RotationSlowError: it has taken so long that somebody else may be at it.
        """
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                if runtime is not None:
                    await runtime.get(row.id)
                match step:
                    case plan.Draw():
                        return await self._draw(row)
                    case plan.SetPassword():
                        return await self._set_password(row)
                    case plan.Retire():
                        return await self._retire(row)
                    case _:
                        assert_never(step)
        except TimeoutError as error:
            raise RotationSlowError from error

    async def _draw(self, row: model.Installation) -> Rotated:
        """Make a second key of the bucket."""
        if row.bucket is None:
            return Rotated()
        maker = await self._world.buckets(row.bucket.store_id)
        new = ports.new_pair(self._around.randomness)
        return Rotated(key=await maker.renew(row.bucket.name, new, present=row.bucket.access_key))

    async def _set_password(self, row: model.Installation) -> Rotated:
        """Let the database server take the password that is written down."""
        own = row.database
        if own is None:
            return Rotated()
        vault = self._around.vault
        maker = await self._world.databases(own.server_id)
        verifier = "" if own.pool is None else vault.open(own.pool.verifier)
        return Rotated(set_at=await maker.set_password(own.name, vault.open(own.password), verifier=verifier))

    async def _retire(self, row: model.Installation) -> Rotated:
        """End what is left of the old ones, now that the installation runs with the new ones."""
        if row.bucket is not None:
            keeper = await self._world.buckets(row.bucket.store_id)
            await keeper.retire(row.bucket.name, present=row.bucket.access_key)
        if row.database is not None and row.database.password_set_at is not None:
            maker = await self._world.databases(row.database.server_id)
            await maker.end_sessions(row.database.name, before=row.database.password_set_at)
        return Rotated()

    async def write(self, writer: database.Writer, row: model.Installation, step: plan.Rotating, done: Rotated) -> None:
        """Write what came of a step, and how far the rotation is after it."""
        vault = self._around.vault
        await store.change(writer, row.id, {"rotation": after(step)})
        if done.key is not None:
            await store.keep_key(writer, row.id, done.key.access_key, vault.seal(done.key.secret_key))
        if isinstance(step, plan.Draw) and row.database is not None:
            password = ports.new_password(self._around.randomness)
            verifier = scram.verifier(password, self._around.randomness)
            await store.keep_password(writer, row.id, vault.seal(password), vault.seal(verifier))
        if done.set_at is not None:
            await store.note_password_set(writer, row.id, done.set_at)
