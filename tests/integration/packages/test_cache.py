"""Packages are prepared once, whole or not at all, by a Python that workloads can execute."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.application import manifest
from tenantry.local import executable
from tenantry.local.packages import cache, installer, interpreters

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(180)]

LOCK = (Path(__file__).parents[3] / "examples/applications/ihatemoney/locks/7.2.1.txt").read_text()


def lock_of(*names: str) -> str:
    """Return the part of a real lock that names these packages."""
    parts = LOCK.replace("\\\n    ", "").splitlines()
    return "\n".join(part for part in parts if part.split("==")[0] in names)


SMALL = manifest.Package(pip=manifest.PipPackage(lock=lock_of("itsdangerous", "blinker")))


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tenantry-cache-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def closed(folder: Path) -> Path:
    folder.chmod(0o700)
    return folder


def cache_in(folder: Path) -> cache.PackageCache:
    return cache.PackageCache(
        folder / "packages",
        install=installer.Installer(uv=executable.find("uv")),
        programs=interpreters.candidates(),
        is_shared=os.geteuid() == 0,
    )


def execute(package: Path, program: str) -> bytes:
    """Run a program on the package's Python, as a user of its own where we may, and return what it complains of."""
    user = 64999 if os.geteuid() == 0 else None
    command = [package / "bin/python", "-I", "-c", program]
    ended = subprocess.run(command, cwd="/", capture_output=True, check=False, user=user, group=user)
    return ended.stderr


def ignore(message: str) -> None:
    del message


async def test_a_package_is_installed_compiled_and_found_again(folder: Path) -> None:
    packages, said = cache_in(folder), list[str]()
    assert packages.find(SMALL) is None
    path = await packages.prepare(SMALL, said.append)
    assert packages.find(SMALL) == path
    assert said[0].startswith("preparing for Python 3.")
    assert said[-1] == "prepared"
    assert execute(path, "import itsdangerous, blinker") == b""
    assert list(path.glob("lib/python3.*/site-packages/itsdangerous/__pycache__/*.pyc"))


async def test_it_is_executed_by_a_user_of_its_own_who_cannot_write_it(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has users of its own to give")
    path = await cache_in(folder).prepare(SMALL, ignore)
    attempt = f"import itsdangerous, pathlib; pathlib.Path({str(path / 'x')!r}).touch()"
    assert b"PermissionError" in execute(path, attempt)


async def test_two_at_once_install_once(folder: Path) -> None:
    said = list[str]()
    paths = await asyncio.gather(*(cache_in(folder).prepare(SMALL, said.append) for _ in range(2)))
    assert paths[0] == paths[1]
    assert said.count("installing packages") == 1
    assert "waiting for another preparation of the same package" in said


async def test_a_killed_preparation_leaves_nothing_that_is_taken_for_whole(folder: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from tenantry.application import manifest\n"
        "from tenantry.local.packages import cache\n"
        "package = manifest.Package(pip=manifest.PipPackage(lock=sys.stdin.read()))\n"
        "packages = cache.for_machine(pathlib.Path(sys.argv[1]))\n"
        "asyncio.run(packages.prepare(package, lambda said: print(said, flush=True)))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        folder / "packages",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert SMALL.pip is not None
    process.stdin.write((SMALL.pip.lock or "").encode())
    process.stdin.close()
    async for line in process.stdout:
        if line.startswith(b"installing"):
            break
    process.send_signal(signal.SIGKILL)
    await process.wait()
    packages = cache_in(folder)
    assert packages.find(SMALL) is None
    path = await packages.prepare(SMALL, ignore)
    assert execute(path, "import itsdangerous, blinker") == b""


async def test_a_cancelled_preparation_ends_its_installer(folder: Path) -> None:
    packages = cache_in(folder)
    began = asyncio.Event()
    task = asyncio.create_task(packages.prepare(SMALL, lambda said: began.set() if "installing" in said else None))
    await began.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert packages.find(SMALL) is None
    assert not [each for each in (folder / "packages").iterdir() if each.is_dir()]
    async with asyncio.timeout(30):
        assert await packages.prepare(SMALL, ignore)


async def test_a_wrong_hash_is_a_lasting_failure_with_the_installers_words(folder: Path) -> None:
    wrong = lock_of("blinker").split("--hash")[0] + "--hash=sha256:" + "0" * 64
    packages = cache_in(folder)
    package = manifest.Package(pip=manifest.PipPackage(lock=wrong))
    with pytest.raises(installer.PackageFailedError, match=r"(?i)hash"):
        await packages.prepare(package, ignore)
    assert packages.find(package) is None
    assert not [each for each in (folder / "packages").iterdir() if each.is_dir()]


async def test_no_fitting_python_says_which_were_seen() -> None:
    with pytest.raises(interpreters.NoInterpreterError, match=r"fits “>=4”. Found: 3\."):
        await interpreters.choose(">=4", [Path(sys.executable)], is_shared=False)


@pytest.fixture
def hidden(closed: Path) -> Path:
    hidden = closed / "python3"
    hidden.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    hidden.chmod(0o755)
    return hidden


async def test_a_python_that_others_cannot_reach_is_passed_over(hidden: Path) -> None:
    with pytest.raises(interpreters.NoInterpreterError, match="closed at"):
        await interpreters.choose(">=3.11", [hidden], is_shared=True)
    assert (await interpreters.choose(">=3.11", [hidden], is_shared=False)).path == hidden


async def test_a_closed_folder_above_the_cache_is_refused(closed: Path) -> None:
    packages = cache.PackageCache(
        closed / "packages",
        install=installer.Installer(uv=executable.find("uv")),
        programs=interpreters.candidates(),
        is_shared=True,
    )
    with pytest.raises(cache.CacheClosedError, match="cannot pass through"):
        await packages.prepare(SMALL, ignore)
