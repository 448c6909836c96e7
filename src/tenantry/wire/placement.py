"""Where installations are placed, and how many more would be: as it travels."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from tenantry.wire import model


class Measure(StrEnum):
    """Something of which a place has so much, and of which an installation takes some."""

    CPU = "cpuMillis"
    """Processor time in thousandths of a core."""
    MEMORY = "memoryBytes"
    PODS = "pods"
    ADDRESSES = "addresses"
    """Addresses of pods."""
    SERVICES = "services"
    NAMESPACES = "namespaces"
    STORAGE = "storageBytes"
    """What its volumes may hold in all; limited where it is stated of a cluster."""
    INSTALLATIONS = "installations"
    DATABASES = "databases"
    """Logical databases."""
    CONNECTIONS = "connections"
    """Connections to a database server."""
    POOLED = "pooledConnections"
    """Connections that a pooler opens to its database server."""
    BUCKETS = "buckets"


STATED = (
    Measure.CPU,
    Measure.MEMORY,
    Measure.PODS,
    Measure.ADDRESSES,
    Measure.SERVICES,
    Measure.NAMESPACES,
    Measure.STORAGE,
)
"""What can be stated of a cluster."""


def _of_a_cluster(given: dict[Measure, int]) -> dict[Measure, int]:
    if strange := sorted(set(given) - set(STATED)):
        raise ValueError(f"This cannot be stated of a cluster: {', '.join(strange)}.")
    return given


Amount = Annotated[int, Field(ge=0, le=1 << 53)]
"""How much of something; bytes and thousandths of a core are whole numbers."""
Capacity = Annotated[dict[Measure, Amount], AfterValidator(_of_a_cluster)]
"""What a cluster has for installations, where that is to be another number than its nodes tell: less, because others
use it too, or more, because it grows by itself."""


class Placement(model.Request):
    """Where an installation may be placed."""

    match_labels: model.Labels = Field(default_factory=dict[str, str])
    """Labels that its cluster must have: `{"region": "eu"}`."""


class Wherever(model.Resource):
    """Where an installation may be placed, as it was asked for."""

    match_labels: dict[str, str] = Field(default_factory=dict[str, str])
    """Labels that its cluster must have."""


class PlanInstallations(model.Request):
    """Asks where so many more installations would go. Nothing is made and nothing reserved."""

    installations: Annotated[int, Field(ge=1, le=50_000)]
    """How many more."""
    application: model.Reference
    size: model.Reference | None = None
    """The application's first size where it is not given."""
    placement: Placement = Field(default_factory=Placement)
    """Where they may be placed."""


class PlaceKind(StrEnum):
    """What can run out of room."""

    CLUSTER = "cluster"
    DATABASE_SERVER = "database-server"
    OBJECT_STORE = "object-store"


class PlannedMeasure(model.Resource):
    """One measure of a place, before and after."""

    measure: Measure
    offered: int
    """What installations may take of it in all; what is kept free for rollouts is not in it."""
    kept_free: int
    """What is kept free for rollouts."""
    reserved: int
    """What those that are there have reserved."""
    planned: int
    """What would be reserved then."""
    lacking: int
    """What it would need in addition for one more; 0: it has enough."""


class PlannedPlace(model.Resource):
    """What would become of one cluster, database server or object store."""

    kind: PlaceKind
    name: str
    installations: int
    """How many of them would go there."""
    scarcest: Measure | None
    """What there is least of, measured by what an installation takes; None where nothing can be placed there at all."""
    message: str
    """Why one more than that could not be placed there, for a person; empty where it could."""
    measures: list[PlannedMeasure]


class CapacityPlan(model.Resource):
    """Where so many more installations would go."""

    application: str
    size: str
    installations: int
    """How many were asked for."""
    placed: int
    """How many of them there is a place for."""
    takes: dict[Measure, int]
    """What one of them takes."""
    runs_out: PlaceKind | None
    """Of which kind there is no more place first; None where there is a place for all of them."""
    message: str
    """The same for a person, with the reason of each place."""
    places: list[PlannedPlace]
