"""Applications, and the preparation of their versions one after another, so that no sign-up waits for an installer."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from tenantry.application import manifest
from tenantry.kernel import errors
from tenantry.local.agent import deployment, model, ports, storage

log = structlog.get_logger()

_NO_PACKAGE = "It has no package for machines without containers. Set “package” in the manifest."
_RETRY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """How far the package of a version is."""

    state: model.PackageState
    path: Path | None = None
    message: str = ""


class Versions:
    """The applications that were handed over."""

    def __init__(self, store: storage.Storage, packages: ports.Packages, changed: Callable[[str], None]) -> None:
        """Take where they are kept, who prepares them, and whom to tell that an application has changed."""
        self._store = store
        self._packages = packages
        self._changed = changed
        self._applications: dict[str, manifest.Application] = {}
        self._digests: dict[str, str] = {}
        self._found: dict[tuple[str, str], Package] = {}
        self._waiting: asyncio.Queue[tuple[manifest.Application, manifest.Version]] = asyncio.Queue()

    async def load(self) -> None:
        """Take up what an earlier life was told."""
        known = await asyncio.to_thread(self._store.load_applications)
        for application in known.values():
            await self._take(application)

    async def apply(self, application: manifest.Application) -> None:
        """Accept an application and have its versions prepared; an older generation is ignored."""
        known = self._applications.get(application.metadata.name)
        if known is not None and known.metadata.generation > application.metadata.generation:
            return
        kept = application.model_copy(update={"status": None})
        await asyncio.to_thread(self._store.save_application, kept)
        await self._take(kept)

    def get(self, name: str) -> manifest.Application | None:
        """Return an application without its status."""
        return self._applications.get(name)

    def applications(self) -> Iterable[manifest.Application]:
        """Return all applications, without their status."""
        return list(self._applications.values())

    def digest(self, name: str) -> str:
        """Return what changes when the application changes."""
        return self._digests.get(name, "")

    def reported(self, name: str) -> manifest.Application | None:
        """Return an application with the status of its versions."""
        application = self._applications.get(name)
        if application is None:
            return None
        versions = [_status(each.version, self.package(name, each.version)) for each in application.spec.versions]
        status = manifest.ApplicationStatus(observed_generation=application.metadata.generation, versions=versions)
        return application.model_copy(update={"status": status})

    def package(self, application: str, version: str) -> Package:
        """Return how far the package of a version is."""
        if application not in self._applications:
            message = f"The application “{application}” is not known here. Apply it first."
            return Package(state=model.PackageState.UNKNOWN, message=message)
        unknown = Package(state=model.PackageState.UNKNOWN, message=f"{application} has no version “{version}”.")
        return self._found.get((application, version), unknown)

    async def run(self) -> None:
        """Prepare what waits, for ever."""
        while True:
            application, version = await self._waiting.get()
            if self._applications.get(application.metadata.name) is application:
                await self._prepare(application, version)

    async def _take(self, application: manifest.Application) -> None:
        name = application.metadata.name
        self._applications[name] = application
        self._digests[name] = deployment.digest(application.spec.model_dump(mode="json"))
        for key in [key for key in self._found if key[0] == name]:
            del self._found[key]
        for version in application.spec.versions:
            if version.package.pip is None:
                self._found[name, version.version] = Package(state=model.PackageState.FAILED, message=_NO_PACKAGE)
                continue
            path = await asyncio.to_thread(self._packages.find, version.package)
            state = model.PackageState.PREPARED if path else model.PackageState.PREPARING
            self._found[name, version.version] = Package(state=state, path=path, message="")
            if path is None:
                self._waiting.put_nowait((application, version))
        self._changed(name)

    async def _prepare(self, application: manifest.Application, version: manifest.Version) -> None:
        name = application.metadata.name

        def report(message: str) -> None:
            self._note(application, version, Package(state=model.PackageState.PREPARING, message=message))

        try:
            path = await self._packages.prepare(version.package, report)
            self._note(application, version, Package(state=model.PackageState.PREPARED, path=path))
            log.info("version prepared", application=name, version=version.version)
        except errors.TemporaryError as error:
            report(error.message)
            self._waiting.put_nowait((application, version))
            await asyncio.sleep((error.delay or _RETRY).total_seconds())
        except errors.TenantryError as error:
            self._fail(application, version, error.message, error.code)
        except Exception as error:  # a loop edge: one package must not end the agent
            log.exception("preparation failed unexpectedly", application=name)
            message = f"The preparation failed unexpectedly ({type(error).__name__})."
            self._fail(application, version, message, "internal")
        self._changed(name)

    def _fail(self, application: manifest.Application, version: manifest.Version, message: str, code: str) -> None:
        self._note(application, version, Package(state=model.PackageState.FAILED, message=message))
        log.warning("version not prepared", application=application.metadata.name, version=version.version, code=code)

    def _note(self, application: manifest.Application, version: manifest.Version, package: Package) -> None:
        """Keep how far a package is, unless the application was replaced meanwhile: then it is of no use."""
        if self._applications.get(application.metadata.name) is application:
            self._found[application.metadata.name, version.version] = package


def _status(version: str, package: Package) -> manifest.VersionStatus:
    phases = {
        model.PackageState.PREPARED: manifest.VersionPhase.PREPARED,
        model.PackageState.FAILED: manifest.VersionPhase.FAILED,
    }
    phase = phases.get(package.state, manifest.VersionPhase.PREPARING)
    return manifest.VersionStatus(version=version, phase=phase, message=package.message)
