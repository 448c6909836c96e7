"""A stage for the agent: a real supervisord, a real Caddy and the agent as a process that can be killed."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from support import runtime_stage, tiny
from tenantry.application import manifest
from tenantry.kernel import randomness
from tenantry.local import frontdoor, frontdoor_configuration, frontdoor_program, supervision, supervisord
from tenantry.local.agent import allocation
from tenantry.provisioner.adapters import agent
from tenantry.runtime import document

_OWN = randomness.SystemRandomness().below(1000)
STACK = f"stk-agent-test-{_OWN}"
FIRST_UID = 300_000 + allocation.UIDS * _OWN
"""Of this process alone, as the stack is: others test at the same time, and by these shows whose a program is."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(
    condition: Callable[[], Awaitable[object]], *, seconds: float = 20.0, what: str = "", log: Callable[[], str] = str
) -> None:
    """Wait until the condition holds; where it does not, tell the end of the log as it is then."""
    last: object = None
    try:
        async with asyncio.timeout(seconds):
            while not (last := await condition()):  # noqa: ASYNC110 - other processes set no event
                await asyncio.sleep(0.02)
    except TimeoutError as error:
        raise AssertionError(
            f"did not come to pass within {seconds} s: {what or condition} (last: {last!r})\n{log()[-4000:]}"
        ) from error


