"""An installation as the provisioner knows it: what is wanted, what was made for it, and what its cluster reports."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tenantry.application import manifest
from tenantry.kernel import errors, ids
from tenantry.provisioner.installations import pool_plan
from tenantry.provisioner.installations.transitions import Rotation
from tenantry.runtime import document
from tenantry.wire.installations import Status, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalDatabase:
    """Its own database; name and role are the same."""

    id: ids.LogicalDatabaseId
    server_id: ids.DatabaseServerId
    name: str
    password: bytes = field(repr=False)
    host: str
    port: int
    ssl_mode: str
    ca_certificate: str = ""
    """Who signs the server's certificate, as PEM; empty: those that the system trusts."""
    is_ready: bool
    password_set_at: datetime | None = None
    """When the server took the password, by its own clock; None where that was never another."""
    pool: "Pool | None" = None
    """Its part of the pooler before the server; None: it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A logical database's part of the pooler before its server.

    Attributes:
        host: of the pooler, as installations reach it.
        mode: for how long a client has a connection to the server.
        size: how many connections it has there.
        is_open: the pooler takes installations; else they leave it with their next change or restart.
        verifier: by which pooler and server know its role, sealed.
        used: the pooler, as `host:port`, that let its role in and that its workloads may use; None: they use none.
    """

    host: str
    port: int
    is_open: bool
    mode: str
    size: int
    verifier: bytes = field(repr=False)
    used: str | None = None

    @property
    def address(self) -> str:
        """The pooler as it is to be used."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Its own bucket and the key that opens it."""

    id: ids.BucketId
    store_id: ids.ObjectStoreId
    name: str
    access_key: str
    secret_key: bytes = field(repr=False)
    endpoint: str
    region: str
    ca_certificate: str = ""
    """Who signs the store's certificate, as PEM; empty: the public authorities."""
    is_ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was wanted of an installation when it was last well."""

    version: str
    size: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a cluster cannot be reached."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One row with what belongs to it.

    Attributes:
        generation: counts changes of what is wanted.
        handed_generation: the generation that its cluster has accepted; 0 before the first.
        revision: counts changes that a client may ask for; the ETag.
        cluster: name of its cluster; None until it is placed.
        cluster_trouble: why its cluster cannot be reached; None where nothing is known to be wrong.
        settled: what it goes back to where a change fails; None until it was well once.
        setback: the update that failed and is being taken back: `from`, `to`, `reason` and `message`.
        runtime: what its cluster reported last.
        is_gone: its cluster has said, asked for its removal, that nothing is left of it; or it was abandoned there.
        match_labels: what its cluster must be labelled with.
        rotation: how far a rotation of its credentials is; None: none is under way.
    """

    id: ids.InstallationId
    name: str
    display_name: str
    application: manifest.Application = field(repr=False)
    application_id: ids.ApplicationId
    version: str
    size: str
    settings: dict[str, Any]
    labels: dict[str, str]
    url: str
    target: Target
    status: Status
    reason: str
    message: str
    generation: int
    handed_generation: int
    revision: int
    restarted_at: datetime | None
    is_locked: bool
    delete_after: datetime | None
    cluster_id: ids.ClusterId | None
    cluster: str | None
    placed_at: datetime | None
    generated_secrets: bytes = field(repr=False)
    database: LogicalDatabase | None
    bucket: Bucket | None
    runtime: document.InstallationStatus | None
    is_gone: bool
    created_at: datetime
    updated_at: datetime
    cluster_trouble: Trouble | None = None
    settled: Settled | None = None
    setback: dict[str, str] | None = None
    match_labels: dict[str, str] = field(default_factory=dict[str, str])
    rotation: Rotation | None = None

    @property
    def needs_database(self) -> bool:
        """Tell whether its application needs a logical database."""
        return self.application.spec.needs.database is not None

    @property
    def needs_bucket(self) -> bool:
        """Tell whether its application needs a bucket."""
        return self.application.spec.needs.bucket is not None

    @property
    def may_be_pooled(self) -> bool:
        """Tell whether its workloads are to go through the pooler before its database server."""
        pooling = pool_plan.pooling(self.application)
        own = None if self.database is None else self.database.pool
        if own is None or pooling is None:
            return False
        return own.is_open and pool_plan.fits(own.mode, own.size, pooling)

    @property
    def is_pooled(self) -> bool:
        """Tell whether they can: the pooler lets its role in."""
        own = self.database
        return self.may_be_pooled and own is not None and own.pool is not None and own.pool.used == own.pool.address

    @property
    def joins_pooler(self) -> bool:
        """Tell whether the pooler must let its role in before it is told to go there.

        It is told with a change and never for its own sake.
        """
        if self.target is not Target.RUNNING or self.handed_generation >= self.generation:
            return False
        return self.may_be_pooled and not self.is_pooled

    @property
    def has_left_pooler(self) -> bool:
        """Tell whether it has a part of a pooler that nothing of it uses any more, once it is well."""
        own = self.database
        has_part = own is not None and own.pool is not None and own.pool.used is None
        return has_part and not self.may_be_pooled

    @property
    def run_policy(self) -> document.RunPolicy:
        """Tell whether processes are wanted."""
        return document.RunPolicy.RUNNING if self.target is Target.RUNNING else document.RunPolicy.ASLEEP


class NameTakenError(errors.ConflictError):
    """This name is taken."""

    code = "name-taken"
    hint = "Choose another name."


class InstallationNotFoundError(errors.NotFoundError):
    """There is no such installation."""

    code = "installation-not-found"


class ChangedMeanwhileError(errors.ConflictError):
    """It has changed since you read it."""

    code = "changed-meanwhile"
    status = 412
    hint = "Read it again, decide again, and send the new ETag as If-Match."


class LockedError(errors.ConflictError):
    """The installation is locked against deletion."""

    code = "deletion-locked"
    hint = "Remove the lock first: `tenantry installation unlock NAME`."


class ChangeInProgressError(errors.ConflictError):
    """A change is in progress; a second one is accepted when it has ended."""

    code = "change-in-progress"


class NothingToRotateError(errors.ConflictError):
    """The installation has neither a database nor a bucket, so it has no credentials to rotate."""

    code = "nothing-to-rotate"


class ClusterAwayError(errors.TemporaryError):
    """The cluster of this installation cannot be reached."""

    code = "cluster-away"


class DeletionNotAskedError(errors.ConflictError):
    """The deletion of this installation was not asked for."""

    code = "deletion-not-asked"
    hint = "Delete it first: `tenantry installation delete NAME`."


class ClusterAnswersError(errors.ConflictError):
    """The cluster of this installation can be reached, so nothing needs to be left behind there."""

    code = "cluster-answers"
    hint = "Wait: the deletion goes on by itself, and the installation's message says what it waits for."


class NowhereError(errors.TemporaryError):
    """There is no place for it now."""

    code = "nowhere"


class NoRoomError(errors.ConflictError):
    """Where the installation is, there is no room for what it would take then."""

    code = "no-room"
    hint = "Make room there, or choose a smaller size."
