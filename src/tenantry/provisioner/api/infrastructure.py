"""Routes of clusters, database servers and object stores: the same six for each."""

import functools

from fastapi import Response, status

from tenantry.kernel import errors
from tenantry.provisioner.access import model as access
from tenantry.provisioner.api import answers, reading, refusals
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.registry import deregistration, nouns, service, store
from tenantry.wire import infrastructure as wire
from tenantry.wire import model

router = reading.router("")
_TAKEN = refusals.of(store.AlreadyRegisteredError)
_UNKNOWN = refusals.of(errors.NotFoundError)


@router.post(
    "/v1/clusters",
    status_code=status.HTTP_201_CREATED,
    tags=["clusters"],
    operation_id="register_cluster",
    response_model=wire.Cluster,
    responses=_TAKEN,
)
async def register_cluster(request: wire.RegisterCluster, changing: given.ChangingOf) -> Response:
    """Make a cluster known; it is probed at once."""
    make = functools.partial(changing.services.registry.register_cluster, changing.writer, request, changing.by)
    return await answers.changed(changing, nouns.CLUSTERS, make, new_below="/v1/clusters")


@router.put(
    "/v1/clusters/{name}/kubeconfig",
    tags=["clusters"],
    operation_id="renew_kubeconfig",
    response_model=wire.Cluster,
    responses=_UNKNOWN | refusals.of(service.NoKubeconfigError),
)
async def renew_kubeconfig(
    name: given.NameOrId,
    request: wire.RenewKubeconfig,
    services: given.ServicesOf,
    writer: given.WriterOf,
    by: given.WritesInfrastructure,
) -> Response:
    """Replace how a Kubernetes cluster is reached; it is probed at once."""
    changed = await services.registry.renew_kubeconfig(writer, name, request, by)
    seen = nouns.cluster(await services.registry.get(writer, nouns.CLUSTERS, changed))
    return answers.response(answers.of_registered(seen))


@router.post(
    "/v1/database-servers",
    status_code=status.HTTP_201_CREATED,
    tags=["database servers"],
    operation_id="register_database_server",
    response_model=wire.DatabaseServer,
    responses=_TAKEN,
)
async def register_database_server(request: wire.RegisterDatabaseServer, changing: given.ChangingOf) -> Response:
    """Make a database server known; it is probed at once."""
    make = functools.partial(changing.services.registry.register_database_server, changing.writer, request, changing.by)
    return await answers.changed(changing, nouns.DATABASE_SERVERS, make, new_below="/v1/database-servers")


@router.post(
    "/v1/object-stores",
    status_code=status.HTTP_201_CREATED,
    tags=["object stores"],
    operation_id="register_object_store",
    response_model=wire.ObjectStore,
    responses=_TAKEN,
)
async def register_object_store(request: wire.RegisterObjectStore, changing: given.ChangingOf) -> Response:
    """Make an object store known; it is probed at once."""
    make = functools.partial(changing.services.registry.register_object_store, changing.writer, request, changing.by)
    return await answers.changed(changing, nouns.OBJECT_STORES, make, new_below="/v1/object-stores")


def _add_looks(path: str, noun: store.Noun, shape: type[nouns.Registered]) -> None:
    """Add the routes that look, for one noun."""

    async def everything(
        services: given.ServicesOf, reader: given.ReaderOf, _: given.ReadsInfrastructure
    ) -> model.Page[nouns.Registered]:
        rows = await services.registry.everything(reader, noun)
        return model.Page(items=[nouns.seen(noun, row) for row in rows])

    async def get(
        name: given.NameOrId, services: given.ServicesOf, reader: given.ReaderOf, _: given.ReadsInfrastructure
    ) -> Response:
        row = await services.registry.get(reader, noun, name)
        return answers.response(answers.of_registered(nouns.seen(noun, row)))

    word = noun.kind.replace("-", "_")
    router.get(
        path,
        tags=[f"{noun.title}s"],
        operation_id=f"list_{word}s",
        description=f"List {noun.title}s, by name.",
        response_model=model.Page[shape],
    )(everything)
    router.get(
        f"{path}/{{name}}",
        tags=[f"{noun.title}s"],
        operation_id=f"get_{word}",
        description=f"Return one {noun.title}.",
        response_model=shape,
        responses=_UNKNOWN,
    )(get)


def _add_cordon(path: str, noun: store.Noun, word: str, *, is_cordoned: bool, description: str) -> None:
    """Add the route that closes, or opens, for new things, for one noun."""

    async def cordon(name: given.NameOrId, changing: given.ChangingOf) -> Response:
        async def take() -> access.Answer:
            registry, writer, by = changing.services.registry, changing.writer, changing.by
            await registry.cordon(writer, noun, name, is_cordoned=is_cordoned, by=by)
            return answers.empty(name)

        return await answers.once(changing.services, changing.writer, changing.once, take)

    router.post(
        f"{path}/{{name}}/{word}",
        status_code=status.HTTP_204_NO_CONTENT,
        tags=[f"{noun.title}s"],
        operation_id=f"{word}_{noun.kind.replace('-', '_')}",
        description=description,
        responses=_UNKNOWN,
    )(cordon)


def _add_cordons(path: str, noun: store.Noun) -> None:
    _add_cordon(path, noun, "cordon", is_cordoned=True, description="Let nothing new be placed there.")
    _add_cordon(path, noun, "uncordon", is_cordoned=False, description="Let new things be placed there again.")


def _add_deregister(path: str, noun: store.Noun, *refused: refusals.Kind, description: str) -> None:
    """Add the route that forgets, for one noun."""

    async def deregister(name: given.NameOrId, changing: given.ChangingOf, if_match: given.ConditionOf) -> Response:
        async def take() -> access.Answer:
            registry, writer, by = changing.services.registry, changing.writer, changing.by
            await registry.deregister(writer, noun, name, if_match=if_match, by=by)
            return answers.empty(name)

        return await answers.once(changing.services, changing.writer, changing.once, take)

    router.delete(
        f"{path}/{{name}}",
        status_code=status.HTTP_204_NO_CONTENT,
        tags=[f"{noun.title}s"],
        operation_id=f"deregister_{noun.kind.replace('-', '_')}",
        description=description,
        responses=_UNKNOWN | refusals.of(deregistration.StillUsedError, *refused),
    )(deregister)


_add_looks("/v1/clusters", nouns.CLUSTERS, wire.Cluster)
_add_looks("/v1/database-servers", nouns.DATABASE_SERVERS, wire.DatabaseServer)
_add_looks("/v1/object-stores", nouns.OBJECT_STORES, wire.ObjectStore)
_add_cordons("/v1/clusters", nouns.CLUSTERS)
_add_cordons("/v1/database-servers", nouns.DATABASE_SERVERS)
_add_cordons("/v1/object-stores", nouns.OBJECT_STORES)
_add_deregister(
    "/v1/clusters",
    nouns.CLUSTERS,
    deregistration.OperatorKeptError,
    description="Forget it and its kubeconfig. What runs there stays, an operator too; its name is free again.",
)
_add_deregister(
    "/v1/database-servers",
    nouns.DATABASE_SERVERS,
    description="Forget it and its password. The server stays as it is; its name is free again.",
)
_add_deregister(
    "/v1/object-stores",
    nouns.OBJECT_STORES,
    description="Forget it and its key. The store stays as it is; its name is free again.",
)
