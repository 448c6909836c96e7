"""Answers where so many more installations would go: reads what is there, asks the forecast, reserves nothing."""

import asyncio

from tenantry.application import values
from tenantry.engine import database
from tenantry.provisioner.applications import model as applications
from tenantry.provisioner.installations import demand as demands
from tenantry.provisioner.installations import forecast, placement, places_store
from tenantry.wire import placement as wire
from tenantry.wire.placement import PlaceKind


async def plan(
    reader: database.Reader, application: applications.Application, request: wire.PlanInstallations
) -> wire.CapacityPlan:
    """Return where that many more installations would go, and what runs out first.

    Raises:
        UnknownSizeError: the application has no such size.
    """
    size = values.size(application.manifest, request.size or application.manifest.spec.sizes[0].name)
    wanted = demands.of(application.manifest, size, request.placement.match_labels)
    found = await _found(reader, wanted)
    # Fifty thousand take a second of thinking, in which the others shall be answered.
    foreseen = await asyncio.to_thread(forecast.forecast, found, wanted, request.installations)
    return wire.CapacityPlan(
        application=application.manifest.metadata.name,
        size=size.name,
        installations=request.installations,
        placed=foreseen.placed,
        takes=dict(wanted.takes),
        runs_out=foreseen.runs_out,
        message=foreseen.message,
        places=[_place(each, wanted) for each in foreseen.places],
    )


async def _found(reader: database.Reader, wanted: demands.Demand) -> forecast.Found:
    places = await places_store.everything(reader, wanted)
    found = {PlaceKind.CLUSTER: places.clusters}
    if wire.Measure.DATABASES in wanted.takes:
        found[PlaceKind.DATABASE_SERVER] = places.servers
    if wire.Measure.BUCKETS in wanted.takes:
        found[PlaceKind.OBJECT_STORE] = places.stores
    return found


def _place(filled: forecast.Filled, wanted: demands.Demand) -> wire.PlannedPlace:
    message = placement.obstacle(filled.after, wanted)
    is_ever = filled.count > 0 or not message
    lacking = forecast.needed(filled, wanted)
    return wire.PlannedPlace(
        kind=filled.kind,
        name=filled.before.name,
        installations=filled.count,
        scarcest=placement.scarcest(filled.after, wanted) if is_ever else None,
        message=message,
        measures=[
            wire.PlannedMeasure(
                measure=measure,
                offered=offered,
                kept_free=filled.before.kept.get(measure, 0),
                reserved=filled.before.taken.get(measure, 0),
                planned=filled.after.taken.get(measure, 0),
                lacking=lacking[measure],
            )
            for measure, offered in filled.before.offers.items()
            if placement.takes(filled.before, wanted, measure)
        ],
    )
