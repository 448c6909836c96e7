"""Routes of installations. A request changes what is wanted and answers at once; events and status tell the rest."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query, Response, status

from tenantry.application import settings, upgrades, values
from tenantry.engine import database
from tenantry.kernel import errors, names, transitions
from tenantry.provisioner.access import model as access
from tenantry.provisioner.api import answers, cursors, listing, reading, refusals
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.applications import model as applications
from tenantry.provisioner.installations import model as installations
from tenantry.provisioner.installations import view
from tenantry.wire import installations as wire
from tenantry.wire import model

router = reading.router("/v1/installations", "installations")
names_router = reading.router("/v1/names", "names")

_LONGEST_GRACE = 10 * 366 * 24 * 3600
"""Ten years, in seconds."""
_UNFIT = (values.UnknownVersionError, values.UnknownSizeError, settings.SettingsInvalidError)
_CHANGING = (
    installations.InstallationNotFoundError,
    installations.ChangeInProgressError,
    transitions.TransitionRefusedError,
)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    operation_id="create_installation",
    response_model=wire.Installation,
    responses=refusals.of(
        applications.ApplicationNotFoundError,
        names.NameInvalidError,
        names.NameReservedError,
        installations.NameTakenError,
        *_UNFIT,
    ),
)
async def create(
    request: wire.CreateInstallation,
    services: given.ServicesOf,
    writer: given.WriterOf,
    by: given.WritesInstallations,
    once: given.OnceOf,
) -> Response:
    """Order an installation. Send an Idempotency-Key, so that a repeated request orders nothing."""

    async def make() -> access.Answer:
        application = await services.applications.get(writer, request.application)
        made = await services.installations.create(writer, application, request, by)
        return answers.of_installation(view.view(await services.installations.get(writer, made)), is_new=True)

    return await answers.once(services, writer, once, make)


@router.get(
    "",
    operation_id="list_installations",
    responses=refusals.of(cursors.CursorInvalidError, errors.CustomerMustActError),
)
async def page(
    services: given.ServicesOf,
    reader: given.ReaderOf,
    _: given.ReadsInstallations,
    chosen: Annotated[listing.Listing, Query()],
) -> model.Page[wire.Installation]:
    """List installations, newest first; deleted ones only where asked for."""
    after = None if chosen.cursor is None else cursors.decode(chosen.cursor)
    found = await services.installations.page(reader, chosen.filter(), after=after, limit=chosen.limit + 1)
    items = [view.view(each) for each in found[: chosen.limit]]
    last = found[chosen.limit - 1] if len(found) > chosen.limit else None
    return model.Page(items=items, next_cursor=None if last is None else cursors.encode(last))


@router.get(
    "/{identifier}",
    operation_id="get_installation",
    response_model=wire.Installation,
    responses=refusals.of(installations.InstallationNotFoundError),
)
async def get(
    identifier: given.NameOrId, services: given.ServicesOf, reader: given.ReaderOf, _: given.ReadsInstallations
) -> Response:
    """Return one installation, by name or id."""
    return await _as_it_is(services, reader, identifier)


@router.patch(
    "/{identifier}",
    operation_id="update_installation",
    response_model=wire.Installation,
    responses=refusals.of(*_CHANGING, upgrades.UpgradeRefusedError, installations.NoRoomError, *_UNFIT),
)
async def update(
    *,
    request: wire.UpdateInstallation,
    identifier: given.NameOrId,
    services: given.ServicesOf,
    writer: given.WriterOf,
    asked: given.AskedOf,
    once: given.OnceOf,
) -> Response:
    """Change version, size or settings; what is not given stays. A change that changes nothing is accepted."""

    async def take() -> access.Answer:
        await services.installations.update(writer, asked.of(identifier), request)
        return answers.of_installation(view.view(await services.installations.get(writer, identifier)))

    return await answers.once(services, writer, once, take)


@router.delete(
    "/{identifier}",
    operation_id="delete_installation",
    response_model=wire.Installation,
    responses=refusals.of(*_CHANGING, installations.LockedError),
)
async def discard(
    identifier: given.NameOrId,
    services: given.ServicesOf,
    writer: given.WriterOf,
    asked: given.AskedOf,
    grace_seconds: Annotated[
        int | None,
        Query(alias="graceSeconds", ge=0, le=_LONGEST_GRACE, description="How long it can be taken back."),
    ] = None,
) -> Response:
    """Switch it off at once, and delete it for good when the grace has ended."""
    grace = None if grace_seconds is None else timedelta(seconds=grace_seconds)
    await services.installations.discard(writer, asked.of(identifier), grace)
    return await _as_it_is(services, writer, identifier)


@router.put(
    "/{identifier}/lock",
    operation_id="lock_installation",
    response_model=wire.Installation,
    responses=refusals.of(installations.InstallationNotFoundError, errors.ConflictError),
)
async def lock(
    identifier: given.NameOrId, services: given.ServicesOf, writer: given.WriterOf, asked: given.AskedOf
) -> Response:
    """Refuse its deletion."""
    await services.installations.set_lock(writer, asked.of(identifier), is_locked=True)
    return await _as_it_is(services, writer, identifier)


@router.delete(
    "/{identifier}/lock",
    operation_id="unlock_installation",
    response_model=wire.Installation,
    responses=refusals.of(installations.InstallationNotFoundError),
)
async def unlock(
    identifier: given.NameOrId, services: given.ServicesOf, writer: given.WriterOf, asked: given.AskedOf
) -> Response:
    """Allow its deletion again."""
    await services.installations.set_lock(writer, asked.of(identifier), is_locked=False)
    return await _as_it_is(services, writer, identifier)


@router.get(
    "/{identifier}/credentials",
    operation_id="get_installation_credentials",
    responses=refusals.of(installations.InstallationNotFoundError, errors.NotFoundError),
)
async def credentials(
    identifier: given.NameOrId, services: given.ServicesOf, reader: given.ReaderOf, _: given.ReadsCredentials
) -> wire.InstallationCredentials:
    """Return how the first administrator signs in."""
    return await services.installations.credentials(reader, identifier)


@names_router.get("/{name}", operation_id="get_name_availability")
async def availability(
    name: given.Name, services: given.ServicesOf, reader: given.ReaderOf, _: given.ReadsInstallations
) -> wire.NameAvailability:
    """Tell whether a name can be taken now, and if not, why."""
    return await services.installations.availability(reader, name)


async def _as_it_is(services: given.Services, reader: database.Reader, identifier: str) -> Response:
    found = view.view(await services.installations.get(reader, identifier))
    return answers.response(answers.of_installation(found))
