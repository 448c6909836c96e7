"""What a cluster with controllers is given before anybody uses it: nodes that are well, and a class of storage."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import aiohttp

from testbed import api, images, names, node, nodes, passage, process, room
from testbed import layout as layouts

_AT_ONCE = 16
_VOLUMES = 14
_LOOK_EVERY = 0.1
_STORAGE_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"


async def furnish(asked: api.Api, wanted: Sequence[nodes.Pretended], storage_class: api.Object) -> None:
    """Make nodes and the class of storage, and wait until the nodes are well.

    Args:
        asked: a connection as the administrator.
        wanted: which nodes.
        storage_class: the class whose volumes are pretended.

    Raises:
        ProgramSlowError: they are not well in time.
    """
    await asked.apply(f"{_STORAGE_CLASSES}/{storage_class['metadata']['name']}", storage_class)
    await add_nodes(asked, wanted)


async def furnish_node(asked: api.Api, place: room.Room, name_server: Path) -> None:
    """Give a real node the image that every pod needs, names, and volumes of its disk to whoever claims them.

    Args:
        asked: a connection as the administrator.
        place: the node's room.
        name_server: the program.

    Raises:
        ImageRefusedError: its container runtime does not take an image.
        ProgramSlowError: the name server does not answer in time.
    """
    written = names.image(name_server, place.folder)
    await images.load(place, [images.pause(place.folder), written])
    await asked.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", node.api_server())
    for path, item in names.objects(written.reference):
        await asked.create(path, item)
    storage_class = node.storage_class()
    await asked.apply(f"{_STORAGE_CLASSES}/{storage_class['metadata']['name']}", storage_class)
    for number in range(1, _VOLUMES + 1):
        folder = place.folder / "volumes" / str(number)
        folder.mkdir(parents=True)
        await asked.create("/api/v1/persistentvolumes", node.volume(number, folder))
    await _until_names_are_known(asked, place)


async def add_nodes(asked: api.Api, wanted: Sequence[nodes.Pretended]) -> None:
    """Make nodes and wait until they are well.

    Raises:
        ProgramSlowError: they are not well in time.
    """
    room = asyncio.Semaphore(_AT_ONCE)

    async def make(node: nodes.Pretended) -> None:
        async with room:
            await asked.create(nodes.PATH, nodes.rendered(node))

    async with asyncio.TaskGroup() as group:
        for each in wanted:
            group.create_task(make(each))
    await until_ready(asked, {each.name for each in wanted})


async def until_ready(asked: api.Api, names: set[str], *, within: timedelta = process.START_TIME) -> None:
    """Wait until all nodes of these names are well.

    Raises:
        ProgramSlowError: they are not in time; the message names those that are not.
    """
    missing = names
    try:
        async with asyncio.timeout(within.total_seconds()):
            while missing := names - await _well(asked):  # noqa: ASYNC110 - kwok acts in another process
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError:
        raise process.ProgramSlowError(f"These nodes are not well: {', '.join(sorted(missing))}.") from None


async def _until_names_are_known(asked: api.Api, place: room.Room, *, within: timedelta = process.START_TIME) -> None:
    try:
        async with asyncio.timeout(within.total_seconds()):
            while not api.is_true(await asked.get(names.POD), "Ready"):  # noqa: ASYNC110 - kubelet acts
                await asyncio.sleep(_LOOK_EVERY)
            while not await passage.listens(place.pid, layouts.NAME_SERVICE, names.PORT):  # noqa: ASYNC110 - kube-proxy
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError:
        raise process.ProgramSlowError("The name server does not answer.") from None


async def is_well(asked: api.Api, name: str) -> bool:
    """Tell whether there is a node of this name and it is well; no answer means no."""
    with contextlib.suppress(api.ApiError, aiohttp.ClientError, OSError, TimeoutError):
        return name in await _well(asked)
    return False


async def _well(asked: api.Api) -> set[str]:
    return {each["metadata"]["name"] for each in await asked.items(nodes.PATH) if api.is_true(each, "Ready")}
