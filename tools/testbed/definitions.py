"""Custom resource definitions of others, as their modules carry them, given to a cluster."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import yaml

from testbed import api, process

_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_KIND = "CustomResourceDefinition"
_LOOK_EVERY = 0.1
_WITHIN = timedelta(seconds=60)


class _Loader(yaml.CSafeLoader):
    """Reads `=` as the text that it is: definitions list it among operators."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)


def read(folder: Path) -> Sequence[api.Object]:
    """Return the definitions that the files of a folder hold; what else they hold is left out."""
    documents = [each for file in sorted(folder.glob("*.yaml")) for each in yaml.load_all(file.read_text(), _Loader)]
    return [each for each in documents if each is not None and each["kind"] == _KIND]


async def apply(asked: api.Api, wanted: Sequence[api.Object], *, within: timedelta = _WITHIN) -> None:
    """Give definitions to a cluster, and wait until it serves their kinds.

    Args:
        asked: a connection as somebody who may.
        wanted: the definitions.
        within: bound of the wait.

    Raises:
        ApiError: one is refused.
        ProgramSlowError: one is not served in time.
    """
    async with asyncio.TaskGroup() as group:
        for each in wanted:
            group.create_task(_apply(asked, each, within))


async def _apply(asked: api.Api, definition: api.Object, within: timedelta) -> None:
    await asked.apply(f"{_PATH}/{definition['metadata']['name']}", definition)
    await _until_served(asked, definition, within)


async def _until_served(asked: api.Api, definition: api.Object, within: timedelta) -> None:
    group, plural = definition["spec"]["group"], definition["spec"]["names"]["plural"]
    version = next(each["name"] for each in definition["spec"]["versions"] if each["served"])
    try:
        async with asyncio.timeout(within.total_seconds()):
            while not await _is_served(asked, f"/apis/{group}/{version}/{plural}"):  # noqa: ASYNC110 - a server acts
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError:
        raise process.ProgramSlowError(f"{plural}.{group} is not served.") from None


async def _is_served(asked: api.Api, path: str) -> bool:
    try:
        await asked.get(f"{path}?limit=1")
    except api.ApiError as error:
        if error.answer in {HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
            return False
        raise
    return True
