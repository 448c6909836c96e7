"""Writes stored objects of a kind anew, so that all are stored in the version that its definition stores now.

A write that changes nothing makes the API server encode the object again. Nothing has to be remembered between two
runs: an object that is stored in the new version already is not written by it, and one that somebody else changes or
deletes meanwhile was written by that.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import failures, kinds

_SEVERAL = 8


class NotRewritableError(errors.CustomerMustActError):
    """The kind's stored objects cannot be written anew."""

    code = "not-rewritable"
    status = 422


class Outcome(StrEnum):
    """What became of an object."""

    WRITTEN = "written"
    """It is stored in the new version."""
    CHANGED = "changed"
    """Somebody else wrote it meanwhile, or deleted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """What a run has done.

    Attributes:
        version: the version in which everything is stored.
        before: the versions in which something might have been stored.
    """

    version: str
    before: tuple[str, ...]
    counted: Counter[Outcome]


async def rewrite(client: clients.Client, kind: kinds.Kind, *, size: int = 500) -> Rewritten:
    """Write every object of a kind anew, then drop the versions before from the definition's `storedVersions`.

    Args:
        client: how to ask; its gate says how fast.
        kind: the kind, in any version that is served.
        size: objects that are read at once.

    Raises:
        NotRewritableError: the version that is stored has changed while this ran, so that nothing can be said.
        errors.TenantryError: the API server did not do it; what was written stays so, run it again.
    """
    definition = await _definition(client, kind)
    version = _stored(definition)
    counted: Counter[Outcome] = Counter()
    # Read to the end first, keeping only who they are: writing takes longer than the API server remembers a list.
    known = [each["metadata"] async for page in client.pages(kind, size=size) for each in page.items]
    for at in range(0, len(known), _SEVERAL):
        counted.update(await _write_several(client, kind, known[at : at + _SEVERAL]))
    again = await _definition(client, kind)
    if _stored(again) != version:
        raise NotRewritableError(f"The stored version of {kind.plural} has changed meanwhile; run it again.")
    changes = {"metadata": {"resourceVersion": again["metadata"]["resourceVersion"]}}
    name = again["metadata"]["name"]
    await client.patch(
        kinds.DEFINITION,
        name,
        None,
        {**changes, "status": {"storedVersions": [version]}},
        subresource="status",
    )
    return Rewritten(version=version, before=tuple(definition["status"]["storedVersions"]), counted=counted)


async def _write_several(client: clients.Client, kind: kinds.Kind, known: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_write(client, kind, each)) for each in known]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [each.result() for each in tasks]


async def _write(client: clients.Client, kind: kinds.Kind, about: Mapping[str, Any]) -> Outcome:
    # It holds only for the object as it was read, so that one that was made anew or changed is not touched.
    same = {"metadata": {"uid": about["uid"], "resourceVersion": about["resourceVersion"]}}
    try:
        await client.patch(kind, about["name"], about.get("namespace"), same)
    except (failures.OutdatedError, failures.MissingError):
        return Outcome.CHANGED
    return Outcome.WRITTEN


async def _definition(client: clients.Client, kind: kinds.Kind) -> kinds.Object:
    return await client.get(kinds.DEFINITION, f"{kind.plural}.{kind.group}")


def _stored(definition: kinds.Object) -> str:
    return next(each["name"] for each in definition["spec"]["versions"] if each["storage"])
