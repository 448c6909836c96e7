"""New installations move into places where a process waits with everything loaded; all parts are real."""

import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from support import agent_stage, tiny
from tenantry.runtime import document

pytestmark = [pytest.mark.embedded, pytest.mark.asyncio(loop_scope="module")]
Phase = document.Phase

WEB: dict[str, Any] = {
    "name": "web",
    "command": [
        tiny.PYTHON,
        "-I",
        "-u",
        "-m",
        "http.server",
        "--bind=127.0.0.1",
        "--directory={{ volumes.data }}",
        "{{ ports.http }}",
    ],
    "ports": [{"name": "http"}],
    "readiness": {"http": {"port": "http"}},
    "stop": {"grace": "2s"},
    "volumes": [{"name": "data"}],
    "standby": {"imports": ["http.server"]},
}
SIZES = [
    {"name": "small", "workloads": {"web": {"openFiles": 256}}},
    {"name": "large", "workloads": {"web": {"openFiles": 512}}},
]
NO_FILES: dict[str, Any] = {"files": [], "settings": {}, "secrets": []}


def quick(*, generation: int, **changes: Any) -> Any:
    """A server of files that can be loaded in advance."""
    spec: dict[str, Any] = {
        "workloads": [WEB],
        "sizes": SIZES,
        "jobs": {},
        "defaultVersion": "1.0",
        **NO_FILES,
        **changes,
    }
    return tiny.application("quick", generation=generation, **spec)


def bundle(name: str, **changes: Any) -> document.InstallationBundle:
    return tiny.bundle(name, application="quick", generated=None, **changes)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stage(package_cache: Path) -> AsyncIterator[agent_stage.Stage]:
    async with agent_stage.open_stage(package_cache) as opened:
        await opened.start_agent()
        await agent_stage.apply_tiny(opened.runtime, quick(generation=1))
        yield opened


async def waiting(stage: agent_stage.Stage) -> dict[str, int]:
    """Return the slots of standbys that have loaded everything, with their processes."""
    found = await stage.programs.programs()
    slots = re.findall(r'^tenantry_agent_standbys{.*slot="([a-z0-9-]+)"}', await stage.metrics(), re.MULTILINE)
    return {slot: pid for slot in slots if (info := found.get(f"ins.{slot}.web")) and (pid := info.pid)}


async def one_waiting(stage: agent_stage.Stage) -> tuple[str, int]:
    """Wait until a standby waits."""

    async def is_there() -> bool:
        return len(await waiting(stage)) == 1

    await agent_stage.until(is_there, what="a standby waits", log=stage.agent_log)
    (found,) = (await waiting(stage)).items()
    return found


async def unmake(stage: agent_stage.Stage, name: str) -> None:
    await stage.runtime.delete(name)

    async def is_gone() -> bool:
        return await stage.runtime.get(name) is None

    await agent_stage.until(is_gone, what=f"{name} is gone")


def process(pid: int, what: str) -> str:
    return Path(f"/proc/{pid}/{what}").read_text()


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_a_new_installation_takes_the_process_over_that_waits(stage: agent_stage.Stage) -> None:
    slot, pid = await one_waiting(stage)
    await stage.runtime.apply(bundle("ins-first", size="large"))
    await stage.comes_to("ins-first", Phase.READY)
    assert await stage.pids(slot) == {"web": pid}
    assert await stage.pids("ins-first") == {}
    assert (await stage.visit("ins-first.localhost"))[0] == 200
    (found,) = [line for line in process(pid, "limits").splitlines() if line.startswith("Max open files")]
    assert found.split()[3] == "512"  # of the size that was ordered, not of the standby
    other, _ = await one_waiting(stage)
    assert other != slot
    await unmake(stage, "ins-first")
    assert not is_alive(pid)
    assert not (stage.data / "workspaces" / slot).exists()


async def test_what_ends_comes_back_in_the_ordinary_way(stage: agent_stage.Stage) -> None:
    slot, pid = await one_waiting(stage)
    await stage.runtime.apply(bundle("ins-second"))
    await stage.comes_to("ins-second", Phase.READY)
    os.kill(pid, signal.SIGKILL)

    async def is_back() -> bool:
        found = (await stage.pids(slot)).get("web")
        return found not in {None, pid} and (await stage.visit("ins-second.localhost"))[0] == 200

    await agent_stage.until(is_back, what="the workload is back")
    again = (await stage.pids(slot))["web"]
    assert "http.server" in process(again, "cmdline")
    await stage.kill_agent()
    await stage.start_agent()
    await stage.comes_to("ins-second", Phase.READY)
    assert await stage.pids(slot) == {"web": again}
    await unmake(stage, "ins-second")


async def test_asleep_and_awake_in_the_same_place(stage: agent_stage.Stage) -> None:
    slot, _ = await one_waiting(stage)
    await stage.runtime.apply(bundle("ins-third"))
    await stage.comes_to("ins-third", Phase.READY)
    await stage.runtime.apply(bundle("ins-third", generation=2, runPolicy="Asleep"))
    await stage.comes_to("ins-third", Phase.ASLEEP, generation=2)
    assert await stage.pids(slot) == {}
    await stage.runtime.apply(bundle("ins-third", generation=3))
    await stage.comes_to("ins-third", Phase.READY, generation=3)
    await unmake(stage, "ins-third")


async def test_a_standby_that_died_is_no_reason_not_to_start(stage: agent_stage.Stage) -> None:
    slot, pid = await one_waiting(stage)
    os.kill(pid, signal.SIGSTOP)
    try:
        await stage.runtime.apply(bundle("ins-fourth"))
        await stage.comes_to("ins-fourth", Phase.READY)
    finally:
        if is_alive(pid):
            os.kill(pid, signal.SIGCONT)
    assert (await stage.pids(slot))["web"] != pid
    await unmake(stage, "ins-fourth")


async def test_another_life_of_the_agent_makes_another(stage: agent_stage.Stage) -> None:
    _, pid = await one_waiting(stage)
    await stage.kill_agent()
    await stage.start_agent()

    async def is_another() -> bool:
        return not is_alive(pid) and len(await waiting(stage)) == 1

    await agent_stage.until(is_another, what="another standby waits")
    folders = [each.name for each in (stage.data / "workspaces").iterdir()]
    assert folders == list(await waiting(stage))


async def test_a_changed_application_has_another(stage: agent_stage.Stage) -> None:
    _, pid = await one_waiting(stage)
    await stage.runtime.apply_application(quick(generation=2, title="Changed"))

    async def is_another() -> bool:
        return not is_alive(pid) and len(await waiting(stage)) == 1

    await agent_stage.until(is_another, what="another standby waits")


async def test_modules_that_do_not_load_are_tried_once(stage: agent_stage.Stage) -> None:
    broken = WEB | {"standby": {"imports": ["no_such_module"]}}
    await stage.runtime.apply_application(quick(generation=3, workloads=[broken]))

    async def is_given_up() -> bool:
        return "standby not made" in stage.agent_log() and not list((stage.data / "workspaces").glob("standby-*"))

    await agent_stage.until(is_given_up, what="the standby is given up")
    assert "no_such_module" in stage.agent_log()
    await stage.runtime.apply(bundle("ins-fifth"))
    await stage.comes_to("ins-fifth", Phase.READY)
    assert list(await stage.pids("ins-fifth")) == ["web"]
    await unmake(stage, "ins-fifth")
    assert stage.agent_log().count("standby not made") == 1