class Stage:
    """The parts of one machine, in a folder of their own.

    Attributes:
        patience: as the contract suite has it.
    """

    patience = timedelta(seconds=30)

    def __init__(self, folder: Path, cache: Path, programs: supervision.Supervisord, port: int) -> None:
        self.folder = folder
        self.cache = cache
        self.programs = programs
        self.port = port
        self.socket = folder / "a.sock"
        self.data = folder / "agent"
        self.runtime = agent.AgentRuntime(str(self.socket))
        self.door = frontdoor.Frontdoor(folder / "c.sock")
        self._process: asyncio.subprocess.Process | None = None

    async def start_agent(self, **more: str) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "TENANTRY_STACK": STACK,
            "TENANTRY_AGENT_DATA": str(self.data),
            "TENANTRY_AGENT_SOCKET": str(self.socket),
            "TENANTRY_AGENT_SUPERVISOR_SOCKET": str(self.folder / "s.sock"),
            "TENANTRY_AGENT_SUPERVISOR_INCLUDE": str(self.folder / "programs"),
            "TENANTRY_AGENT_FRONTDOOR_SOCKET": str(self.folder / "c.sock"),
            "TENANTRY_AGENT_ADDRESS_TEMPLATE": f"http://{{name}}.localhost:{self.port}",
            "TENANTRY_AGENT_CACHE": str(self.cache),
            "TENANTRY_AGENT_SUBORDINATE_UIDS": str(FIRST_UID),
            "TENANTRY_LOG_LEVEL": "debug",
            **more,
        }
        with (self.folder / "agent.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tenantry.local.agent", stdout=log, stderr=log, env=environment
            )
        await until(self._answers, what="the agent answers", log=self.agent_log)

    async def kill_agent(self) -> None:
        """End the agent as a crash would."""
        await self._end(signal.SIGKILL)

    async def stop_agent(self) -> None:
        await self._end(signal.SIGTERM)

    def agent_log(self) -> str:
        return (self.folder / "agent.log").read_text()

    @property
    def agent_pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def phase(self, name: str) -> document.Phase | None:
        found = await self.runtime.get(name)
        return found.status.phase if found and found.status else None

    async def comes_to(self, name: str, phase: document.Phase, *, generation: int = 1, seconds: float = 30) -> None:
        """Wait until the installation is in the phase for this generation."""

        async def is_there() -> bool:
            found = await self.runtime.get(name)
            status = found.status if found else None
            return status is not None and status.phase is phase and status.observed_generation == generation

        await until(is_there, seconds=seconds, what=f"{name} comes to {phase}", log=self.agent_log)

    async def visit(self, host: str, path: str = "/") -> tuple[int, str]:
        """Ask the front door as a visitor would."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.port}{path}", headers={"Host": host}) as answer,
        ):
            return answer.status, await answer.text()

    async def metrics(self) -> str:
        """Return what the agent measures."""
        connector = aiohttp.UnixConnector(str(self.socket))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get("http://agent/metrics") as answer,
        ):
            return await answer.text()

    async def pids(self, name: str) -> dict[str, int]:
        found = await self.programs.programs()
        prefix = f"ins.{name}."
        return {
            key.removeprefix(prefix): info.pid for key, info in found.items() if key.startswith(prefix) and info.pid
        }

    def address(self, name: str) -> Mapping[str, Any]:
        """Return what `tiny.bundle` says anyway."""
        return {"hosts": [f"{name}.localhost"], "url": f"http://{name}.localhost"}

    async def answer(self, name: str, path: str = "/") -> str | None:
        status, text = await self.visit(f"{name}.localhost", path)
        return text if status == HTTPStatus.OK else None

    async def running(self, name: str) -> Mapping[str, str]:
        return {workload: str(pid) for workload, pid in (await self.pids(name)).items()}

    async def end(self, name: str, workload: str) -> None:
        os.kill((await self.pids(name))[workload], signal.SIGKILL)

    async def remains(self, name: str) -> set[str]:
        routes = {f"route {each}" for each in await self.door.list_routes() if each == name}
        return routes | {f"program {each}" for each in await self.pids(name)}

    async def take_ready(self) -> str:
        name = runtime_stage.fresh()
        await self.runtime.apply(tiny.bundle(name))
        await self.comes_to(name, document.Phase.READY)
        return name

    async def close(self) -> None:
        await self.runtime.close()
        if self._process is not None and self._process.returncode is None:
            await self._end(signal.SIGKILL)

    async def _end(self, by: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(by)
        await self._process.wait()

    async def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.agent_log()
        try:
            await self.runtime.facts()
        except agent.AgentAwayError:
            return False
        return True


async def apply_tiny(runtime: agent.AgentRuntime, application: manifest.Application) -> None:
    """Hand the application over and wait until its versions are prepared."""
    await runtime.apply_application(application)

    async def is_prepared() -> bool:
        found = await runtime.get_application(application.metadata.name)
        versions = found.status.versions if found and found.status else []
        return bool(versions) and all(each.phase is manifest.VersionPhase.PREPARED for each in versions)

    await until(is_prepared, what="the versions are prepared")


@asynccontextmanager
async def open_stage(cache: Path) -> AsyncGenerator[Stage]:
    """A stage with everything but the agent running."""
    folder = make_folder()
    paths = supervisord.Paths(
        folder=folder, include=folder / "programs", socket=folder / "s.sock", log=folder / "supervisord.log"
    )
    process = await supervisord.start(paths, marker=STACK)
    stage = Stage(folder, cache, supervision.Supervisord(paths.socket, paths.include), free_port())
    try:
        await start_door(stage)
        yield stage
    finally:
        await stage.close()
        if process.returncode is None:
            os.kill(process.pid, signal.SIGTERM)
            await process.wait()
        shutil.rmtree(folder)


def make_folder() -> Path:
    """A folder whose sockets have short paths, and that workloads' users may pass."""
    folder = Path(tempfile.mkdtemp(prefix="tnt-", dir="/tmp"))
    folder.chmod(0o711)
    for name in ("programs", "door", "agent"):
        (folder / name).mkdir(mode=0o711)
    return folder


async def start_door(stage: Stage) -> None:
    settings = frontdoor_configuration.FrontdoorSettings(
        listen=f"127.0.0.1:{stage.port}",
        host="localhost",
        admin_socket=stage.folder / "c.sock",
        portal="127.0.0.1:9",
        provisioner="127.0.0.1:9",
        mailbox="127.0.0.1:9",
        access_log=stage.folder / "access.log",
        storage=stage.folder / "door",
    )
    frontdoor_program.prepare(stage.folder / "door", settings)
    await stage.programs.put(frontdoor_program.spec(stage.folder / "door", stage.folder / "caddy.log"))
    await until(stage.door.is_ready, what="Caddy answers")
