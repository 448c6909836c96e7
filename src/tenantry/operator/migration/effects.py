"""Carries out what is due for one object.

Each is one write that holds only for the object as it was seen, or several that may each be made twice; so it does not
matter where the last process ended, nor whether two are at it.
"""

from collections.abc import Mapping
from typing import Any, assert_never

from tenantry.kubernetes import client as clients
from tenantry.kubernetes import documents, kinds, parts
from tenantry.operator.controller import installations
from tenantry.operator.migration import case as cases
from tenantry.operator.migration import changes, model, step
from tenantry.runtime import document

_KINDS = {
    each.kind: each for each in (kinds.VOLUME_CLAIM, kinds.SECRET, kinds.SERVICE, kinds.DEPLOYMENT, kinds.REPLICA_SET)
}


class Effects:
    """The hands of a migration."""

    def __init__(self, client: clients.Client) -> None:
        """Take how to ask."""
        self._client = client

    async def take(self, case: cases.Case, taken: step.Act, observed: model.Observed) -> None:
        """Carry out a step."""
        match taken:
            case step.Pause():
                await self._former(case, case.mapping.pause.changes, {model.PAUSED_BY: model.MANAGER})
            case step.Resume():
                await self._former(case, case.mapping.pause.resume, {model.PAUSED_BY: None})
            case step.Create():
                await self._create(case)
            case step.Displace():
                for each in taken.runners:
                    await self._displace(case, each)
            case step.Remember() | step.Release() | step.Hold() | step.Delete():
                await self._installation(case, taken, observed.successor)
            case _:
                for name, change in changes.of(case, taken, observed.successor):
                    await self._client.patch(_KINDS[name.kind], name.name, case.namespace, change)

    async def _former(self, case: cases.Case, patch: Mapping[str, Any], marks: Mapping[str, str | None]) -> None:
        about = parts.mapping(patch, "metadata")
        annotations = parts.mapping(about, "annotations") | dict(marks)
        whole = {**patch, "metadata": {**about, "uid": case.uid, "annotations": annotations}}
        await self._client.patch(case.mapping.kind, case.name, case.namespace, whole)

    async def _create(self, case: cases.Case) -> None:
        made = documents.written(case.wanted, namespace=case.namespace)
        about: dict[str, Any] = made["metadata"]
        labels = parts.mapping(about, "labels") | {installations.HELD: "true"}
        annotations = parts.mapping(about, "annotations") | {model.FORMER: case.uid}
        metadata = {**about, "labels": labels, "annotations": annotations}
        await self._client.create(kinds.INSTALLATION, {**made, "metadata": metadata})

    async def _displace(self, case: cases.Case, runner: model.Runner) -> None:
        """Mark what runs the pods, so that it is found again, and take away only what stands above it."""
        deployment = await self._client.get(kinds.DEPLOYMENT, runner.name.name, case.namespace)
        labels = parts.mapping(deployment, "spec", "selector", "matchLabels")
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        pages = self._client.pages(kinds.REPLICA_SET, namespace=case.namespace, labels=selector)
        mark = {"metadata": {"labels": {model.FORMER: case.uid}}}
        for each in await clients.objects(pages):
            is_marked = parts.mapping(each, "metadata", "labels").get(model.FORMER) == case.uid
            if cases.controller(each) == runner.uid and not is_marked:
                await self._client.patch(kinds.REPLICA_SET, each["metadata"]["name"], case.namespace, mark)
        orphan = clients.Propagation.ORPHAN
        await self._client.delete(
            kinds.DEPLOYMENT, runner.name.name, case.namespace, propagation=orphan, uid=runner.uid
        )

    async def _installation(
        self,
        case: cases.Case,
        taken: step.Remember | step.Release | step.Hold | step.Delete,
        successor: model.Successor | None,
    ) -> None:
        if successor is None:
            return
        kind, name, space = kinds.INSTALLATION, case.wanted.metadata.name, case.namespace
        about: dict[str, Any] = {"uid": successor.uid}
        match taken:
            case step.Delete():
                await self._client.delete(kind, name, space, uid=successor.uid)
            case step.Remember():
                patch = {"metadata": about, "status": {"memory": changes.memory(case)}}
                await self._client.patch(kind, name, space, patch, subresource="status")
            case step.Hold():
                # A volume must outlive the Installation on the way back, whatever the operator has seen by then.
                about["labels"] = {installations.HELD: "true"}
                spec = {"deletionPolicy": document.DeletionPolicy.RETAIN}
                await self._client.patch(kind, name, space, {"metadata": about, "spec": spec})
            case step.Release():
                about["labels"] = {installations.HELD: None}
                spec = {"deletionPolicy": case.wanted.spec.deletion_policy}
                await self._client.patch(kind, name, space, {"metadata": about, "spec": spec})
            case _:
                assert_never(taken)
