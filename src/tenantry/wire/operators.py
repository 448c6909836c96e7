"""The operator of a cluster as it travels: who keeps it, in which version, and what a change of it would do."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints

from tenantry.wire import model


class Keeper(StrEnum):
    """Who keeps a cluster's operator at its version."""

    TENANTRY = "tenantry"
    """The provisioner."""
    EXTERNAL = "external"
    """Somebody else: Helm, Flux, a person. The provisioner only tells what it sees."""


class Status(StrEnum):
    """Where a cluster's operator is."""

    EXTERNAL = "external"
    """Others keep it."""
    PENDING = "pending"
    """It is to be changed, and waits; the reason says for what."""
    UPGRADING = "upgrading"
    CURRENT = "current"
    """It is as wanted."""
    RETURNING = "returning"
    """The wanted version did not become ready in its time; the former one is brought back."""
    RETURNED = "returned"
    """The former version runs, and nothing more is tried by itself."""
    FAILED = "failed"
    """It did not become ready in its time, and there is no former version."""
    BLOCKED = "blocked"
    """Somebody else's operator is there, which is left alone."""


Image = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._/:-]*$", max_length=255)]
"""An image's repository, without its tag."""
Version = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$", max_length=63)]
"""A version, which is the image's tag too."""
Facts = Annotated[dict[str, JsonValue], Field(max_length=64)]
"""What the cluster offers to installations, in the words of the operator's facts (`docs/reference/operator.md`)."""


class UpdateOperator(model.Request):
    """Says who keeps a cluster's operator, and how it should be; what is not given stays."""

    kept_by: Keeper | None = None
    image: Image | None = None
    """Null: the provisioner's own choice (`TENANTRY_PROVISIONER_OPERATOR_IMAGE`)."""
    version: Version | None = None
    """Null: it follows the provisioner's own version."""
    facts: Facts | None = None
    """Replaces all facts."""
    takes_over: bool | None = None
    """Take over an operator of the same name that somebody else keeps, once; otherwise it is left alone."""


class Operator(model.Resource):
    """The operator of a cluster."""

    cluster: str
    """The cluster's name."""
    kept_by: Keeper
    image: str
    """With its tag: what is wanted."""
    version: str
    """The version that is wanted."""
    follows: bool
    """The wanted version is the provisioner's own, whichever that is."""
    facts: dict[str, JsonValue]
    takes_over: bool
    status: Status
    reason: str
    """A word in CamelCase for programs; empty when there is nothing to explain."""
    message: str
    since: datetime
    """Since when it has this status."""
    serving_version: str | None
    """The version that was last brought to be ready by the provisioner."""


class ChangeKind(StrEnum):
    """What would become of an object."""

    MADE = "made"
    CHANGED = "changed"
    REMOVED = "removed"


class FieldChange(model.Resource):
    """One field, before and after; null: it is not there. Values of Secrets are masked."""

    path: str
    before: JsonValue
    after: JsonValue


class ObjectChange(model.Resource):
    """What would become of one object in the cluster."""

    change: ChangeKind
    kind: str
    namespace: str | None
    name: str
    fields: list[FieldChange]
    """Of what is changed; empty for what is made or removed as a whole."""


class OperatorPreview(model.Resource):
    """What bringing the operator to what is wanted would change in the cluster; nothing was changed."""

    cluster: str
    image: str
    version: str
    message: str
    """What stands in the way of doing it now; empty: nothing."""
    changes: list[ObjectChange]
    """In the order in which they would be made; what stays as it is is not in it."""
