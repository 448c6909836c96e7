"""A real node whose kubelet dies, that stands still or is cut off, and a real volume that is full or cannot be mounted.

They share a cluster of their own that takes a silent node for away sooner than Kubernetes does by itself.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.runtime import document
from testbed import archive, cache, contents, harm, images, inside, node, nodes, room
from testbed import cluster as clusters

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

Phase = document.Phase
WORKLOADS_READY = document.ConditionType.WORKLOADS_READY
PATIENCE = 8
WITHIN = timedelta(seconds=120)
CLASS = "small"
VOLUMES = "/api/v1/persistentvolumes"
SIZE = "1Mi"
PROGRAM = """
import http.server, pathlib, sys, threading, time

def note(file):
    while True:
        file.with_suffix(".new").write_text("something worth keeping")
        file.with_suffix(".new").replace(file)
        time.sleep(0.1)

def serve():
    http.server.HTTPServer(("", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()

threading.Thread(target=serve, daemon=True).start()
note(pathlib.Path(sys.argv[2], "notes"))
"""
"""Serves, and keeps a note anew again and again, for which there must be room for another."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def up(real_parts: cache.Cache, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[clusters.Cluster]:
    del real_parts
    folder = tmp_path_factory.mktemp("cluster")
    async with clusters.running(folder, level=clusters.Level.NODE, node_patience=PATIENCE) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ordered(up: clusters.Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[stages.Ordered]:
    """An installation with a small volume that is ready, and its operator."""
    volume = await small_volume(up.real_node)
    facts = tmp_path_factory.mktemp("facts") / "facts.yaml"
    facts.write_text(yaml.safe_dump({"storage_class": CLASS}))
    async with up.connected() as api:
        await api.apply(kinds.STORAGE_CLASS.path(None, CLASS), volume_class())
        await api.create(VOLUMES, volume)
        stage = stages.Stage(up, api)
        await stage.prepare()
        name = stages.fresh("notes")
        command = ["python3", "-u", "-c", PROGRAM, "{{ ports.http }}", "{{ volumes.data }}"]
        web = {
            "name": "web",
            "command": command,
            "ports": [{"name": "http"}],
            "readiness": {"http": {"port": "http"}},
            "volumes": [{"name": "data"}],
        }
        offered = stages.application(
            name,
            versions=[{"version": "1.0", "image": await python_image(up.real_node)}],
            files=[],
            settings={},
            workloads=[web],
            needs={"volumes": [{"name": "data", "size": SIZE}]},
            sizes=[{"name": "small"}],
        )
        await stage.offer(offered)
        async with stage.operator(facts_file=facts):
            made = await stage.order(name, namespace=stages.fresh("acme"))
            await made.until(Phase.READY, within=WITHIN)
            yield made


async def python_image(place: room.Room) -> str:
    """Give the node an image with nothing but a Python, and return its reference."""
    layer = contents.system(await contents.interpreter(">=3.11"))
    image = archive.Image(name="registry.test/notes:1", layers=[layer], environment=contents.ENVIRONMENT)
    with tempfile.TemporaryDirectory() as folder:
        written = await asyncio.to_thread(archive.write, image, Path(folder) / "notes.tar")
        await images.load(place, [written])
    return written.reference


def folder_of(place: room.Room) -> Path:
    """Return where the small file system is, in the room."""
    return place.folder / "small"


async def small_volume(place: room.Room) -> dict[str, Any]:
    """Mount a file system of a size on the node, and return it as a volume."""
    folder = folder_of(place)
    folder.mkdir()
    await inside.run(place, ["mount", "-t", "tmpfs", "-o", f"size={SIZE.rstrip('i')},mode=0777", "small", str(folder)])
    return volume_at(folder)


def volume_at(folder: Path) -> dict[str, Any]:
    """Return a volume of that class whose content is in a folder of the node."""
    made = node.volume(0, folder)
    made["metadata"]["name"] = folder.name
    made["spec"] |= {"storageClassName": CLASS, "capacity": {"storage": SIZE}}
    return made


def volume_class() -> dict[str, object]:
    """Return the class of that volume."""
    made = node.storage_class()
    return {**made, "metadata": {"name": CLASS}}


@asynccontextmanager
async def kubelet_killed(up: clusters.Cluster) -> AsyncGenerator[None]:
    await up.programs.kill("kubelet")
    try:
        yield
    finally:
        await up.programs.start("kubelet")


@asynccontextmanager
async def node_frozen(up: clusters.Cluster) -> AsyncGenerator[None]:
    with harm.frozen(up):
        yield


def befallen(up: clusters.Cluster, how: str) -> AbstractAsyncContextManager[None]:
    """Let this befall the node until the block ends."""
    return {"killed": kubelet_killed, "frozen": node_frozen, "cut": harm.cut}[how](up)


async def is_well(ordered: stages.Ordered) -> bool:
    """Tell whether the node and the pod are said to be ready: after a fault each of them may be so before the other.

    A silent node changes nothing of a pod that was not ready by itself, and nothing at all where it was away already.
    """
    seen = [*await ordered.api.items(nodes.PATH), *await ordered.api.items(kinds.POD.path(ordered.namespace))]
    return all({"Ready": "True"}.items() <= conditions(each).items() for each in seen)


def conditions(item: kinds.Object) -> dict[str, str]:
    return {each["type"]: each["status"] for each in item["status"]["conditions"]}


@pytest.mark.parametrize("how", ["killed", "frozen", "cut"])
async def test_a_node_that_says_nothing_is_named_and_what_comes_back_is_well_again(
    up: clusters.Cluster, ordered: stages.Ordered, kubectl: Path, how: str
) -> None:
    await stages.eventually(lambda: is_well(ordered), within=WITHIN)
    async with befallen(up, how):
        told = await ordered.says(WORKLOADS_READY, f"The node “{node.NAME}” does not answer.", within=WITHIN)
        assert told.reason == "Restarting"
        assert (await ordered.until(Phase.DEGRADED)).serving_version is None
        assert f"The node “{node.NAME}” does not answer." in await stages.described(up, ordered, kubectl)
    status = await ordered.until(Phase.READY, within=WITHIN)
    assert status.serving_version == "1.0"


async def test_a_volume_that_is_full_is_told_in_the_words_of_the_program(
    up: clusters.Cluster, ordered: stages.Ordered, kubectl: Path
) -> None:
    place = up.real_node
    filler = folder_of(place) / "filler"
    fill = f"cat /dev/zero > {filler} 2> /dev/null || true"
    await inside.run(place, ["sh", "-c", fill])
    try:
        told = await ordered.says(WORKLOADS_READY, "A volume is full", "No space left on device", within=WITHIN)
        assert (await ordered.condition(document.ConditionType.READY)) is not None
        assert told.reason == "Restarting"
        status = await ordered.until(Phase.DEGRADED)
        assert any("No space left on device" in line for line in status.last_log_lines)
        assert "A volume is full; the log says: OSError: [Errno 28]" in await stages.described(up, ordered, kubectl)
    finally:
        await inside.run(place, ["rm", str(filler)])
    await ordered.until(Phase.READY, within=WITHIN)


async def test_a_volume_that_cannot_be_mounted_is_told_as_the_node_warns_of_it(
    up: clusters.Cluster, ordered: stages.Ordered, kubectl: Path
) -> None:
    stage = stages.Stage(up, ordered.api)
    nowhere = folder_of(up.real_node).with_name("nowhere")
    await ordered.api.create(VOLUMES, volume_at(nowhere))
    another = await stage.order(ordered.application, namespace=stages.fresh("acme"))
    told = await another.says(WORKLOADS_READY, "The pod waits (FailedMount): ", "does not exist", within=WITHIN)
    assert told.reason == "Starting"
    assert "The pod waits (FailedMount): " in await stages.described(up, another, kubectl)
    await asyncio.to_thread(nowhere.mkdir)
    await asyncio.to_thread(nowhere.chmod, 0o777)
    await another.until(Phase.READY, within=WITHIN)
