"""The changes that steps make, each as a merge patch. Pure.

Each holds only for the object as it was seen, and writes down on the object what has to be known to take it back.
"""

from collections.abc import Mapping
from typing import Any, assert_never

import orjson

from tenantry.kubernetes import failures, kinds, parts
from tenantry.operator.controller import world
from tenantry.operator.migration import case as cases
from tenantry.operator.migration import mapping as mappings
from tenantry.operator.migration import model, step
from tenantry.operator.render import objects
from tenantry.runtime import document


def of(
    case: cases.Case,
    taken: step.HandOver | step.HandBack | step.Forget | step.Switch | step.SwitchBack | step.Retire | step.Revive,
    successor: model.Successor | None,
) -> list[tuple[model.Name, kinds.Object]]:
    """Return the changes that a step makes, by object."""
    found: list[tuple[model.Name, kinds.Object]]
    match taken:
        case step.HandOver():
            found = [_handed_over(case, each, successor) for each in taken.things]
        case step.HandBack():
            found = [_handed_back(each) for each in taken.things]
        case step.Forget():
            found = [_forgotten(each) for each in taken.things]
        case step.Switch():
            found = [_switched(case, each) for each in taken.doors]
        case step.SwitchBack():
            found = [_switched_back(each) for each in taken.doors]
        case step.Retire():
            found = [_scaled(each, 0, str(each.wanted)) for each in taken.runners]
        case step.Revive():
            found = [_scaled(each, each.before or 0, None) for each in taken.runners]
        case _:
            assert_never(taken)
    return found


def memory(case: cases.Case) -> kinds.Object:
    """Return what an Installation remembers from the start.

    What was set up elsewhere is not set up again, and the data are those of the version that comes over.
    """
    memory = document.Memory(is_initialised=True, has_administrator=True, data_version=case.wanted.spec.version)
    return memory.model_dump(mode="json", by_alias=True, exclude_none=True)


def _handed_over(
    case: cases.Case, thing: model.Thing, successor: model.Successor | None
) -> tuple[model.Name, kinds.Object]:
    """Replace the owner in one write, so that there is exactly one at any time."""
    if successor is None:
        raise failures.MissingError(f"The Installation “{case.wanted.metadata.name}” is gone.")
    item = thing.item
    is_claim = thing.name.kind == kinds.VOLUME_CLAIM.kind
    is_retained = is_claim and case.wanted.spec.deletion_policy is document.DeletionPolicy.RETAIN
    before = parts.listed(item, "metadata", "ownerReferences")
    others = [each for each in before if each["uid"] != case.uid and not each.get("controller")]
    labels = parts.mapping(item, "metadata", "labels")
    record = {"owners": before, "isWatched": labels.get(world.HANDED_OVER)}
    kept = cases.record(item, model.OWNERS_BEFORE) or orjson.dumps(record).decode()
    about: dict[str, Any] = {
        "ownerReferences": others if is_retained else [*others, case.owner(successor.uid)],
        "annotations": {model.OWNERS_BEFORE: kept},
    }
    if thing.name.kind == kinds.SECRET.kind:
        about["labels"] = {world.HANDED_OVER: "true"}
    return thing.name, _guarded(item, about)


def _handed_back(thing: model.Thing) -> tuple[model.Name, kinds.Object]:
    record: dict[str, Any] = orjson.loads(cases.record(thing.item, model.OWNERS_BEFORE) or "{}")
    labels: dict[str, str | None] = {}
    if thing.name.kind == kinds.VOLUME_CLAIM.kind:
        present = parts.mapping(thing.item, "metadata", "labels")
        labels = dict.fromkeys(key for key in present if key.startswith(objects.DOMAIN))
    if thing.name.kind == kinds.SECRET.kind:
        labels = {world.HANDED_OVER: record.get("isWatched")}
    about: dict[str, Any] = {
        "ownerReferences": record.get("owners") or [],
        "annotations": {model.OWNERS_BEFORE: None},
        "labels": labels,
    }
    return thing.name, _guarded(thing.item, about)


def _forgotten(thing: model.Thing) -> tuple[model.Name, kinds.Object]:
    managers = parts.listed(thing.item, "metadata", "managedFields")
    return thing.name, _guarded(
        thing.item, {"managedFields": [each for each in managers if each.get("manager") != model.MANAGER]}
    )


def _switched(case: cases.Case, door: model.Door) -> tuple[model.Name, kinds.Object]:
    wanted = next(each for each in case.filled.services if each.name == door.name.name)
    before = {key: door.item["spec"].get(key) for key in ("selector", "ports")}
    ports = [{**each, "targetPort": case.target(wanted)} for each in parts.listed(door.item, "spec", "ports")]
    record = cases.record(door.item, model.ROUTE_BEFORE) or orjson.dumps(before).decode()
    return door.name, _routed(door, case.selector(wanted), ports, record)


def _switched_back(door: model.Door) -> tuple[model.Name, kinds.Object]:
    record = cases.record(door.item, model.ROUTE_BEFORE)
    if record is None:
        raise mappings.UnmappableError(f"{door.name}: nobody has written down where it led to.")
    before: dict[str, Any] = orjson.loads(record)
    return door.name, _routed(door, before["selector"], before["ports"], None)


def _routed(
    door: model.Door, selector: Mapping[str, str], ports: list[kinds.Object], record: str | None
) -> kinds.Object:
    nothing = dict.fromkeys(parts.mapping(door.item, "spec", "selector"))
    changes = _guarded(door.item, {"annotations": {model.ROUTE_BEFORE: record}})
    return {**changes, "spec": {"selector": {**nothing, **selector}, "ports": ports}}


def _scaled(runner: model.Runner, replicas: int, record: str | None) -> tuple[model.Name, kinds.Object]:
    about = {"uid": runner.uid, "annotations": {model.REPLICAS_BEFORE: record}}
    return runner.name, {"metadata": about, "spec": {"replicas": replicas}}


def _guarded(item: kinds.Object, about: Mapping[str, Any]) -> kinds.Object:
    """Return a change that holds only for the object as it was seen."""
    seen: Mapping[str, Any] = item["metadata"]
    return {"metadata": {"uid": seen["uid"], "resourceVersion": seen["resourceVersion"], **about}}
