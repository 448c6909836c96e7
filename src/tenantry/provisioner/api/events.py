"""Routes of events: a list, and a stream that can be taken up again where it ended."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import Depends, Header, Query
from fastapi.responses import StreamingResponse

from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.api import negotiation, reading, refusals
from tenantry.provisioner.events import store
from tenantry.wire import events as wire
from tenantry.wire import model

router = reading.router("/v1/events", "events")

HEARTBEAT_SECONDS = 15.0
"""A comment is sent this often when nothing happens, so that a dead connection is noticed."""
_BATCH = 200
_LAST = 2**63 - 1


@router.get("", operation_id="list_events")
async def page(
    reader: given.ReaderOf,
    _: given.ReadsEvents,
    after: Annotated[int, Query(ge=0, le=_LAST, description="A sequence, or the `nextCursor` of a page.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    subject_id: Annotated[
        str | None, Query(alias="subjectId", max_length=200, description="Only events of this thing, by its id.")
    ] = None,
) -> model.Page[wire.Event]:
    """List events after a sequence, oldest first."""
    found = await store.after(reader, after, limit=limit, subject_id=subject_id)
    last = str(found[-1].sequence) if len(found) == limit else None
    return model.Page(items=list(found), next_cursor=last)


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


@router.get(
    "/stream",
    operation_id="follow_events",
    response_class=EventStream,
    dependencies=[Depends(negotiation.Offers("text/event-stream"))],
    responses=refusals.of(negotiation.NotAcceptableError),
)
async def stream(
    services: given.ServicesOf,
    by: given.ReadsEvents,
    after: Annotated[int | None, Query(ge=0, le=_LAST, description="A sequence; without it, only what comes.")] = None,
    last_event_id: Annotated[
        int | None,
        Header(alias="Last-Event-ID", ge=0, le=_LAST, description="The last sequence seen; it goes before `after`."),
    ] = None,
) -> EventStream:
    """Send every event after a sequence and then each new one, as server-sent events whose ids are sequences."""
    del by
    start = last_event_id if last_event_id is not None else after
    if start is None:
        async with services.base.read() as reader:
            start = await store.last(reader)
    return EventStream(_frames(services, start), headers=_HEADERS)


_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def _frames(services: given.Services, after: int) -> AsyncGenerator[str]:
    yield ": connected\n\n"
    with services.waker.subscription(store.TOPIC) as written:
        while True:
            written.clear()
            async with services.base.read() as reader:
                found = await store.after(reader, after, limit=_BATCH)
            for event in found:
                after = event.sequence
                yield f"id: {event.sequence}\nevent: {event.type}\ndata: {event.model_dump_json()}\n\n"
            if len(found) < _BATCH:
                async for beat in _until(written):
                    yield beat


async def _until(written: asyncio.Event) -> AsyncGenerator[str]:
    """Wait for news; yield a comment whenever a heartbeat's time passes without."""
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await written.wait()
        except TimeoutError:
            yield ": still here\n\n"
        else:
            return
