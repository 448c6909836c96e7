"""Applications as they travel; the request is the manifest itself."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from tenantry.application import manifest
from tenantry.wire import model


class Status(StrEnum):
    """Whether an application can be sold."""

    PREPARING = "preparing"
    """A version is being prepared on a cluster; versions that are prepared already can be used."""
    AVAILABLE = "available"
    FAILED = "failed"
    """A version could not be prepared; `message` says why."""


class Version(model.Resource):
    """A version and how far its preparation is."""

    version: str
    phase: manifest.VersionPhase
    """The worst over all clusters."""
    message: str = ""
    upgrades_from: list[str] = Field(default_factory=list[str])
    downgrades_to: list[str] = Field(default_factory=list[str])


class Size(model.Resource):
    """A size that is sold."""

    name: str
    title: str


class Application(model.Resource):
    """An application that a vendor sells."""

    id: str
    name: str
    title: str
    summary: str
    icon: str | None = None
    status: Status
    message: str = ""
    versions: list[Version]
    default_version: str
    sizes: list[Size]
    settings_schema: dict[str, Any]
    generation: int
    created_at: datetime
    updated_at: datetime
