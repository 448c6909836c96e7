"""What endpoints are given: the services, a transaction that commits when the request has succeeded, and who calls."""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tenantry.engine import database, waker
from tenantry.provisioner import context
from tenantry.provisioner.access import model as access
from tenantry.provisioner.access import service as access_service
from tenantry.provisioner.api import conditions
from tenantry.provisioner.applications import service as applications
from tenantry.provisioner.installations import changes, ports
from tenantry.provisioner.installations import service as installations
from tenantry.provisioner.operators import service as operators
from tenantry.provisioner.registry import service as registry
from tenantry.wire import tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that an endpoint may call; made by the composition root."""

    base: database.Database
    around: context.Context
    waker: waker.Waker
    world: ports.Surroundings
    access: access_service.Access
    applications: applications.Applications
    installations: installations.Installations
    registry: registry.Registry
    operators: operators.Operators


def services(request: Request) -> Services:
    """Return the services of this process."""
    found = request.app.state.services
    assert isinstance(found, Services)  # noqa: S101 - set by the composition root, never by a request
    return found


ServicesOf = Annotated[Services, Depends(services)]


_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="A token's secret; operations name its scopes.")


async def principal(
    given: ServicesOf, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> access.Principal:
    """Return who calls."""
    if credentials is None:
        raise access.TokenInvalidError("This needs a token.")
    return await given.access.identify(given.base, credentials.credentials)


Caller = Annotated[access.Principal, Depends(principal)]
"""Who calls. Whatever holds a connection depends on it: a request that held one while it asked for another, to look its
token up, would with enough of its like wait for ever."""


async def reader(given: ServicesOf, by: Caller) -> AsyncGenerator[database.Reader]:
    """Open a connection for reading."""
    del by
    async with given.base.read() as connection:
        yield connection


async def writer(given: ServicesOf, by: Caller) -> AsyncGenerator[database.Writer]:
    """Open a transaction that commits before the answer is sent, or not at all."""
    del by
    async with given.base.write() as connection:
        yield connection


ReaderOf = Annotated[database.Reader, Depends(reader, scope="function")]
WriterOf = Annotated[database.Writer, Depends(writer, scope="function")]


class Requires:
    """A dependency that returns who calls, if the token has the scope."""

    def __init__(self, scope: tokens.Scope) -> None:
        """Take the scope."""
        self.scope = scope

    def __call__(self, by: Caller) -> access.Principal:
        """Return who calls."""
        by.require(self.scope)
        return by


ReadsApplications = Annotated[access.Principal, Depends(Requires(tokens.Scope.APPLICATIONS_READ))]
WritesApplications = Annotated[access.Principal, Depends(Requires(tokens.Scope.APPLICATIONS_WRITE))]
ReadsInstallations = Annotated[access.Principal, Depends(Requires(tokens.Scope.INSTALLATIONS_READ))]
WritesInstallations = Annotated[access.Principal, Depends(Requires(tokens.Scope.INSTALLATIONS_WRITE))]
ReadsCredentials = Annotated[access.Principal, Depends(Requires(tokens.Scope.INSTALLATIONS_CREDENTIALS))]
ReadsInfrastructure = Annotated[access.Principal, Depends(Requires(tokens.Scope.INFRASTRUCTURE_READ))]
WritesInfrastructure = Annotated[access.Principal, Depends(Requires(tokens.Scope.INFRASTRUCTURE_WRITE))]
ReadsPoolers = Annotated[access.Principal, Depends(Requires(tokens.Scope.POOLERS_READ))]
ReadsEvents = Annotated[access.Principal, Depends(Requires(tokens.Scope.EVENTS_READ))]
WritesTokens = Annotated[access.Principal, Depends(Requires(tokens.Scope.TOKENS_WRITE))]


_EXAMPLE = ["acme"]
_SEGMENT = r"^[^/\x00-\x1f\x7f]+$"
Name = Annotated[str, Path(pattern=_SEGMENT, max_length=200, description="Its name.", examples=_EXAMPLE)]
Id = Annotated[str, Path(pattern=_SEGMENT, max_length=200, description="Its id.")]
NameOrId = Annotated[str, Path(pattern=_SEGMENT, max_length=200, description="Its name or id.", examples=_EXAMPLE)]

_KEY = "Makes the request safe to repeat for 24 hours: the same request with the same key is answered as at first."


async def once(
    request: Request,
    by: Caller,
    idempotency_key: Annotated[
        str | None, Header(alias="Idempotency-Key", pattern=r"^[!-~]{1,200}$", description=_KEY)
    ] = None,
) -> access.Once | None:
    """Return what makes this request happen once; None where the client sent no key."""
    if idempotency_key is None:
        return None
    body = await request.body()
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + body).digest()
    return access.Once(token_id=by.token_id, key=idempotency_key, digest=digest)


OnceOf = Annotated[access.Once | None, Depends(once)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing:
    """Who changes clusters, database servers and object stores, with what that takes."""

    services: Services
    writer: database.Writer
    by: access.Principal
    once: access.Once | None


def changing(services: ServicesOf, writer: WriterOf, by: WritesInfrastructure, once: OnceOf) -> Changing:
    """Return who changes infrastructure."""
    return Changing(services=services, writer=writer, by=by, once=once)


ChangingOf = Annotated[Changing, Depends(changing, scope="function")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks for a change, and on which ETags it depends."""

    by: access.Principal
    if_match: frozenset[str] | None

    def of(self, identifier: str) -> changes.Change:
        """Return the change of this installation."""
        return changes.Change(identifier=identifier, by=self.by, if_match=self.if_match)


_CONDITION = "Refuse the change unless this is the present ETag; a list and “*” may be given as well."


def condition(
    if_match: Annotated[str | None, Header(alias="If-Match", max_length=1000, description=_CONDITION)] = None,
) -> frozenset[str] | None:
    """Return on which ETags a request depends; None: on none."""
    return conditions.etags(if_match)


ConditionOf = Annotated[frozenset[str] | None, Depends(condition)]


def asked(by: WritesInstallations, if_match: ConditionOf) -> Asked:
    """Return who asks for a change."""
    return Asked(by=by, if_match=if_match)


AskedOf = Annotated[Asked, Depends(asked)]
