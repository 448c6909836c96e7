"""Makes our image where no container engine runs: the steps of the Containerfile, one after another, and an archive.

What ends up in it is gathered by the very program that the Containerfile runs, with the packages that it locks.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from tenantry.local import executable
from testbed import archive

ROOT = Path(__file__).resolve().parent.parent
CONTAINER = ROOT / "deploy/container"
GATHER = ROOT / "tools/charts_root.py"
PACKAGES_LOCK = ROOT / "requirements/image.txt"

_ENVIRONMENT = re.compile(r"^ENV ((?:.*\\\n)*.*)$", re.MULTILINE)
_USER = re.compile(r"^USER (\d+):\d+$", re.MULTILINE)
_COMMAND = re.compile(r"^CMD (\[.*\])$", re.MULTILINE)
_TIMEOUT = 600


def wheel(folder: Path) -> Path:
    """Build the wheel of this tree into a folder, and return its file."""
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)])
    [built] = folder.glob("tenantry-*.whl")
    return built


def root(built: Path, folder: Path, *, python: Path) -> Path:
    """Gather the image's root file system, and return its folder.

    Args:
        built: our wheel.
        folder: where it is gathered; there.
        python: the interpreter that goes into it; others must be able to read it.
    """
    packages, gathered = folder / "packages", folder / "root"
    into = ["--python", str(python), "--target", str(packages), "--link-mode", "copy"]
    install = [str(executable.find("uv")), "--quiet", "pip", "install", *into]
    _run([*install, "--only-binary", ":all:", "--require-hashes", "--requirement", str(PACKAGES_LOCK)])
    _run([*install, "--no-deps", str(built)])
    _run([str(python), str(GATHER), str(packages), str(gathered)])
    return gathered


def write(name: str, gathered: Path, file: Path) -> archive.Written:
    """Write an image whose content and configuration are those of the Containerfile.

    Args:
        name: with its tag.
        gathered: the root file system.
        file: the archive.
    """
    text = (CONTAINER / "Containerfile").read_text()
    image = archive.Image(
        name=name,
        layers=[[_entry(each) for each in sorted(gathered.iterdir())]],
        command=_command(text),
        environment=environment(text),
        user=_user(text),
    )
    return archive.write(image, file)


def environment(containerfile: str) -> Mapping[str, str]:
    """Return the variables that a Containerfile sets for the programs of its image."""
    words = [each for found in _ENVIRONMENT.findall(containerfile) for each in found.replace("\\\n", " ").split()]
    return dict(each.split("=", 1) for each in words)


def _entry(path: Path) -> archive.Entry:
    place = PurePosixPath("/", path.name)
    return (
        archive.Entry(path=place, link=str(path.readlink()))
        if path.is_symlink()
        else archive.Entry(path=place, source=path)
    )


def _command(text: str) -> Sequence[str]:
    return re.findall(r'"([^"]*)"', _COMMAND.findall(text)[-1])


def _user(text: str) -> int:
    return int(_USER.findall(text)[-1])


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, cwd=ROOT, check=True, timeout=_TIMEOUT, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
