"""What the provisioner may rely on, whoever runs installations: the agent here, the operator on Kubernetes later."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from support import agent_stage, tiny
from tenantry.kernel import errors
from tenantry.runtime import contract, document

pytestmark = [pytest.mark.embedded, pytest.mark.asyncio(loop_scope="module")]
Phase = document.Phase


def runtime(stage: agent_stage.Stage) -> contract.Runtime:
    return stage.runtime


async def make(stage: agent_stage.Stage, name: str) -> None:
    await runtime(stage).apply(tiny.bundle(name))
    await stage.comes_to(name, Phase.READY)


async def unmake(stage: agent_stage.Stage, name: str) -> None:
    async def is_gone() -> bool:
        return await runtime(stage).delete(name)

    await agent_stage.until(is_gone, what=f"{name} is gone")
    assert await runtime(stage).get(name) is None


async def test_a_document_becomes_a_ready_installation(stage: agent_stage.Stage) -> None:
    answer = await runtime(stage).apply(tiny.bundle("ins-ready"))
    assert answer.status is not None
    assert answer.status.phase is not Phase.READY
    await stage.comes_to("ins-ready", Phase.READY)
    assert (await stage.visit("ins-ready.localhost"))[0] == 200
    await unmake(stage, "ins-ready")


async def test_the_same_document_twice_changes_nothing(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-twice")
    before = await stage.pids("ins-twice")
    await runtime(stage).apply(tiny.bundle("ins-twice"))
    await stage.comes_to("ins-twice", Phase.READY)
    assert await stage.pids("ins-twice") == before
    await unmake(stage, "ins-twice")


async def test_an_older_generation_is_ignored(stage: agent_stage.Stage) -> None:
    await runtime(stage).apply(tiny.bundle("ins-older", generation=5))
    answer = await runtime(stage).apply(tiny.bundle("ins-older", generation=4, version="2.0"))
    assert (answer.metadata.generation, answer.spec.version) == (5, "1.0")
    await unmake(stage, "ins-older")


async def test_another_version_serves_after_its_migration(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-version")
    await runtime(stage).apply(tiny.bundle("ins-version", generation=2, version="2.0"))
    await stage.comes_to("ins-version", Phase.READY, generation=2)
    assert (await stage.visit("ins-version.localhost"))[1].startswith("2.0 ")
    found = await runtime(stage).get("ins-version")
    assert found is not None
    assert found.status is not None
    assert found.status.serving_version == "2.0"
    await unmake(stage, "ins-version")


async def test_other_secrets_reach_what_runs(stage: agent_stage.Stage) -> None:
    async def password() -> str:
        pid = (await stage.pids("ins-secrets"))["web"]
        variables = (await asyncio.to_thread(Path(f"/proc/{pid}/environ").read_bytes)).split(b"\0")
        [found] = [each for each in variables if each.startswith(b"PASSWORD=")]
        return found.decode().removeprefix("PASSWORD=")

    await make(stage, "ins-secrets")
    assert await password() == "swordfish-42"
    given = tiny.bundle("ins-secrets", generation=2, restartedAt="2026-11-30T12:00:00Z")
    secret = given.secrets[0].model_copy(update={"data": {"adminPassword": "marlin-43"}})
    await runtime(stage).apply(given.model_copy(update={"secrets": [secret]}))
    await stage.comes_to("ins-secrets", Phase.READY, generation=2)
    assert await password() == "marlin-43"
    assert (await stage.visit("ins-secrets.localhost"))[0] == 200
    await unmake(stage, "ins-secrets")


async def test_asleep_there_is_no_process_and_awake_it_is_as_before(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-sleep")
    await runtime(stage).apply(tiny.bundle("ins-sleep", generation=2, runPolicy="Asleep"))
    await stage.comes_to("ins-sleep", Phase.ASLEEP, generation=2)
    assert (await stage.visit("ins-sleep.localhost"))[0] == 503
    await runtime(stage).apply(tiny.bundle("ins-sleep", generation=3))
    await stage.comes_to("ins-sleep", Phase.READY, generation=3)
    assert (await stage.visit("ins-sleep.localhost"))[0] == 200
    await unmake(stage, "ins-sleep")


async def test_a_start_that_fails_says_why_and_the_next_generation_is_tried(stage: agent_stage.Stage) -> None:
    await runtime(stage).apply(tiny.bundle("ins-fail", settings={"mode": "hang"}))
    await stage.comes_to("ins-fail", Phase.FAILED)
    found = await runtime(stage).get("ins-fail")
    assert found is not None
    assert found.status is not None
    reasons = {each.type: each.reason for each in found.status.conditions}
    assert reasons[document.ConditionType.WORKLOADS_READY] == "StartTimedOut"
    assert any("starting with hang" in line for line in found.status.last_log_lines)
    await runtime(stage).apply(tiny.bundle("ins-fail", generation=2))
    await stage.comes_to("ins-fail", Phase.READY, generation=2)
    await unmake(stage, "ins-fail")


async def test_a_program_that_ends_by_itself_is_counted_and_one_that_is_asked_to_is_not(
    stage: agent_stage.Stage,
) -> None:
    await make(stage, "ins-crash")
    os.kill((await stage.pids("ins-crash"))["web"], signal.SIGKILL)

    async def is_counted() -> bool:
        found = await runtime(stage).get("ins-crash")
        status = found.status if found is not None else None
        return status is not None and (status.phase, status.restarts) == (Phase.READY, 1)

    await agent_stage.until(is_counted, what="one restart is told, and it is ready again")
    await runtime(stage).apply(tiny.bundle("ins-crash", generation=2, settings={"mode": "other"}))
    await stage.comes_to("ins-crash", Phase.READY, generation=2)
    assert await is_counted()
    await unmake(stage, "ins-crash")


async def test_after_a_version_that_does_not_start_the_one_before_serves_again(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-back")
    await runtime(stage).apply(tiny.bundle("ins-back", generation=2, version="2.0", settings={"mode": "hang"}))
    await stage.comes_to("ins-back", Phase.FAILED, generation=2)
    await runtime(stage).apply(tiny.bundle("ins-back", generation=3))
    await stage.comes_to("ins-back", Phase.READY, generation=3)
    assert (await stage.visit("ins-back.localhost"))[1].startswith("1.0 ")
    found = await runtime(stage).get("ins-back")
    assert found is not None
    assert found.status is not None
    assert found.status.serving_version == "1.0"
    await unmake(stage, "ins-back")


async def test_deleting_what_is_not_there_is_fine(stage: agent_stage.Stage) -> None:
    assert await runtime(stage).delete("ins-nobody")
    assert await runtime(stage).get("ins-nobody") is None


async def test_deleting_what_is_half_made_leaves_nothing(stage: agent_stage.Stage) -> None:
    await runtime(stage).apply(tiny.bundle("ins-half"))
    await unmake(stage, "ins-half")
    await unmake(stage, "ins-half")
    assert await stage.pids("ins-half") == {}
    assert "ins-half" not in await stage.door.list_routes()


async def test_a_watch_tells_everything_then_each_change_then_gone(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-watched")
    async with watching(stage) as events:
        first = await next_of(events, "ins-watched")
        assert first is not None
        assert first.status is not None
        assert first.status.phase is Phase.READY
        await runtime(stage).apply(tiny.bundle("ins-watched", generation=2, runPolicy="Asleep"))
        while (seen := await next_of(events, "ins-watched")) and seen.status and seen.status.phase is not Phase.ASLEEP:
            pass
        await runtime(stage).delete("ins-watched")
        while await next_of(events, "ins-watched") is not None:
            pass


async def test_a_watch_marks_the_end_of_what_was_there(stage: agent_stage.Stage) -> None:
    names = [f"ins-marked-{number}" for number in range(3)]
    for name in names:
        await runtime(stage).apply(tiny.bundle(name))
    async with watching(stage) as events:
        before = [each.name for each in await until_mark(events)]
        assert sorted(set(before)) == names
        await runtime(stage).apply(tiny.bundle("ins-later"))
        assert await next_of(events, "ins-later") is not None
    for name in [*names, "ins-later"]:
        await unmake(stage, name)


async def test_a_watch_of_nothing_is_marked_too(stage: agent_stage.Stage) -> None:
    async with watching(stage) as events:
        assert await until_mark(events) == []


async def test_logs_are_read_and_followed_with_secrets_masked(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-logs")
    lines = [line async for line in runtime(stage).logs("ins-logs", tail=50, follow=False)]
    assert [line.text for line in lines if line.source == "web"] == ["starting with well •••"]
    following = runtime(stage).logs("ins-logs", tail=0, follow=True)
    waiting = asyncio.ensure_future(anext(aiter(following)))
    await runtime(stage).apply(tiny.bundle("ins-logs", generation=2, settings={"mode": "other"}))
    async with asyncio.timeout(10):
        assert (await waiting).text == "starting with other •••"
    await unmake(stage, "ins-logs")


async def test_logs_of_nothing_are_not_found(stage: agent_stage.Stage) -> None:
    with pytest.raises(errors.NotFoundError):
        await anext(aiter(runtime(stage).logs("ins-nobody", tail=1, follow=False)))


async def test_facts_say_what_the_cluster_is(stage: agent_stage.Stage) -> None:
    facts = await runtime(stage).facts()
    assert facts.cpu_millis >= 1000
    assert facts.memory_bytes > 2**28
    assert "openFiles" in facts.limits


@contextlib.asynccontextmanager
async def watching(stage: agent_stage.Stage) -> AsyncGenerator[asyncio.Queue[contract.Observed]]:
    events: asyncio.Queue[contract.Observed] = asyncio.Queue()

    async def read() -> None:
        async for observed in runtime(stage).watch():
            events.put_nowait(observed)

    reading = asyncio.ensure_future(read())
    yield events
    reading.cancel()
    await asyncio.wait({reading})


async def next_of(events: asyncio.Queue[contract.Observed], name: str) -> document.Installation | None:
    async with asyncio.timeout(15):
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
