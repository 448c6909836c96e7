"""What a pooler before a database server is configured with, as it travels to whoever stands beside the pooler."""

from typing import Annotated, Literal

from pydantic import Field

from tenantry.wire import model

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
"""A logical database and its role; nothing in it has a meaning in a file of PgBouncer."""
Verifier = Annotated[str, Field(pattern=r"^SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$")]
"""What a server keeps of a password."""


class PooledDatabase(model.Resource):
    """A logical database that is reached through the pooler."""

    name: Name
    mode: Literal["transaction", "session"]
    """For how long a client has a connection to the server."""
    connections: Annotated[int, Field(ge=1)]
    """How many connections to the server all its clients share."""
    verifier: Verifier = Field(repr=False)
    """By which its role is known, to the pooler and to the server alike."""


class PoolerConfiguration(model.Resource):
    """All that the pooler of a database server is to know."""

    server: str
    """The database server's name."""
    host: str
    """Where the server is."""
    port: int
    ssl_mode: str
    """How connections to the server are protected, in libpq's words."""
    ca_certificate: str = ""
    """Who signs the server's certificate, as PEM; empty: those that the system trusts."""
    budget: int
    """How many connections it may open in all."""
    databases: list[PooledDatabase]
    """What it lets in, by name."""
