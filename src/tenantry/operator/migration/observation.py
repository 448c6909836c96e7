"""Reads everything that is so with one former object, from the API server alone."""

from collections.abc import Iterable, Mapping
from typing import Any

from tenantry.kubernetes import client as clients
from tenantry.kubernetes import documents, failures, kinds, parts
from tenantry.operator.controller import installations
from tenantry.operator.migration import case as cases
from tenantry.operator.migration import mapping as mappings
from tenantry.operator.migration import model
from tenantry.operator.render import objects
from tenantry.runtime import document

_SLICE_OF = "kubernetes.io/service-name"
_DEFAULT = 1


class NotOursError(mappings.UnmappableError):
    """There is an Installation of this name already, which was not made from this object."""

    code = "installation-exists"


class Observer:
    """Looks at one object after another."""

    def __init__(self, client: clients.Client) -> None:
        """Take how to ask."""
        self._client = client

    async def observe(self, case: cases.Case, way: model.Way | None) -> model.Observed:
        """Return what is so; pods are asked for only where it matters whom they serve.

        Raises:
            NotOursError: the Installation's name is taken.
            errors.TenantryError: the API server does not tell.
        """
        installation = await self.found(kinds.INSTALLATION, case.wanted.metadata.name, case.namespace)
        successor = None if installation is None else _successor(case, installation)
        present = {
            model.Name(kind.kind, name): await self.found(kind, name, case.namespace) for kind, name in case.things
        }
        is_back = way is model.Way.BACK
        return model.Observed(
            former=_former(case),
            successor=successor,
            things=tuple(_thing(case, name, each, successor) for name, each in present.items() if each is not None),
            runners=tuple(await self._runners(case, is_back=is_back)),
            doors=tuple(await self._doors(case, present, is_back=is_back)),
        )

    async def found(self, kind: kinds.Kind, name: str, namespace: str) -> kinds.Object | None:
        """Return an object, or None where there is none."""
        try:
            return await self._client.get(kind, name, namespace)
        except failures.MissingError:
            return None

    async def _runners(self, case: cases.Case, *, is_back: bool) -> list[model.Runner]:
        deployments = [await self.found(kinds.DEPLOYMENT, name, case.namespace) for name in case.filled.deployments]
        former = [each for each in deployments if each is not None and not _is_ours(each)]
        found = [(kinds.DEPLOYMENT, each) for each in former]
        if len(former) < len(deployments):  # one has made room; what it ran is still there
            labels = f"{model.FORMER}={case.uid}"
            sets = await clients.objects(self._client.pages(kinds.REPLICA_SET, namespace=case.namespace, labels=labels))
            found += [(kinds.REPLICA_SET, each) for each in sets if cases.controller(each) is None]
        return [await self._runner(case, kind, each, is_back=is_back) for kind, each in found]

    async def _runner(self, case: cases.Case, kind: kinds.Kind, item: kinds.Object, *, is_back: bool) -> model.Runner:
        about: dict[str, Any] = item["metadata"]
        selector = parts.mapping(item, "spec", "selector", "matchLabels")
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        pods = await self._ready_pods(case, f"{labels},!{objects.INSTALLATION}") if is_back else set[str]()
        before = cases.record(item, model.REPLICAS_BEFORE)
        return model.Runner(
            name=model.Name(kind.kind, about["name"]),
            uid=about["uid"],
            wanted=item["spec"].get("replicas", _DEFAULT),
            ready=len(pods),
            is_in_the_way=kind is kinds.DEPLOYMENT and case.needs_name(about["name"]),
            is_ending=about.get("deletionTimestamp") is not None,
            before=None if before is None else int(before),
        )

    async def _doors(
        self, case: cases.Case, present: Mapping[model.Name, kinds.Object | None], *, is_back: bool
    ) -> list[model.Door]:
        found: list[model.Door] = []
        for each in case.filled.services:
            item = present[model.Name(kinds.SERVICE.kind, each.name)]
            if item is None:
                continue
            leads = model.Side.OURS if item["spec"].get("selector") == case.selector(each) else model.Side.FORMER
            is_asked = is_back or leads is model.Side.OURS
            serves = await self._serves(case, each.name) if is_asked else model.Side.FORMER
            found.append(
                model.Door(name=model.Name(kinds.SERVICE.kind, each.name), leads=leads, serves=serves, item=item)
            )
        return found

    async def _serves(self, case: cases.Case, service: str) -> model.Side:
        """Tell whose pods a Service really leads to, as those learn it who forward to it."""
        pages = self._client.pages(kinds.ENDPOINT_SLICE, namespace=case.namespace, labels=f"{_SLICE_OF}={service}")
        serving = set(_serving(await clients.objects(pages)))
        ours = await self._ready_pods(case, f"{objects.INSTALLATION}={case.wanted.metadata.name}")
        if serving and serving <= ours:
            return model.Side.OURS
        return model.Side.FORMER if serving and not serving & ours else model.Side.NEITHER

    async def _ready_pods(self, case: cases.Case, labels: str) -> set[str]:
        pages = self._client.pages(kinds.POD, namespace=case.namespace, labels=labels)
        return {each["metadata"]["name"] for each in await clients.objects(pages) if _is_ready(each)}


