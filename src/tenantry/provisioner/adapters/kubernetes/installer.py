"""Sees and changes our operator in a Kubernetes cluster: what is there, who keeps it, and what applying would do."""

from collections.abc import Mapping, Sequence
from typing import Any

from tenantry.kubernetes import client as clients
from tenantry.kubernetes import failures, kinds, parts
from tenantry.provisioner.adapters.kubernetes import access, addons, differences, managers, rollouts
from tenantry.provisioner.operators import model, ports, render
from tenantry.wire import operators as wire

_SELECTOR = ",".join(f"{key}={value}" for key, value in addons.COMPONENT.items())
_KINDS: Mapping[str, kinds.Kind] = {each.kind: each for each in access.INSTALLED}
_LEASE = "tenantry-operator"


class OperatorInstaller:
    """The operator of one cluster."""

    def __init__(self, client: clients.Client) -> None:
        """Take a client that may do what `access.keeping` says."""
        self._client = client

    async def look(self) -> model.Seen:
        try:
            return await self._look()
        except failures.NotAllowedError as error:
            raise ports.KeepingForbiddenError(error.message) from error

    async def apply(self, objects: Sequence[model.Object]) -> None:
        try:
            for each in objects:
                await self._client.apply(_KINDS[each["kind"]], each)
        except failures.NotAllowedError as error:
            raise ports.KeepingForbiddenError(error.message) from error

    async def remove(self, objects: Sequence[model.Object]) -> None:
        for each in objects:
            about: Mapping[str, Any] = each["metadata"]
            await self._client.delete(_KINDS[each["kind"]], about["name"], about.get("namespace"))

    async def preview(
        self, objects: Sequence[model.Object], left_over: Sequence[model.Object]
    ) -> list[wire.ObjectChange]:
        try:
            has_home = await self._present(_home()) is not None
            tried = [await self._tried(each, has_home=has_home) for each in objects]
            present = [each for each in left_over if await self._present(each) is not None]
        except failures.NotAllowedError as error:
            raise ports.KeepingForbiddenError(error.message) from error
        return [*(each for each in tried if each is not None), *map(differences.removed, present)]

    async def _look(self) -> model.Seen:
        pages = self._client.pages(kinds.DEPLOYMENT, labels=_SELECTOR)
        found = await clients.objects(pages)
        ours = [each for each in found if _place(each) == f"{render.HOME}/{render.NAME}"]
        elsewhere = tuple(sorted(_place(each) for each in found if each not in ours))
        if not ours:
            return _strangers(found)
        deployment, manager = ours[0], managers.of(ours[0]) or "Somebody"
        if manager != managers.OURS:
            return _seen(deployment, manager, elsewhere)
        state = rollouts.state(deployment, await self._pods(), await self._lease())
        return _seen(deployment, manager, elsewhere, state)

    async def _pods(self) -> list[kinds.Object]:
        pages = self._client.pages(kinds.POD, namespace=render.HOME, labels=_SELECTOR)
        return await clients.objects(pages)

    async def _lease(self) -> kinds.Object | None:
        try:
            return await self._client.get(kinds.LEASE, _LEASE, render.HOME)
        except failures.MissingError:
            return None

    async def _tried(self, wanted: model.Object, *, has_home: bool) -> wire.ObjectChange | None:
        """Return what would become of an object; without its namespace, nobody can be asked, and it is new."""
        present = await self._present(wanted)
        if present is None:
            if has_home or "namespace" not in wanted["metadata"]:
                await self._client.apply(_KINDS[wanted["kind"]], wanted, is_trial=True)
            return differences.made(wanted)
        after = await self._client.apply(_KINDS[wanted["kind"]], wanted, is_trial=True)
        return differences.changed(present, after)

    async def _present(self, item: model.Object) -> kinds.Object | None:
        about: Mapping[str, Any] = item["metadata"]
        try:
            return await self._client.get(_KINDS[item["kind"]], about["name"], about.get("namespace"))
        except failures.MissingError:
            return None


def _home() -> model.Object:
    return {"kind": "Namespace", "metadata": {"name": render.HOME}}


def _strangers(found: Sequence[kinds.Object]) -> model.Seen:
    """Return what is seen where none has our name: the first that there is, and the rest."""
    if not found:
        return model.Seen()
    manager = managers.of(found[0]) or "Somebody"
    return _seen(found[0], manager, tuple(sorted(map(_place, found))))


def _seen(
    deployment: kinds.Object,
    manager: str,
    elsewhere: tuple[str, ...],
    state: rollouts.State | None = None,
) -> model.Seen:
    containers = parts.listed(deployment, "spec", "template", "spec", "containers")
    annotations: Mapping[str, str] = parts.mapping(deployment, "metadata", "annotations")
    return model.Seen(
        manager=manager,
        place=_place(deployment),
        image=str(containers[0].get("image") or "") if containers else "",
        version=addons.version(deployment) or "",
        digest=annotations.get(render.DIGEST, "") if state is not None else "",
        is_ready=state is not None and state.is_ready,
        is_led=state is not None and state.is_led,
        obstacle="" if state is None else state.obstacle,
        elsewhere=elsewhere,
    )


def _place(item: kinds.Object) -> str:
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"
