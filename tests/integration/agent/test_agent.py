"""The agent with real parts: limits, users, crashes of anything, and drift."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import aiohttp
import pytest

from support import agent_stage, tiny
from tenantry.runtime import document

pytestmark = [pytest.mark.embedded, pytest.mark.asyncio(loop_scope="module")]
Phase = document.Phase
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="users of their own need root")


async def make(stage: agent_stage.Stage, name: str) -> None:
    await stage.runtime.apply(tiny.bundle(name))
    await stage.comes_to(name, Phase.READY)


async def status_of(stage: agent_stage.Stage, name: str) -> document.InstallationStatus:
    found = await stage.runtime.get(name)
    assert found is not None
    assert found.status is not None
    return found.status


async def unmake(stage: agent_stage.Stage, *names: str) -> None:
    for name in names:
        await stage.runtime.delete(name)

    async def are_gone() -> bool:
        return not [each for each in await stage.runtime.list() if each.metadata.name in names]

    await agent_stage.until(are_gone, what=f"{names} are gone")


def folder(stage: agent_stage.Stage, name: str) -> Path:
    return stage.data / "workspaces" / name


@AS_ROOT
async def test_each_installation_has_a_user_and_folders_of_its_own(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-one")
    await make(stage, "ins-two")
    pids = [(await stage.pids(name))["web"] for name in ("ins-one", "ins-two")]
    uids = {owner(pid) for pid in pids}
    assert len(uids) == 2
    assert min(uids) >= agent_stage.FIRST_UID
    modes = {
        path: oct(folder(stage, "ins-one").joinpath(path).stat().st_mode & 0o777)
        for path in ("volumes/data", "home", "tmp", "logs", "config", "config/etc", "config/etc/mode.txt")
    }
    assert modes == {
        "volumes/data": "0o700",
        "home": "0o700",
        "tmp": "0o700",
        "logs": "0o700",
        "config": "0o750",
        "config/etc": "0o750",
        "config/etc/mode.txt": "0o640",
    }
    assert not any(can_read(max(uids), folder(stage, "ins-one") / path) for path in modes)
    assert can_read(min(uids), folder(stage, "ins-one") / "config/etc/mode.txt")
    await unmake(stage, "ins-one", "ins-two")


def owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def about(pid: int, what: str) -> str:
    return Path(f"/proc/{pid}/{what}").read_text()


def groups(name: str) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"*/**/tenantry-{agent_stage.STACK}/{name}"))


def can_read(uid: int, path: Path) -> bool:
    user = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    return subprocess.run([*user, "test", "-r", str(path)], check=False).returncode == 0


async def test_secrets_are_kept_apart_and_closed(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-secret")
    kept = stage.data / "installations" / "ins-secret"
    holding = [path for path in kept.iterdir() if b"swordfish-42" in path.read_bytes()]
    assert [path.name.split("-")[0] for path in holding] == ["secrets"]
    assert {oct(path.stat().st_mode & 0o777) for path in kept.iterdir()} == {"0o600"}
    assert b"swordfish-42" not in stage.agent_log().encode()
    assert oct(stage.socket.stat().st_mode & 0o777) == "0o600"
    await unmake(stage, "ins-secret")


async def test_a_document_that_contradicts_its_address_is_refused(stage: agent_stage.Stage) -> None:
    body = tiny.bundle("ins-x").model_dump_json()
    connector = aiohttp.UnixConnector(path=str(stage.socket))
    async with (
        aiohttp.ClientSession("http://agent/", connector=connector) as session,
        session.put("v1/installations/ins-y", data=body, headers={"Content-Type": "application/json"}) as answer,
    ):
        problem = await answer.json()
    assert (answer.status, problem["code"], problem["field"]) == (400, "invalid", "metadata.name")


async def test_open_files_and_memory_are_limited(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-limits")
    pid = (await stage.pids("ins-limits"))["web"]
    limits = about(pid, "limits")
    assert next(line for line in limits.splitlines() if line.startswith("Max open files")).split()[3] == "256"
    facts = await stage.runtime.facts()
    assert "openFiles" in facts.limits
    if "memory" in facts.limits:
        assert f"{agent_stage.STACK}/ins-limits/web" in about(pid, "cgroup")
    await unmake(stage, "ins-limits")
    assert groups("ins-limits") == []


async def test_a_process_that_dies_comes_back_and_the_status_counts_it(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-dies")
    before = (await stage.pids("ins-dies"))["web"]
    os.kill(before, signal.SIGKILL)

    async def is_back() -> bool:
        status = await status_of(stage, "ins-dies")
        return status.phase is Phase.READY and status.restarts == 1

    await agent_stage.until(is_back, what="it is back and counted")
    assert (await stage.pids("ins-dies"))["web"] != before
    await unmake(stage, "ins-dies")


async def test_a_crash_loop_says_why_and_does_not_spin(stage: agent_stage.Stage) -> None:
    await stage.runtime.apply(tiny.bundle("ins-loop", settings={"mode": "crash"}))
    await stage.comes_to("ins-loop", Phase.FAILED)
    status = await status_of(stage, "ins-loop")
    reasons = {each.type: each.reason for each in status.conditions}
    assert reasons[document.ConditionType.WORKLOADS_READY] == "CrashLooping"
    assert any("cannot begin: no such table" in line for line in status.last_log_lines)
    assert not any("swordfish-42" in line for line in status.last_log_lines)

    async def rests() -> bool:
        return await stage.pids("ins-loop") == {}

    await agent_stage.until(rests, what="nothing of it runs")
    await unmake(stage, "ins-loop")


async def test_a_failing_health_check_restarts_the_workload(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-sick")
    before = (await stage.pids("ins-sick"))["web"]
    await stage.visit("ins-sick.localhost", "/sick")

    async def is_well_again() -> bool:
        status = await status_of(stage, "ins-sick")
        return status.phase is Phase.READY and (await stage.pids("ins-sick")).get("web") not in (None, before)

    await agent_stage.until(is_well_again, what="it was restarted")
    assert (await status_of(stage, "ins-sick")).restarts >= 1
    await unmake(stage, "ins-sick")


@AS_ROOT
async def test_a_stranger_on_its_port_never_gets_its_visitors(stage: agent_stage.Stage) -> None:
    await stage.runtime.apply(tiny.bundle("ins-taken", settings={"mode": "hang"}))

    async def has_started() -> bool:
        return "web" in await stage.pids("ins-taken") and bool((await status_of(stage, "ins-taken")).endpoints)

    await agent_stage.until(has_started, what="it runs and does not listen")
    port = int((await status_of(stage, "ins-taken")).endpoints[0].address.split(":")[1])
    stranger = await asyncio.start_server(answer_as_a_stranger, "127.0.0.1", port)
    async with stranger:
        await stage.comes_to("ins-taken", Phase.FAILED)
        assert "ins-taken" not in await stage.door.list_routes()
        assert (await status_of(stage, "ins-taken")).endpoints[0].address != f"127.0.0.1:{port}"
    await unmake(stage, "ins-taken")


async def answer_as_a_stranger(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


async def test_a_failed_start_leaves_no_process(stage: agent_stage.Stage) -> None:
    await stage.runtime.apply(tiny.bundle("ins-hang", settings={"mode": "hang"}))
    await stage.comes_to("ins-hang", Phase.FAILED)

    async def rests() -> bool:
        return await stage.pids("ins-hang") == {}

    await agent_stage.until(rests, what="nothing of it runs")
    await unmake(stage, "ins-hang")


async def test_a_new_agent_takes_up_what_runs(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-kept")
    before = await stage.pids("ins-kept")
    await stage.kill_agent()
    assert (await stage.visit("ins-kept.localhost"))[0] == 200
    await stage.start_agent()
    await stage.comes_to("ins-kept", Phase.READY)
    assert await stage.pids("ins-kept") == before
    await unmake(stage, "ins-kept")


async def test_an_agent_killed_in_the_middle_is_followed_by_one_that_finishes(stage: agent_stage.Stage) -> None:
    names = [f"ins-mid{number}" for number in range(4)]
    for name in names:
        await stage.runtime.apply(tiny.bundle(name))
    await stage.kill_agent()
    await stage.start_agent()
    for name in names:
        await stage.comes_to(name, Phase.READY)
    jobs = [(folder(stage, name) / "volumes/data/jobs").read_text().split() for name in names]
    assert all(words.count("initialise") in (1, 2) for words in jobs)
    await unmake(stage, *names)


async def test_routes_and_programs_that_were_lost_are_put_again(stage: agent_stage.Stage) -> None:
    await make(stage, "ins-drift")
    await stage.door.delete_route("ins-drift")
    await stage.programs.remove("ins.ins-drift.web")

    async def is_mended() -> bool:
        return "ins-drift" in await stage.door.list_routes() and (await stage.visit("ins-drift.localhost"))[0] == 200

    await agent_stage.until(is_mended, what="drift is mended")
    await unmake(stage, "ins-drift")


async def test_a_request_over_the_limit_of_its_memory_ends_only_itself(stage: agent_stage.Stage) -> None:
    if "memory" not in (await stage.runtime.facts()).limits:
        pytest.skip("this machine has no memory control group")
    jobs = {"initialise": {"command": ["{{ package.bin }}/python", "-c", "x = b'x' * (400 << 20)"]}}
    await agent_stage.apply_tiny(stage.runtime, tiny.application("greedy", jobs=jobs))
    await stage.runtime.apply(tiny.bundle("ins-greedy", application="greedy"))

    async def has_failed() -> bool:
        status = await status_of(stage, "ins-greedy")
        return "InitialiseFailed" in {each.reason for each in status.conditions}

    await agent_stage.until(has_failed, what="the job was ended")
    await unmake(stage, "ins-greedy")
