"""What an installation must be given: a logical database, a bucket, volumes, a way to send mail, a way out.

Each is handed over as values for templates, never as fixed names of environment variables.
"""

from typing import Literal

from pydantic import Field

from tenantry.application import resource


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
    """`database.host`, `.port`, `.name`, `.user`, `.password`, `.url`, `.sslMode`, `.caFile`."""
    bucket: BucketNeed | None = None
    """`bucket.endpoint`, `.region`, `.name`, `.accessKey`, `.secretKey`, `.caFile`."""
    volumes: list[VolumeNeed] = Field(default_factory=list[VolumeNeed])
    """`volumes.NAME`: the path."""
    mail: MailNeed | None = None
    """`mail.host`, `.port`, `.user`, `.password`, `.sender`."""
    web: WebNeed | None = None
    """The way out to other people's web servers, for previews, push messages or sign-in; without it, clusters with
    network policies allow none."""
