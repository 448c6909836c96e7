"""One installation as the agent knows it: its document, what is remembered of it, and what is seen of it."""

import asyncio
from typing import Any

from tenantry.application import manifest, rendering, values
from tenantry.local.agent import deployment, model, record, services, sight, workspace
from tenantry.runtime import document, masking


class Case:
    """The knowledge about one installation; decides nothing and changes nothing outside."""

    def __init__(
        self, bundle: document.InstallationBundle, memory: record.Record, *, shared: services.Services
    ) -> None:
        """Take the document, what is remembered, and the shared parts."""
        self.name = bundle.installation.metadata.name
        self.sight = sight.Sight()
        self.files_digest: str | None = None
        self.log_lines: tuple[str, ...] = ()
        self.masked = masking.of_bundle(bundle)
        self._shared = shared
        self._bundle = bundle
        self._memory = memory
        self._saving = asyncio.Lock()
        self._bundle_digest = _digest(bundle)
        self._deployed: tuple[object, deployment.Deployment] | None = None

    @property
    def bundle(self) -> document.InstallationBundle:
        """The document with its secrets."""
        return self._bundle

    @property
    def memory(self) -> record.Record:
        """What is remembered."""
        return self._memory

    @property
    def slot(self) -> str:
        """The name of its programs, groups and folder on this machine."""
        return self._memory.slot or self.name

    @property
    def workspace(self) -> workspace.Workspace:
        """Its folders and files."""
        return self._shared.workspace(self.slot)

    @property
    def application(self) -> manifest.Application | None:
        """The application, where it has been handed over."""
        return self._shared.versions.get(self._bundle.installation.spec.application)

    def replace(self, bundle: document.InstallationBundle) -> None:
        """Take up another document."""
        self._bundle = bundle
        self._bundle_digest = _digest(bundle)
        self.masked = masking.of_bundle(bundle)

    async def remember(self, **changes: Any) -> None:
        """Change what is remembered, and keep it before going on."""
        async with self._saving:
            changed = self._memory.model_copy(update=changes)
            await asyncio.to_thread(self._shared.store.save_memory, self.name, changed)
            # Only now: nobody may act on what would be forgotten. What was noted meanwhile stays.
            self._memory = self._memory.model_copy(update=changes)

    def note_status(self, status: document.InstallationStatus) -> None:
        """Remember what was reported; it is kept with the next change."""
        self._memory = self._memory.model_copy(update={"status": status})

    def note_restarts(self, count: int) -> None:
        """Count what ended without being asked; it is kept with the next change."""
        changes = {"restarts": self._memory.restarts + count, "well_since": None}
        self._memory = self._memory.model_copy(update=changes)

    def deployment(self) -> deployment.Deployment | None:
        """Return the installation as it is run here, None until there is a package and a place.

        Raises:
            errors.TenantryError: the document and the application do not fit each other.
        """
        spec = self._bundle.installation.spec
        package = self._shared.versions.package(spec.application, spec.version)
        application = self.application
        if application is None or package.path is None or not self._is_placed(application):
            return None
        key = (self._attempt(), self.slot, tuple(self._memory.ports.items()), self._memory.uid, package.path)
        if self._deployed is None or self._deployed[0] != key:
            place = deployment.Place(
                slot=self.slot,
                package=package.path,
                workspace=self.workspace,
                ports=self._memory.ports,
                uid=self._memory.uid,
            )
            machine = self._shared.machine
            self._deployed = key, deployment.deploy(self._bundle, application, place=place, machine=machine)
        return self._deployed[1]

    def wanted(self) -> model.Wanted:
        """Return what is wanted.

        Raises:
            errors.TenantryError: the document and the application do not fit each other.
        """
        installation = self._bundle.installation
        jobs = self.application.spec.jobs if self.application else manifest.Jobs()
        is_awake = installation.spec.run_policy is document.RunPolicy.RUNNING
        deployed = self.deployment() if is_awake and not self._memory.is_deleting else None
        return model.Wanted(
            name=self.name,
            generation=installation.metadata.generation,
            attempt=self._attempt(),
            version=installation.spec.version,
            is_awake=is_awake,
            is_deleting=self._memory.is_deleting,
            has_initialise=jobs.initialise is not None,
            has_migrate=jobs.migrate is not None,
            has_administrator=jobs.first_administrator is not None,
            is_administrator_first=jobs.first_administrator is None or jobs.first_administrator.before_route,
            has_smoke_check=jobs.smoke_check is not None,
            layout=deployed.layout if deployed else None,
        )

    def bare(self) -> model.Wanted:
        """Return what is wanted where the document cannot be rendered."""
        installation = self._bundle.installation
        return model.Wanted(
            name=self.name,
            generation=installation.metadata.generation,
            attempt=self._attempt(),
            version=installation.spec.version,
            is_awake=installation.spec.run_policy is document.RunPolicy.RUNNING,
            is_deleting=self._memory.is_deleting,
        )

    def observed(self, *, has_turn: bool) -> model.Observed:
        """Return what is so."""
        spec = self._bundle.installation.spec
        package = self._shared.versions.package(spec.application, spec.version)
        return model.Observed(
            package=package.state,
            package_message=package.message,
            memory=self._memory,
            files_digest=self.files_digest,
            programs=self.sight.programs(self._memory.deployed, self._shared.clock.now()),
            route=self._shared.routes.get(self.name),
            has_turn=has_turn,
            log_lines=self.log_lines,
        )

    def workload(self, name: str) -> rendering.Workload | None:
        """Return a workload as it is rendered."""
        deployed = self._deployed[1] if self._deployed else None
        return next((each for each in deployed.rendered.workloads if each.name == name), None) if deployed else None

    def reported(self) -> document.Installation:
        """Return the document with its status."""
        return self._bundle.installation.model_copy(update={"status": self._memory.status})

    def _attempt(self) -> str:
        return f"{self._bundle_digest}-{self._shared.versions.digest(self._bundle.installation.spec.application)}"

    def _is_placed(self, application: manifest.Application) -> bool:
        return self._memory.is_placed and set(values.port_names(application.spec)) <= set(self._memory.ports)


def _digest(bundle: document.InstallationBundle) -> str:
    installation = bundle.installation.model_dump(mode="json", exclude={"status"})
    return deployment.digest([installation, [each.model_dump(mode="json") for each in bundle.secrets]])
