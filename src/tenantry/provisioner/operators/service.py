"""What can be asked of the operator of a cluster: how it is, that it be another, and what that would change."""

from typing import Any

from tenantry.engine import database
from tenantry.engine import store as engine_store
from tenantry.kernel import errors
from tenantry.provisioner import context, tables
from tenantry.provisioner.access import model as access
from tenantry.provisioner.events import model as event_model
from tenantry.provisioner.events import store as event_store
from tenantry.provisioner.operators import model, plan, ports, render, store
from tenantry.provisioner.registry import nouns
from tenantry.provisioner.registry import store as registry_store
from tenantry.wire import operators as wire
from tenantry.wire.operators import Keeper, Status


class Operators:
    """The operators of all clusters."""

    def __init__(self, around: context.Context, ways: ports.Ways, terms: model.Terms) -> None:
        """Take what services share, the ways to clusters and the house's decisions."""
        self._around = around
        self._ways = ways
        self._terms = terms

    async def get(self, reader: database.Reader, name: str) -> wire.Operator:
        """Return the operator of a cluster.

        Raises:
            NotFoundError: there is no such cluster.
            NoOperatorError: it is none of Kubernetes.
        """
        return self._seen(await self._known(reader, name))

    async def change(
        self, writer: database.Writer, name: str, request: wire.UpdateOperator, by: access.Principal
    ) -> wire.Operator:
        """Say who keeps an operator and how it should be; it is looked at at once.

        Raises:
            NotFoundError: there is no such cluster.
            NoOperatorError: it is none of Kubernetes.
        """
        known = await self._known(writer, name)
        given = _given(request)
        values = {key: value for key, value in given.items() if value != getattr(known.wish, key)}
        if values:
            keeper = Keeper(values.get("kept_by", known.wish.kept_by))
            told = f"{known.name} wants another operator: {', '.join(key.replace('_', ' ') for key in sorted(values))}."
            await self._begin(writer, known, keeper, values, told, by)
        return await self.get(writer, known.id)

    async def upgrade(self, writer: database.Writer, name: str, by: access.Principal) -> wire.Operator:
        """Try again what was given up, and what a newer provisioner kept; otherwise only look at once.

        Raises:
            NotFoundError: there is no such cluster.
            NoOperatorError: it is none of Kubernetes.
        """
        known = await self._known(writer, name)
        told = f"The operator of {known.name} is to be tried again."
        await self._begin(writer, known, known.wish.kept_by, {}, told, by)
        return await self.get(writer, known.id)

    async def preview(self, base: database.Database, name: str, request: wire.UpdateOperator) -> wire.OperatorPreview:
        """Return what bringing an operator to what is wanted would change in its cluster.

        Raises:
            NotFoundError: there is no such cluster.
            NoOperatorError: it is none of Kubernetes.
            TemporaryError: the cluster does not answer, or does not let us.
        """
        async with base.read() as reader:
            known = await self._known(reader, name)
            others = await store.others(reader, known.id)
        wish = model.Wish(**{each: getattr(known.wish, each) for each in _WISHES} | _given(request))
        wanted = render.render(model.release(wish, self._terms))
        installer = await self._ways.installer(known.id)
        obstacle = plan.obstruction(wish, await installer.look()) or plan.hold(known, wanted, others, self._terms)
        changes = await installer.preview(wanted.objects, render.left_over(known.served, wanted))
        return wire.OperatorPreview(
            cluster=known.name,
            image=wanted.image,
            version=wanted.version,
            message="" if obstacle is None or not changes else obstacle.message,
            changes=changes,
        )

    async def _known(self, reader: database.Reader, name: str) -> model.Known:
        found = await store.get(reader, name)
        if found is not None:
            return found
        rows = await registry_store.rows(reader, nouns.CLUSTERS, name)
        if not rows:
            raise errors.NotFoundError(f"There is no cluster “{name}”.")
        raise ports.NoOperatorError(f"{rows[0]['name']} is a cluster of kind “{rows[0]['kind']}”.")

    async def _begin(
        self,
        writer: database.Writer,
        known: model.Known,
        keeper: Keeper,
        values: dict[str, Any],
        told: str,
        by: access.Principal,
    ) -> None:
        """Write a wish; what is under way goes on from where it is, and what was given up is forgotten.

        What is left to others is forgotten wholly: it may be anything when it comes back.
        """
        now = self._around.clock.now()
        more: dict[str, Any] = {"carried": ""}
        if keeper is Keeper.EXTERNAL:
            more |= {"status": Status.EXTERNAL, "reason": "", "message": "", "since": now}
            more |= {"attempt": "", "release": "", "served": None}
        elif known.status not in model.BUSY:
            more |= {"status": Status.PENDING, "reason": "Asked", "message": "It is looked at.", "since": now}
            more |= {"attempt": "", "release": ""}
        await store.change(writer, known.id, values | more)
        await engine_store.poke(writer, tables.OPERATORS_QUEUE, known.id, now)
        await store.poke_pending(writer, now)
        event = event_model.NewEvent(
            type="cluster.operator-changed",
            subject_kind=event_model.SubjectKind.CLUSTER,
            subject_id=known.id,
            at=now,
            actor=by.name,
            summary=told,
        )
        await event_store.record(writer, event)

    def _seen(self, known: model.Known) -> wire.Operator:
        wish = known.wish
        release = model.release(wish, self._terms)
        return wire.Operator(
            cluster=known.name,
            kept_by=wish.kept_by,
            image=release.image,
            version=release.version,
            follows=wish.version is None,
            facts=dict(wish.facts),
            takes_over=wish.takes_over,
            status=known.status,
            reason=known.reason,
            message=known.message,
            since=known.since,
            serving_version=None if known.served is None else known.served.version,
        )


_WISHES = ("kept_by", "image", "version", "facts", "takes_over")


def _given(request: wire.UpdateOperator) -> dict[str, Any]:
    """Return what a request says; null is a choice for what may be left to the house, and nothing for the rest."""
    given = request.model_dump(by_alias=False, exclude_unset=True)
    return {key: value for key, value in given.items() if value is not None or key in {"image", "version"}}
