"""Routes that change what may be placed on clusters, database servers and object stores."""

from collections.abc import Awaitable, Callable

from fastapi import Response
from sqlalchemy import RowMapping

from tenantry.engine import database
from tenantry.kernel import errors
from tenantry.provisioner.access import model as access
from tenantry.provisioner.api import answers, reading, refusals
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.registry import nouns, service, store
from tenantry.wire import infrastructure as wire
from tenantry.wire import model

router = reading.router("")
_UNKNOWN = refusals.of(errors.NotFoundError)

Take = Callable[[], Awaitable[access.Answer]]


@router.patch(
    "/v1/clusters/{name}",
    tags=["clusters"],
    operation_id="update_cluster",
    response_model=wire.Cluster,
    responses=_UNKNOWN,
)
async def update_cluster(
    name: given.NameOrId,
    request: wire.UpdateCluster,
    services: given.ServicesOf,
    writer: given.WriterOf,
    by: given.WritesInfrastructure,
    once: given.OnceOf,
) -> Response:
    """Change what may be placed there; what is not given stays, and what is there already stays too."""
    take = _change(services, writer, nouns.CLUSTERS, nouns.cluster, name=name, request=request, by=by)
    return await answers.once(services, writer, once, take)


@router.patch(
    "/v1/database-servers/{name}",
    tags=["database servers"],
    operation_id="update_database_server",
    response_model=wire.DatabaseServer,
    responses=_UNKNOWN,
)
async def update_database_server(
    name: given.NameOrId,
    request: wire.UpdateDatabaseServer,
    services: given.ServicesOf,
    writer: given.WriterOf,
    by: given.WritesInfrastructure,
    once: given.OnceOf,
) -> Response:
    """Change what may be placed there; what is not given stays, and what is there already stays too."""
    take = _change(services, writer, nouns.DATABASE_SERVERS, nouns.database_server, name=name, request=request, by=by)
    return await answers.once(services, writer, once, take)


@router.patch(
    "/v1/object-stores/{name}",
    tags=["object stores"],
    operation_id="update_object_store",
    response_model=wire.ObjectStore,
    responses=_UNKNOWN | refusals.of(service.NoKeyError),
)
async def update_object_store(
    name: given.NameOrId,
    request: wire.UpdateObjectStore,
    services: given.ServicesOf,
    writer: given.WriterOf,
    by: given.WritesInfrastructure,
    once: given.OnceOf,
) -> Response:
    """Change what may be placed there, or how it is reached; what is not given stays, and so do the buckets there."""

    async def take() -> access.Answer:
        changed = await services.registry.change_object_store(writer, name, request, by)
        seen = nouns.object_store(await services.registry.get(writer, nouns.OBJECT_STORES, changed))
        return answers.of_registered(seen)

    return await answers.once(services, writer, once, take)


def _change(
    services: given.Services,
    writer: database.Writer,
    noun: store.Noun,
    seen: Callable[[RowMapping], answers.Registered],
    *,
    name: str,
    request: model.Request,
    by: access.Principal,
) -> Take:
    async def take() -> access.Answer:
        changed = await services.registry.change_limits(writer, noun, name, request, by)
        return answers.of_registered(seen(await services.registry.get(writer, noun, changed)))

    return take
