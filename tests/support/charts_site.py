"""A real node on which charts are installed with our own image, and what tests ask of it."""

import asyncio
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

import charts_image
import tenantry
from support import charts_helm
from support import operator_stage as stages
from support import operator_things as things
from tenantry.application import manifest
from tenantry.kubernetes import kinds
from tenantry.local import executable
from tenantry.local.packages import cache as packages
from tenantry.local.packages import installer, interpreters
from testbed import archive, contents, images, reach
from testbed import cluster as clusters
from testbed.api import Api, is_true

IMAGE = "registry.test/tenantry"
_WAIT = ("--wait", "--timeout", "240s")
_DEFINITIONS = tuple(f"{each.plural}.{each.group}" for each in (kinds.APPLICATION, kinds.INSTALLATION))


@contextmanager
def scratch() -> Generator[Path]:
    """Give a folder whose content others may read, for images that are made."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-image-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


async def our_image(up: clusters.Cluster, folder: Path) -> archive.Written:
    """Make our image, give it to the node, and return it."""
    python = (await contents.interpreter(">=3.11")).program
    built = await asyncio.to_thread(charts_image.wheel, folder)
    gathered = await asyncio.to_thread(charts_image.root, built, folder, python=python)
    written = await asyncio.to_thread(
        charts_image.write, f"{IMAGE}:{tenantry.__version__}", gathered, folder / "image.tar"
    )
    await images.load(up.real_node, [written])
    return written


async def imaged(up: clusters.Cluster, name: str, folder: Path) -> manifest.Application:
    """Return an example with one version, the newest, of which the node has an image."""
    application = things.application(name)
    newest = application.spec.versions[-1]
    assert newest.package is not None
    prepared = packages.PackageCache(
        folder / "packages",
        install=installer.Installer(uv=executable.find("uv")),
        programs=interpreters.candidates(),
        is_shared=True,
    )
    environment = await prepared.prepare(newest.package, lambda _: None)
    written = await images.application(f"registry.test/{name}:{newest.version}", environment, folder)
    await images.load(up.real_node, [written])
    alone = newest.model_copy(update={"image": written.reference, "upgrades_from": [], "downgrades_to": []})
    return things.changed(application, versions=[alone])


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A cluster with a real node that has our image, Helm, and a connection as the administrator."""

    up: clusters.Cluster
    api: Api
    helm: charts_helm.Helm
    image: archive.Written

    async def forget_definitions(self) -> None:
        """Take away our definitions, which stay when a release goes, so that the next may have any name."""
        for name in _DEFINITIONS:
            path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
            if await self.api.has(path):
                await self.api.delete(path)
                await stages.eventually(partial(self._is_gone, path), about=partial(self.api.get, path))

    async def is_free(self) -> bool:
        """Tell whether nobody's pods take room on the node but those of the cluster itself."""
        return await self.others() == []

    async def others(self) -> list[str]:
        """Return the pods, each with its namespace, that are not the cluster's own."""
        heads = [each["metadata"] for each in await self.api.items(kinds.POD.path())]
        return [f"{each['namespace']}/{each['name']}" for each in heads if each["namespace"] != "kube-system"]

    async def _is_gone(self, path: str) -> bool:
        return not await self.api.has(path)

    async def namespace(self) -> str:
        """Make a namespace that takes no pod that could do more than it must, and return its name."""
        name = stages.fresh("charts")
        metadata = {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
        await self.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        return name

    async def install(self, chart: Path, home: str, *given: str, verb: str = "install") -> None:
        """Install or upgrade a chart with our image, and wait until all of it is ready."""
        ours = (f"image.repository={IMAGE}", f"image.digest={self.image.digest}", "image.pullPolicy=Never")
        options = [f"--set={each}" for each in (*ours, *given)]
        try:
            await self.helm.act(verb, "charts", str(chart), "--namespace", home, *options, *_WAIT)
        except charts_helm.HelmFailedError as error:
            raise AssertionError(f"{error}\n{await self.told(home)}") from None

    async def uninstall(self, home: str) -> None:
        """Take a release away."""
        await self.helm.act("uninstall", "charts", "--namespace", home, "--wait", "--timeout", "120s")

    async def put_secret(self, namespace: str, name: str, content: Mapping[str, str]) -> None:
        """Make a Secret."""
        head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}}
        await self.api.apply(kinds.SECRET.path(namespace, name), {**head, "stringData": dict(content)})

    async def pods(self, namespace: str, component: str = "") -> list[dict[str, Any]]:
        """Return the pods that are ready, of one component where it is given."""
        chosen = f"?labelSelector=app.kubernetes.io/component={component}" if component else ""
        return [each for each in await self.api.items(kinds.POD.path(namespace) + chosen) if is_true(each, "Ready")]

    async def address(self, namespace: str, component: str = "") -> str:
        """Return host and port of a pod that is ready."""
        [pod, *_] = await self.pods(namespace, component)
        return f"{pod['status']['podIP']}:{pod['spec']['containers'][0]['ports'][0]['containerPort']}"

    async def fetched(self, url: str) -> tuple[int, str]:
        """Return status and text of an answer from inside."""
        connector = reach.connector(self.up.real_node)
        async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as answer:
            return answer.status, await answer.text()

    async def told(self, namespace: str) -> str:
        """Return how pods of a namespace are, what they say last, and what was noticed about them and their owners."""
        said: list[str] = []
        for each in await self.api.items(kinds.POD.path(namespace)):
            name = each["metadata"]["name"]
            said.append(f"{name}: {_in_short(each['status'])}")
            try:
                said.append(await self.api.text(f"{kinds.POD.path(namespace, name)}/log?tailLines=20"))
            except Exception as error:  # noqa: BLE001 - loop edge: whatever it is, it is told with the rest
                said.append(str(error))
        events = await self.api.items(f"/api/v1/namespaces/{namespace}/events?fieldSelector=type=Warning")
        said += [f"{each['involvedObject'].get('name')}: {each['reason']}: {each.get('message')}" for each in events]
        return "\n".join([f"--- {namespace}", *said])


def _in_short(status: Mapping[str, Any]) -> str:
    """Return what matters of a pod's status."""
    unmet = [
        f"{each['type']}: {each.get('message', '')}"
        for each in status.get("conditions", [])
        if each["status"] != "True"
    ]
    states = [f"{each['name']} {each['state']} {each['restartCount']}×" for each in status.get("containerStatuses", [])]
    return "; ".join([status["phase"], *states, *unmet])