def _former(case: cases.Case) -> model.FormerSeen:
    pause = case.mapping.pause
    return model.FormerSeen(
        uid=case.uid,
        is_touched=cases.record(case.item, model.PAUSED_BY) is not None,
        is_paused=cases.agrees(case.item, pause.changes),
        has_let_go=cases.agrees(case.item, pause.observed),
    )


def _successor(case: cases.Case, item: kinds.Object) -> model.Successor:
    if cases.record(item, model.FORMER) != case.uid:
        raise NotOursError(
            f"There is an Installation “{case.wanted.metadata.name}” that was not made from this object."
        )
    doc = documents.installation(item)
    status = doc.status or document.InstallationStatus()
    memory = status.memory or document.Memory()
    is_current = status.observed_generation == doc.metadata.generation
    return model.Successor(
        uid=item["metadata"]["uid"],
        is_held=doc.metadata.labels.get(installations.HELD) == "true",
        is_kept=doc.spec.deletion_policy is document.DeletionPolicy.RETAIN,
        is_remembering=memory.is_initialised,
        is_ready=is_current and status.phase in (document.Phase.READY, document.Phase.ASLEEP),
        is_ending=item["metadata"].get("deletionTimestamp") is not None,
        has_newer_data=memory.data_version not in (None, case.wanted.spec.version),
        story=_story(status),
        version=item["metadata"]["resourceVersion"],
    )


def _story(status: document.InstallationStatus) -> str:
    """Return why an Installation is not ready, as it says itself."""
    not_so = [each for each in status.conditions if each.status is not document.ConditionStatus.TRUE]
    told = f"{not_so[0].reason}: {not_so[0].message}" if not_so else ""
    return f"The Installation is {status.phase}. {told}".strip()


def _thing(case: cases.Case, name: model.Name, item: kinds.Object, successor: model.Successor | None) -> model.Thing:
    is_handed = cases.record(item, model.OWNERS_BEFORE) is not None
    owners = parts.listed(item, "metadata", "ownerReferences")
    is_retained = (
        name.kind == kinds.VOLUME_CLAIM.kind and case.wanted.spec.deletion_policy is document.DeletionPolicy.RETAIN
    )
    expected = None if is_retained or successor is None else successor.uid
    is_ours = is_handed and successor is not None and cases.controller(item) == expected
    is_formers = case.uid in [each["uid"] for each in owners]
    managers = parts.listed(item, "metadata", "managedFields")
    return model.Thing(
        name=name,
        owner=model.Side.OURS if is_ours else model.Side.FORMER if is_formers else model.Side.NEITHER,
        is_handed=is_handed,
        # Only of volume claims does the operator itself decide who owns them.
        has_traces=name.kind == kinds.VOLUME_CLAIM.kind
        and any(each.get("manager") == model.MANAGER for each in managers),
        item=item,
    )


def _is_ours(item: kinds.Object) -> bool:
    return objects.INSTALLATION in parts.mapping(item, "metadata", "labels")


def _is_ready(pod: kinds.Object) -> bool:
    conditions = parts.listed(pod, "status", "conditions")
    is_staying = pod["metadata"].get("deletionTimestamp") is None
    return is_staying and any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _serving(slices: Iterable[kinds.Object]) -> Iterable[str]:
    for each in slices:
        for endpoint in parts.listed(each, "endpoints"):
            if parts.mapping(endpoint, "conditions").get("ready") is not False:
                yield parts.mapping(endpoint, "targetRef").get("name", "")
