"""Routes of the operator of a cluster: how it is, how it should be, and what that would change."""

from fastapi import Response

from tenantry.kernel import errors
from tenantry.provisioner.access import model as access
from tenantry.provisioner.api import answers, reading, refusals
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.operators import ports
from tenantry.wire import operators as wire

router = reading.router("/v1/clusters/{name}/operator", "clusters")
_UNKNOWN = refusals.of(errors.NotFoundError, ports.NoOperatorError)


@router.get("", operation_id="get_operator", responses=_UNKNOWN)
async def get(
    name: given.NameOrId, services: given.ServicesOf, reader: given.ReaderOf, _: given.ReadsInfrastructure
) -> wire.Operator:
    """Return the operator of a Kubernetes cluster: who keeps it, in which version, and how far a change of it is."""
    return await services.operators.get(reader, name)


@router.patch("", operation_id="update_operator", response_model=wire.Operator, responses=_UNKNOWN)
async def update(
    name: given.NameOrId,
    request: wire.UpdateOperator,
    services: given.ServicesOf,
    writer: given.WriterOf,
    by: given.WritesInfrastructure,
    once: given.OnceOf,
) -> Response:
    """Say who keeps it and how it should be; what is not given stays. What the provisioner keeps is changed at once."""

    async def take() -> access.Answer:
        return answers.of(await services.operators.change(writer, name, request, by), name)

    return await answers.once(services, writer, once, take)


@router.post("/upgrade", operation_id="upgrade_operator", response_model=wire.Operator, responses=_UNKNOWN)
async def upgrade(
    name: given.NameOrId,
    services: given.ServicesOf,
    writer: given.WriterOf,
    by: given.WritesInfrastructure,
    once: given.OnceOf,
) -> Response:
    """Try again what was given up; where nothing was, look at it at once."""

    async def take() -> access.Answer:
        return answers.of(await services.operators.upgrade(writer, name, by), name)

    return await answers.once(services, writer, once, take)


@router.post("/preview", operation_id="preview_operator", responses=_UNKNOWN)
async def preview(
    name: given.NameOrId,
    request: wire.UpdateOperator,
    services: given.ServicesOf,
    _: given.ReadsInfrastructure,
) -> wire.OperatorPreview:
    """Tell what bringing it to what is wanted, and to what is given here, would change in the cluster: nothing is."""
    return await services.operators.preview(services.base, name, request)
