"""Streams go on where they broke: nothing is lost and nothing comes twice."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from itertools import pairwise

import orjson
import pytest

from support import stage as stages
from support import things
from tenantry.client import failures, provisioner
from tenantry.kernel import errors
from tenantry.wire import installations

Client = provisioner.Provisioner


def frame(sequence: int) -> bytes:
    return b"id: %d\ndata: %s\n\n" % (sequence, orjson.dumps(things.event(sequence)))


async def collect(client: Client, count: int, *, after: int = 0) -> list[int]:
    sequences: list[int] = []
    async with aclosing(client.events(after=after, follow=True)) as events:
        async for event in events:
            sequences.append(event.sequence)
            if len(sequences) == count:
                break
    return sequences


async def test_a_stream_goes_on_after_the_last_event_when_the_connection_breaks(
    stage: stages.Stage, client: Client
) -> None:
    stage.answers = [
        stages.stream(frame(4), frame(5), frame(6)[:20], cut=True),
        stages.hang_up,
        stages.problem(503, "busy"),
        stages.stream(frame(6), frame(7)),
    ]
    assert await collect(client, 4, after=3) == [4, 5, 6, 7]
    assert [received.query["after"] for received in stage.received] == ["3", "5", "5", "5"]


async def test_a_frame_in_pieces_is_one_event(stage: stages.Stage, client: Client) -> None:
    whole = frame(1) + frame(2)
    stage.answers = [stages.stream(*[whole[start:end] for start, end in pairwise((0, 1, 9, 50, len(whole)))])]
    assert await collect(client, 2) == [1, 2]


async def test_an_identifier_without_an_event_moves_the_cursor(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.stream(b": hello\n\nid: 40\n\n"), stages.stream(frame(41))]
    assert await collect(client, 1, after=3) == [41]
    assert [received.query["after"] for received in stage.received] == ["3", "40"]


async def test_silence_is_a_broken_connection(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.stream(frame(1), pause=timedelta(seconds=5)), stages.stream(frame(2))]
    assert await collect(client, 2) == [1, 2]


async def test_patience_comes_to_an_end(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.hang_up]
    events = client.events(follow=True, patience=timedelta(milliseconds=100))
    with pytest.raises(failures.ProvisionerAwayError):
        await anext(events)
    assert len(stage.received) > 1


async def test_what_was_refused_ends_the_stream(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.problem(403, "forbidden")]
    with pytest.raises(errors.ForbiddenError):
        await anext(client.events(follow=True))


async def test_the_past_is_read_page_by_page(stage: stages.Stage, client: Client) -> None:
    stage.answers = [
        stages.json(things.page(things.event(1), things.event(2))),
        stages.json(things.page(things.event(5))),
        stages.json(things.page()),
    ]
    assert [event.sequence async for event in client.events()] == [1, 2, 5]
    assert [received.query["after"] for received in stage.received] == ["0", "2", "5"]


async def test_logs_are_read_line_by_line(stage: stages.Stage, client: Client) -> None:
    line = orjson.dumps({"at": things.NOON, "source": "web", "text": "Grüße\n"})
    stage.answers = [stages.stream(line + b"\n" + line[:10], line[10:], content_type="application/x-ndjson")]
    lines = [each.text async for each in client.installations.logs("acme", tail=5, follow=True)]
    assert lines == ["Grüße\n", "Grüße\n"]
    assert stage.received[0].query == {"tail": "5", "follow": "true"}


async def watched(client: Client, count: int) -> list[installations.Status]:
    seen: list[installations.Status] = []
    async with asyncio.timeout(10), aclosing(client.watch("acme")) as states:
        async for state in states:
            seen.append(state.status)
            if len(seen) == count:
                break
    return seen


async def test_watching_yields_each_change(stage: stages.Stage, client: Client) -> None:
    states = [things.installation(), things.installation(status="stable"), things.installation(status="deleted")]
    stage.routes["/v1/events/stream"] = stages.stream(frame(1), frame(2), frame(3), pause=timedelta(seconds=5))
    stage.answers = [stages.json(state) for state in states]
    assert await watched(client, 3) == ["provisioning", "stable", "deleted"]


async def test_watching_does_without_events_that_the_token_may_not_read(stage: stages.Stage, client: Client) -> None:
    stage.routes["/v1/events/stream"] = stages.problem(403, "forbidden")
    stage.answers = [stages.json(things.installation()), stages.json(things.installation(status="stable"))]
    assert await watched(client, 2) == ["provisioning", "stable"]


async def test_an_application_is_watched_the_same_way(stage: stages.Stage, client: Client) -> None:
    stage.routes["/v1/events/stream"] = stages.problem(403, "forbidden")
    stage.answers = [stages.json(things.application(status="preparing")), stages.json(things.application())]
    async with asyncio.timeout(10), aclosing(client.watch_application("notes")) as states:
        assert [(await anext(states)).status, (await anext(states)).status] == ["preparing", "available"]
