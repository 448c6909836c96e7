"""The route that answers where so many more installations would go."""

from tenantry.application import values
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.api import reading, refusals
from tenantry.provisioner.applications import model as applications
from tenantry.provisioner.installations import planning
from tenantry.wire import placement as wire

router = reading.router("/v1/capacity-plan", "clusters")


@router.post(
    "",
    operation_id="plan_installations",
    responses=refusals.of(applications.ApplicationNotFoundError, values.UnknownSizeError),
)
async def plan(
    request: wire.PlanInstallations,
    services: given.ServicesOf,
    reader: given.ReaderOf,
    _: given.ReadsInfrastructure,
) -> wire.CapacityPlan:
    """Tell where so many more installations would go, and what runs out first. Nothing is made or reserved."""
    application = await services.applications.get(reader, request.application)
    return await planning.plan(reader, application, request)
