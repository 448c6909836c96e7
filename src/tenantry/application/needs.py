"""What an installation must be given: a logical database, a bucket, volumes, a way to send mail, a way out.

Each is handed over as values for templates, never as fixed names of environment variables.
"""

from typing import Literal

from pydantic import Field

from tenantry.application import resource


class Pooling(resource.Document):
    """How workloads may share connections to the server, where a pooler stands before it. Jobs never do."""

    mode: Literal["transaction", "session"]
    """`transaction`: a connection to the server for the length of a transaction. Prepared statements, advisory locks of
    a session, `LISTEN` and settings of a session do not outlive it. `session`: for as long as the program's own."""
    connections: int = Field(default=2, ge=1)
    """How many connections to the server all workloads of an installation share. With `session`, as many as they hold
    open at the same time."""


class DatabaseNeed(resource.Document):
    """A logical database of the installation's own."""

    engine: Literal["postgresql"] = "postgresql"
    """Which kind of server."""
    locale: str = "C.UTF-8"
    """Collation and character type."""
    encoding: str = "UTF8"
    """Character encoding."""
    extensions: list[str] = Field(default_factory=list[str])
    """Extensions that are created in it beforehand."""
    connections: int = Field(default=20, ge=1)
    """How many connections its role may hold at once."""
    pooling: Pooling | None = None
    """Whether workloads may go through a pooler; without it, they always go to the server itself."""


class BucketNeed(resource.Document):
    """A bucket of the installation's own in an object store."""


class VolumeNeed(resource.Document):
    """A folder that is kept as long as the installation exists."""

    name: resource.Identifier
    """Used in templates as `volumes.NAME`."""
    size: resource.Quantity = "1Gi"
    """How much it may hold."""


class MailNeed(resource.Document):
    """A way to send mail."""


class WebNeed(resource.Document):
    """A way out to web servers anywhere."""


class Needs(resource.Document):
    """What an installation must be given; each is handed over as template values."""

    database: DatabaseNeed | None = None
    """`database.host`, `.port`, `.name`, `.user`, `.password`, `.url`, `.sslMode`, `.caFile`. Where there is a pooler
    and the application can go through it, host, port and url are the pooler's in workloads and their files, and the
    server's own in jobs and theirs."""
    bucket: BucketNeed | None = None
    """`bucket.endpoint`, `.region`, `.name`, `.accessKey`, `.secretKey`, `.caFile`."""
    volumes: list[VolumeNeed] = Field(default_factory=list[VolumeNeed])
    """`volumes.NAME`: the path."""
    mail: MailNeed | None = None
    """`mail.host`, `.port`, `.user`, `.password`, `.sender`."""
    web: WebNeed | None = None
    """The way out to other people's web servers, for previews, push messages or sign-in; without it, clusters with
    network policies allow none."""
