"""What the provisioner may rely on, whoever runs installations: the agent or the operator."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import pytest

from support import runtime_stage
from support.runtime_stage import Stage
from tenantry.kernel import errors
from tenantry.runtime import contract, document

pytestmark = pytest.mark.asyncio(loop_scope="module")
Phase = document.Phase


async def test_a_watch_of_nothing_is_marked_too(stage: Stage) -> None:
    """It comes first: nobody has ordered anything yet."""
    async with watching(stage) as events:
        assert await until_mark(events) == []


async def test_a_document_becomes_a_ready_installation(stage: Stage, name: str) -> None:
    answer = await runtime_stage.order(stage, name)
    assert answer.status is not None
    assert answer.status.phase is not Phase.READY
    status = await runtime_stage.comes_to(stage, name, Phase.READY)
    assert (status.serving_version, status.restarts) == ("1.0", 0)
    assert {each.workload for each in status.endpoints} == {"web"}
    await runtime_stage.comes_to_answer(stage, name, "1.0 well ")


async def test_the_same_document_twice_changes_nothing(stage: Stage, ready: str) -> None:
    before = await stage.running(ready)
    assert set(before) == {"web", "clock"}
    await runtime_stage.order(stage, ready)
    await runtime_stage.comes_to(stage, ready, Phase.READY)
    assert await stage.running(ready) == before


async def test_an_older_generation_is_ignored(stage: Stage, name: str) -> None:
    await runtime_stage.order(stage, name, generation=5)
    answer = await runtime_stage.order(stage, name, generation=4, version="2.0")
    assert (answer.metadata.generation, answer.spec.version) == (5, "1.0")


async def test_another_version_serves_after_its_migration(stage: Stage, ready: str) -> None:
    await runtime_stage.order(stage, ready, generation=2, version="2.0")
    status = await runtime_stage.comes_to(stage, ready, Phase.READY, generation=2)
    assert status.serving_version == "2.0"
    await runtime_stage.comes_to_answer(stage, ready, "2.0 ")


async def test_other_secrets_reach_what_runs(stage: Stage, ready: str) -> None:
    await runtime_stage.comes_to_answer(stage, ready, "swordfish-42", "/password")
    given = runtime_stage.bundle(stage, ready, generation=2, restartedAt="2026-11-30T12:00:00Z")
    secret = given.secrets[0].model_copy(update={"data": {"adminPassword": "marlin-43"}})
    await stage.runtime.apply(given.model_copy(update={"secrets": [secret]}))
    await runtime_stage.comes_to(stage, ready, Phase.READY, generation=2)
    await runtime_stage.comes_to_answer(stage, ready, "marlin-43", "/password")


async def test_asleep_there_is_no_process_and_awake_it_is_as_before(stage: Stage, ready: str) -> None:
    await runtime_stage.order(stage, ready, generation=2, runPolicy="Asleep")
    status = await runtime_stage.comes_to(stage, ready, Phase.ASLEEP, generation=2)
    assert status.serving_version is None
    assert await stage.running(ready) == {}
    await runtime_stage.comes_to_answer(stage, ready, None)
    await runtime_stage.order(stage, ready, generation=3)
    await runtime_stage.comes_to(stage, ready, Phase.READY, generation=3)
    await runtime_stage.comes_to_answer(stage, ready, "1.0 well ")


async def test_a_start_that_fails_says_why_and_the_next_generation_is_tried(stage: Stage, name: str) -> None:
    await runtime_stage.order(stage, name, settings={"mode": "hang"})
    status = await runtime_stage.comes_to(stage, name, Phase.FAILED)
    reasons = {each.type: each.reason for each in status.conditions}
    assert reasons[document.ConditionType.WORKLOADS_READY] == "StartTimedOut"
    assert any("starting with hang •••" in line for line in status.last_log_lines)
    await runtime_stage.order(stage, name, generation=2)
    await runtime_stage.comes_to(stage, name, Phase.READY, generation=2)


async def test_a_program_that_ends_by_itself_is_counted_and_one_that_is_asked_to_is_not(
    stage: Stage, ready: str
) -> None:
    await stage.end(ready, "web")

    async def is_counted() -> bool:
        found = await stage.runtime.get(ready)
        status = found.status if found is not None else None
        return status is not None and (status.phase, status.restarts) == (Phase.READY, 1)

    await runtime_stage.until(stage, is_counted, what=lambda: "one restart is told, and it is ready again")
    await runtime_stage.order(stage, ready, generation=2, settings={"mode": "other"})
    assert (await runtime_stage.comes_to(stage, ready, Phase.READY, generation=2)).restarts == 1


async def test_after_a_version_that_does_not_start_the_one_before_serves_again(stage: Stage, ready: str) -> None:
    await runtime_stage.order(stage, ready, generation=2, version="2.0", settings={"mode": "hang"})
    await runtime_stage.comes_to(stage, ready, Phase.FAILED, generation=2)
    await runtime_stage.order(stage, ready, generation=3)
    status = await runtime_stage.comes_to(stage, ready, Phase.READY, generation=3)
    assert status.serving_version == "1.0"
    await runtime_stage.comes_to_answer(stage, ready, "1.0 ")


async def test_deleting_what_is_not_there_is_fine(stage: Stage) -> None:
    assert await stage.runtime.delete("ins-nobody")
    assert await stage.runtime.get("ins-nobody") is None


async def test_deleting_what_is_half_made_leaves_nothing(stage: Stage, name: str) -> None:
    await runtime_stage.order(stage, name)
    await runtime_stage.unmake(stage, name)
    assert await stage.remains(name) == set()
    await runtime_stage.unmake(stage, name)


async def test_a_watch_tells_everything_then_each_change_then_gone(stage: Stage, ready: str) -> None:
    async with watching(stage) as events:
        first = await next_of(stage, events, ready)
        assert first is not None
        assert first.status is not None
        assert first.status.phase is Phase.READY
        await runtime_stage.order(stage, ready, generation=2, runPolicy="Asleep")
        while (seen := await next_of(stage, events, ready)) and seen.status and seen.status.phase is not Phase.ASLEEP:
            pass
        await stage.runtime.delete(ready)
        while await next_of(stage, events, ready) is not None:
            pass
    assert await stage.runtime.get(ready) is None
    assert await stage.remains(ready) == set()


async def test_a_watch_marks_the_end_of_what_was_there(stage: Stage) -> None:
    names = {runtime_stage.fresh() for _ in range(3)}
    later = runtime_stage.fresh()
    for each in names:
        await runtime_stage.order(stage, each)
    async with watching(stage) as events:
        assert names <= {each.name for each in await until_mark(events)}
        await runtime_stage.order(stage, later)
        assert await next_of(stage, events, later) is not None
    for each in (*names, later):
        await stage.runtime.delete(each)


async def test_logs_are_read_and_followed_through_a_change(stage: Stage, ready: str) -> None:
    lines = [line async for line in stage.runtime.logs(ready, tail=50, follow=False)]
    [begun] = [line.text for line in lines if line.source == "web"]
    assert begun.startswith("starting with well ")
    async with contextlib.aclosing(stage.runtime.logs(ready, tail=0, follow=True)) as following:
        waiting = asyncio.ensure_future(anext(following))
        await runtime_stage.order(stage, ready, generation=2, settings={"mode": "other"})
        async with asyncio.timeout(stage.patience.total_seconds()):
            line = await waiting
    assert line.source == "web"
    assert line.text.startswith("starting with other ")


async def test_logs_of_nothing_are_not_found(stage: Stage) -> None:
    with pytest.raises(errors.NotFoundError):
        await anext(aiter(stage.runtime.logs("ins-nobody", tail=1, follow=False)))


async def test_facts_say_what_the_cluster_is(stage: Stage) -> None:
    facts = await stage.runtime.facts()
    assert facts.cpu_millis >= 1000
    assert facts.memory_bytes > 2**28
    assert facts.version


@contextlib.asynccontextmanager
async def watching(stage: Stage) -> AsyncGenerator[asyncio.Queue[contract.Observed]]:
    events: asyncio.Queue[contract.Observed] = asyncio.Queue()

    async def read() -> None:
        async with contextlib.aclosing(stage.runtime.watch()) as watched:
            async for observed in watched:
                events.put_nowait(observed)

    reading = asyncio.ensure_future(read())
    yield events
    reading.cancel()
    await asyncio.wait({reading})


async def next_of(stage: Stage, events: asyncio.Queue[contract.Observed], name: str) -> document.Installation | None:
    async with asyncio.timeout(stage.patience.total_seconds()):
        while True:
            observed = await events.get()
            if isinstance(observed, contract.InstallationObserved) and observed.name == name:
                return observed.installation


async def until_mark(events: asyncio.Queue[contract.Observed]) -> list[contract.InstallationObserved]:
    """Return what is told before the mark."""
    told: list[contract.InstallationObserved] = []
    async with asyncio.timeout(15):
        while isinstance(observed := await events.get(), contract.InstallationObserved):
            told.append(observed)
    return told
