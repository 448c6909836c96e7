"""Images on the real node: made on the spot and given to its container runtime, with no registry between."""

import asyncio
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path, PurePosixPath

from tenantry.kernel import errors
from testbed import archive, contents, inside, node, room

_TIMEOUT = timedelta(minutes=5)


class ImageRefusedError(errors.PermanentError):
    """The node's container runtime did not take an image."""

    code = "image-refused"


def pause(folder: Path) -> archive.Written:
    """Write the image that holds a pod's namespaces open, and return it."""
    busybox = Path(shutil.which("busybox") or "/bin/busybox").resolve()
    program = archive.Entry(path=PurePosixPath("/pause"), source=busybox)
    link = archive.Entry(path=PurePosixPath("/sleep"), link="/pause")
    image = archive.Image(name=node.PAUSE_IMAGE, layers=[[program, link]], command=["/sleep", "2147483647"])
    return archive.write(image, folder / "pause.tar")


async def application(name: str, environment: Path, folder: Path) -> archive.Written:
    """Write the image of an application, and return it.

    Args:
        name: with its tag, as `registry.test/synapse:1.163.2`.
        environment: the application's prepared package (see `tenantry.local.packages`); it is below `/usr/local` in the
            image, where manifests look for it unless they say otherwise.
        folder: where the archive goes.

    Raises:
        NoInterpreterError: this machine has no Python that others may read and that fits.
    """
    settings = dict(
        line.split(" = ", 1) for line in (environment / "pyvenv.cfg").read_text().splitlines() if " = " in line
    )
    feature = ".".join(settings["version_info"].split(".")[:2])
    base = contents.system(await contents.interpreter(f"=={feature}.*"))
    layers = [base, contents.application(environment, base)]
    image = archive.Image(name=name, layers=layers, environment=contents.ENVIRONMENT, user=contents.USER)
    file = folder / f"{name.rpartition('/')[2].replace(':', '-')}.tar"
    return await asyncio.to_thread(archive.write, image, file)


async def load(place: room.Room, images: Sequence[archive.Written]) -> None:
    """Give images to the node; it has them under their names and by digest.

    Raises:
        ImageRefusedError: one is not taken; the message says why.
    """
    for each in images:
        command = ["ctr", f"--address={node.SOCKET}", "--namespace=k8s.io", "images", "import", str(each.file)]
        try:
            await inside.run(place, command, within=_TIMEOUT)
        except inside.CommandFailedError as error:
            raise ImageRefusedError(error.message) from error
