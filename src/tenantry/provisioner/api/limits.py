"""Routes that change what may be placed on clusters, database servers and object stores."""

import functools

from fastapi import Response

from tenantry.kernel import errors
from tenantry.provisioner.api import answers, reading, refusals
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.registry import nouns, poolers, service, store
from tenantry.wire import infrastructure as wire
from tenantry.wire import model

router = reading.router("")
_UNKNOWN = refusals.of(errors.NotFoundError)


@router.patch(
    "/v1/clusters/{name}",
    tags=["clusters"],
    operation_id="update_cluster",
    response_model=wire.Cluster,
    responses=_UNKNOWN,
)
async def update_cluster(name: given.NameOrId, request: wire.UpdateCluster, changing: given.ChangingOf) -> Response:
    """Change what may be placed there; what is not given stays, and what is there already stays too."""
    return await _limited(changing, nouns.CLUSTERS, name, request)


@router.patch(
    "/v1/database-servers/{name}",
    tags=["database servers"],
    operation_id="update_database_server",
    response_model=wire.DatabaseServer,
    responses=_UNKNOWN
    | refusals.of(poolers.PoolerIncompleteError, poolers.BudgetTooLargeError, poolers.BudgetTooSmallError),
)
async def update_database_server(
    name: given.NameOrId, request: wire.UpdateDatabaseServer, changing: given.ChangingOf
) -> Response:
    """Change what may be placed there; what is not given stays, and what is there already stays too."""
    registry, writer, by = changing.services.registry, changing.writer, changing.by
    change = functools.partial(registry.change_database_server, writer, name, request, by)
    return await answers.changed(changing, nouns.DATABASE_SERVERS, change)


@router.patch(
    "/v1/object-stores/{name}",
    tags=["object stores"],
    operation_id="update_object_store",
    response_model=wire.ObjectStore,
    responses=_UNKNOWN | refusals.of(service.NoKeyError),
)
async def update_object_store(
    name: given.NameOrId, request: wire.UpdateObjectStore, changing: given.ChangingOf
) -> Response:
    """Change what may be placed there, or how it is reached; what is not given stays, and so do the buckets there."""
    registry, writer, by = changing.services.registry, changing.writer, changing.by
    change = functools.partial(registry.change_object_store, writer, name, request, by)
    return await answers.changed(changing, nouns.OBJECT_STORES, change)


async def _limited(changing: given.Changing, noun: store.Noun, name: str, request: model.Request) -> Response:
    registry, writer, by = changing.services.registry, changing.writer, changing.by
    change = functools.partial(registry.change_limits, writer, noun, name, request, by)
    return await answers.changed(changing, noun, change)
