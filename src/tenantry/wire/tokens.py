"""Access tokens as they travel."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from tenantry.wire import model


class Scope(StrEnum):
    """What a token may do."""

    APPLICATIONS_READ = "applications:read"
    APPLICATIONS_WRITE = "applications:write"
    INSTALLATIONS_READ = "installations:read"
    INSTALLATIONS_WRITE = "installations:write"
    INSTALLATIONS_CREDENTIALS = "installations:credentials"
    INFRASTRUCTURE_READ = "infrastructure:read"
    INFRASTRUCTURE_WRITE = "infrastructure:write"
    POOLERS_READ = "poolers:read"
    """What a pooler is configured with; nothing else."""
    EVENTS_READ = "events:read"
    TOKENS_WRITE = "tokens:write"


class CreateToken(model.Request):
    """Asks for a token."""

    name: str = Field(min_length=1, max_length=80)
    scopes: list[Scope] = Field(min_length=1, max_length=100)
    expires_in_days: int | None = Field(default=90, ge=1, le=3650)
    """None: never expires."""


class Token(model.Resource):
    """A token without its secret."""

    id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class CreatedToken(Token):
    """A token with its secret, answered once."""

    secret: str = Field(repr=False)
