"""Everything that the care for one installation needs, brought together once at the start of the agent."""

from dataclasses import dataclass
from pathlib import Path

from tenantry.kernel import clock
from tenantry.local.agent import (
    allocation,
    deployment,
    hub,
    measures,
    observer,
    pool,
    ports,
    routes,
    storage,
    turns,
    versions,
    workspace,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts that all installations share."""

    clock: clock.Clock
    store: storage.Storage
    programs: ports.Programs
    jobs: ports.Jobs
    prober: ports.Prober
    listeners: ports.Listeners
    limits: ports.Limits
    routes: routes.Routes
    versions: versions.Versions
    observer: observer.Observer
    allocator: allocation.Allocator
    turns: turns.Turns
    pool: pool.Pool
    hub: hub.Hub
    measures: measures.Measures
    machine: deployment.Machine
    folder: Path
    """Below it lie the folders of installations, and retained volumes."""

    def workspace(self, slot: str) -> workspace.Workspace:
        """Return where everything of an installation is."""
        return workspace.Workspace(self.folder / "workspaces" / slot)

    def retained(self, name: str, uid: str) -> Path:
        """Return where the volumes of a deleted installation are kept."""
        return self.folder / "retained" / f"{name}-{uid}"
