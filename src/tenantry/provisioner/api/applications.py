"""Routes of applications."""

from tenantry.application import findings, manifest
from tenantry.kernel import errors
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.api import reading, refusals
from tenantry.provisioner.applications import model as applications
from tenantry.provisioner.applications import view
from tenantry.wire import applications as wire
from tenantry.wire import model

router = reading.router("/v1/applications", "applications")


@router.put(
    "/{name}",
    operation_id="apply_application",
    responses=refusals.of(findings.ManifestError, errors.CustomerMustActError),
)
async def apply(
    name: given.Name,
    application: manifest.Application,
    services: given.ServicesOf,
    writer: given.WriterOf,
    by: given.WritesApplications,
) -> wire.Application:
    """Accept a manifest, new or changed; its versions are prepared on every cluster. Repeating it changes nothing."""
    await services.applications.apply(writer, name, application, by)
    return view.view(await services.applications.get(writer, name))


@router.get("", operation_id="list_applications")
async def everything(
    services: given.ServicesOf, reader: given.ReaderOf, _: given.ReadsApplications
) -> model.Page[wire.Application]:
    """List what is sold, by name."""
    found = await services.applications.everything(reader)
    return model.Page(items=[view.view(each) for each in found])


@router.get("/{name}", operation_id="get_application", responses=refusals.of(applications.ApplicationNotFoundError))
async def get(
    name: given.Name, services: given.ServicesOf, reader: given.ReaderOf, _: given.ReadsApplications
) -> wire.Application:
    """Return one application."""
    return view.view(await services.applications.get(reader, name))
