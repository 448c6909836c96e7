"""While an agent lives, what its applications need stays in the cache, and comes back when somebody has removed it."""

import asyncio
import os
import shutil
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tenantry.application import manifest, source
from tenantry.kernel import clock
from tenantry.local import executable
from tenantry.local.agent import housekeeping, model, storage, versions
from tenantry.local.packages import cache, installer, upkeep

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(120)]

EXAMPLE = Path(__file__).parents[3] / "examples/applications/ihatemoney/application.yaml"
LONG_AGO = (clock.SystemClock().now() - timedelta(days=30)).timestamp()


def small() -> manifest.Application:
    """Return an application of one version, whose package is quickly made."""
    read = source.read(EXAMPLE)
    pip = read.spec.versions[0].package.pip
    assert pip is not None
    lines = (pip.lock or "").replace("\\\n    ", "").splitlines()
    lock = "\n".join(line for line in lines if line.startswith("blinker=="))
    package = manifest.Package(pip=manifest.PipPackage(lock=lock))
    only = read.spec.versions[0].model_copy(update={"package": package})
    return read.model_copy(update={"spec": read.spec.model_copy(update={"versions": [only]})})


def packages_in(folder: Path) -> cache.PackageCache:
    uv = installer.Installer(uv=executable.find("uv"))
    return cache.PackageCache(folder, install=uv, programs=[Path(sys.executable)], is_shared=False)


async def test_what_is_needed_is_kept_and_brought_back_and_the_rest_goes(tmp_path: Path) -> None:
    packages = packages_in(tmp_path / "packages")
    known = versions.Versions(storage.Storage(tmp_path / "agent"), packages, lambda _: None)
    tidy = housekeeping.Housekeeping(known, packages, clock.SystemClock())
    application = small()
    version = application.spec.versions[0].version
    path = await packages.prepare(application.spec.versions[0].package, lambda _: None)
    os.utime(path / upkeep.MARKER, (LONG_AGO, LONG_AGO))
    unused = tmp_path / "packages" / "unused"
    unused.mkdir()
    (unused / upkeep.MARKER).touch()
    os.utime(unused / upkeep.MARKER, (LONG_AGO, LONG_AGO))

    await known.apply(application)
    await tidy.sweep()
    assert path.exists()
    assert not unused.exists()

    await asyncio.to_thread(shutil.rmtree, path)
    await tidy.sweep()
    assert known.package("ihatemoney", version).state is model.PackageState.PREPARING
    preparing = asyncio.ensure_future(known.run())
    async with asyncio.timeout(60):
        while known.package("ihatemoney", version).state is not model.PackageState.PREPARED:  # noqa: ASYNC110 - uv sets no event
            await asyncio.sleep(0.05)
    preparing.cancel()
    assert path.exists()
