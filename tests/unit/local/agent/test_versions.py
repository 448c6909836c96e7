"""Preparations: one after another, and of no use once the application was replaced."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support import agent_stage, tiny
from tenantry.application import manifest
from tenantry.kernel import errors
from tenantry.local.agent import model, ports, storage, versions

State = model.PackageState


class Packages:
    """Packages whose preparation ends when a test says so.

    Attributes:
        begun: the locks whose preparation was begun, oldest first.
        results: how each preparation ends, once it is there.
    """

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.results: dict[str, asyncio.Future[Path]] = {}

    def find(self, package: manifest.Package) -> Path | None:
        result = self.results.get(_lock(package))
        return result.result() if result and result.done() and result.exception() is None else None

    async def prepare(self, package: manifest.Package, report: ports.Report) -> Path:
        self.begun.append(_lock(package))
        report("Downloading.")
        return await asyncio.shield(self.results.setdefault(_lock(package), asyncio.Future()))


def _lock(package: manifest.Package) -> str:
    return (package.pip.lock if package.pip else "") or ""


def application(lock: str, *, generation: int) -> manifest.Application:
    return tiny.application(generation=generation, versions=[{"version": "1.0", "package": {"pip": {"lock": lock}}}])


@pytest.fixture
def packages() -> Packages:
    return Packages()


@pytest.fixture
async def prepared(packages: Packages, tmp_path: Path) -> AsyncIterator[versions.Versions]:
    made = versions.Versions(storage.Storage(tmp_path), packages, lambda _: None)
    running = asyncio.ensure_future(made.run())
    yield made
    running.cancel()
    await asyncio.wait({running})


async def _begun(packages: Packages, *locks: str) -> None:
    async def have() -> bool:
        return packages.begun == list(locks)

    await agent_stage.until(have, seconds=1.5, what=f"{locks} were begun: {packages.begun}")


async def _comes_to(prepared: versions.Versions, state: State) -> versions.Package:
    async def is_so() -> bool:
        return prepared.package("tiny", "1.0").state is state

    await agent_stage.until(is_so, seconds=1.5, what=f"is {state}")
    return prepared.package("tiny", "1.0")


async def test_what_is_prepared_for_a_manifest_that_was_replaced_is_not_taken(
    prepared: versions.Versions, packages: Packages
) -> None:
    await prepared.apply(application("old", generation=1))
    await _begun(packages, "old")
    await prepared.apply(application("new", generation=2))
    packages.results["old"].set_result(Path("/packages/old"))
    await _begun(packages, "old", "new")
    assert prepared.package("tiny", "1.0").state is State.PREPARING
    packages.results["new"].set_result(Path("/packages/new"))
    assert (await _comes_to(prepared, State.PREPARED)).path == Path("/packages/new")


async def test_a_failure_of_what_was_replaced_fails_nothing(prepared: versions.Versions, packages: Packages) -> None:
    await prepared.apply(application("old", generation=1))
    await _begun(packages, "old")
    await prepared.apply(application("new", generation=2))
    packages.results["old"].set_exception(errors.PermanentError("No such package."))
    await _begun(packages, "old", "new")
    assert prepared.package("tiny", "1.0").state is State.PREPARING


async def test_the_same_application_again_is_another_try(prepared: versions.Versions, packages: Packages) -> None:
    await prepared.apply(application("lock", generation=1))
    await _begun(packages, "lock")
    packages.results["lock"].set_exception(errors.PermanentError("The index does not answer."))
    assert (await _comes_to(prepared, State.FAILED)).message == "The index does not answer."
    del packages.results["lock"]
    await prepared.apply(application("lock", generation=1))
    await _begun(packages, "lock", "lock")
    packages.results["lock"].set_result(Path("/packages/lock"))
    await _comes_to(prepared, State.PREPARED)


async def test_a_version_without_a_package_cannot_run_here(prepared: versions.Versions) -> None:
    image = f"registry.example/tiny@sha256:{'0' * 64}"
    await prepared.apply(tiny.application(versions=[{"version": "1.0", "image": image}]))
    found = prepared.package("tiny", "1.0")
    assert found.state is State.FAILED
    assert "package" in found.message
