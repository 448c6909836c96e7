"""Events as they travel: delivered at least once, in order for each installation."""

from datetime import datetime
from typing import Any

from pydantic import Field

from tenantry.wire import infrastructure, installations, model


class ClusterState(model.Resource):
    """Whether a cluster can be reached, as an event tells it."""

    name: str
    status: infrastructure.Status
    reason: str
    """A word in CamelCase for programs; empty when there is nothing to explain."""


class Event(model.Resource):
    """Something that happened, in the order in which it was committed."""

    sequence: int
    """Grows with each event; send the last one as `after` (or `Last-Event-ID`) to go on from there."""
    type: str
    """`installation.created`, `installation.changed`, `installation.deleted`, `application.changed`, …"""
    subject_kind: str
    subject_id: str
    at: datetime
    actor: str
    """Who caused it: a token's name, or the supervisor."""
    summary: str
    """One sentence for a person: “Update from 1.162.0 to 1.163.2 started.”"""
    data: dict[str, Any] = Field(default_factory=dict[str, Any])
    """`installation`: as it was then. `cluster`, `database-server` or `object-store`: whether it can be reached.
    `name`: of what was applied or deregistered.
    `operator`: cluster, status and reason of one whose status has changed."""

    def installation(self) -> installations.Installation | None:
        """Return the installation that the event carries, if it carries one."""
        raw = self.data.get("installation")
        return installations.Installation.model_validate(raw) if raw is not None else None

    def cluster(self) -> ClusterState | None:
        """Return whether a cluster can be reached, if the event tells it."""
        raw = self.data.get("cluster")
        return ClusterState.model_validate(raw) if raw is not None else None

    def deregistered_cluster(self) -> str | None:
        """Return the name of the cluster that was deregistered, if that is what happened."""
        return self.data["name"] if self.type == "cluster.deregistered" else None
