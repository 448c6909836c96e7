"""Every command of the command line, once, against a whole stack: none is described and cannot be used."""

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer import main as typer_main

import reference
from tenantry.cli import main
from tenantry.local.stack import Stack

pytestmark = [pytest.mark.acceptance, pytest.mark.embedded, pytest.mark.timeout(500)]

MANIFEST = Path(__file__).parents[3] / "examples/applications/ihatemoney/application.yaml"


class Line:
    """The command line, remembering which of its commands were used."""

    def __init__(self, stack: Stack) -> None:
        self._environment = {
            **os.environ,
            "TENANTRY_DATA": str(stack.layout.data),
            "XDG_CONFIG_HOME": str(stack.layout.data / "config"),
            "TENANTRY_DATABASE_PASSWORD": stack.database_server.password(),
        }
        self.used: set[tuple[str, ...]] = set()

    async def run(self, *words: str, code: int = 0) -> str:
        process = await self.start(*words)
        async with asyncio.timeout(200):
            answer, complaint = await process.communicate(b"")
        assert process.returncode == code, (words, complaint.decode()[-2000:])
        return answer.decode()

    async def first_line(self, *words: str) -> str:
        """Return the first line of a command that goes on for ever, and end it by Ctrl-C."""
        process = await self.start(*words)
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = await process.stdout.readline()
        process.terminate()
        await process.communicate()
        return line.decode()

    async def read(self, *words: str) -> Any:
        return json.loads(await self.run(*words, "-o", "json"))

    async def read_in_each_format(self, *words: str) -> Any:
        answer = await self.read(*words)
        assert yaml.safe_load(await self.run(*words, "-o", "yaml")) == answer
        assert (await self.run(*words)).strip()
        return answer

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        self.used.update({words[:1], words[:2]})
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tenantry.cli.main", *words),
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )


def commands() -> Iterable[tuple[str, ...]]:
    walked = reference.walk((), typer_main.get_command(main.app))
    return (each.words for each in walked if not hasattr(each.command, "commands"))


async def test_every_command_does_what_it_says(stack: Stack) -> None:
    line = Line(stack)
    line.used |= {("up",), ("down",)}  # the stack's own: the fixture runs them
    assert (await line.read("status"))["isUp"] is True
    await _applications(line)
    await _installations(line)
    await _infrastructure(line, stack)
    await _access(line, stack)
    assert set(commands()) - line.used == set()


async def _applications(line: Line) -> None:
    assert (await line.read("application", "validate", str(MANIFEST)))["metadata"]["name"] == "ihatemoney"
    await line.run("application", "apply", str(MANIFEST), "--wait")
    assert [each["name"] for each in await line.read_in_each_format("application", "list")] == ["ihatemoney"]
    assert (await line.read("application", "show", "ihatemoney"))["status"] == "available"
    versions = await line.read("application", "versions", "ihatemoney")
    assert {each["phase"] for each in versions} == {"Prepared"}


async def _installations(line: Line) -> None:
    await line.run("installation", "create", "flat", "-a", "ihatemoney", "--version", "7.1.1", "--wait")
    assert [each["name"] for each in await line.read("installation", "list")] == ["flat"]
    assert (await line.read("installation", "show", "flat"))["status"] == "stable"
    assert "runs as it should" in await line.run("installation", "explain", "flat")
    assert (await line.read("installation", "credentials", "flat"))["username"] == "admin"
    lines = (await line.run("installation", "logs", "flat", "-o", "json")).splitlines()
    assert lines
    assert all(json.loads(each)["at"] for each in lines)
    assert "flat" in await line.first_line("installation", "watch", "flat")
    assert await line.first_line("installation", "logs", "flat", "-f", "--tail", "1")
    await line.run("installation", "update", "flat", "--version", "7.2.1", "--wait")
    await line.run("installation", "restart", "flat", "--wait")
    await line.run("installation", "rotate", "flat", "--wait")
    await line.run("installation", "hibernate", "flat", "--wait")
    await line.run("installation", "wake", "flat", "--wait")
    await line.run("installation", "lock", "flat")
    await line.run("installation", "delete", "flat", "--yes", code=4)
    await line.run("installation", "unlock", "flat")
    await line.run("installation", "retry", "flat", code=4)
    await line.run("installation", "abandon", "flat", "--yes", code=4)
    await line.run("installation", "delete", "flat", "--yes", "--wait")
    await line.run("installation", "undelete", "flat", "--wait")
    assert (await line.read("installation", "show", "flat"))["servingVersion"] == "7.2.1"


async def _infrastructure(line: Line, stack: Stack) -> None:
    server, store = stack.database_server, stack.object_store
    await line.run("cluster", "register", "second", "--endpoint", f"unix://{stack.layout.socket('agent')}")
    await line.run("cluster", "renew", "second", "--kubeconfig", str(MANIFEST), code=4)  # an agent has none
    await line.run("cluster", "update", "second", "--label", "tier=small")
    for words in (("operator",), ("manage", "--by", "external"), ("upgrade",)):  # nor an operator
        await line.run("cluster", words[0], "second", *words[1:], code=4)
    assert (await line.read("cluster", "plan", "-a", "ihatemoney", "--installations", "9"))["placed"] == 9
    await line.run("database", "register", "second", "--host", "127.0.0.1", "--port", str(server.port))
    await line.run("object-store", "register", "second", "--endpoint", store.endpoint, "--root", str(store.root))
    for noun in ("cluster", "database", "object-store"):
        assert {each["name"] for each in await line.read(noun, "list")} == {"local", "second"}
        await line.run(noun, "cordon", "second")
        assert (await line.read(noun, "show", "second"))["isCordoned"] is True
        await line.run(noun, "uncordon", "second")
    await line.run("cluster", "update", "second", "--max-installations", "3", "--label", "region=eu")
    await line.run("database", "update", "second", "--max-connections", "90")
    files = stack.layout.data / "pooler"
    await line.run("database", "update", "second", "--pooler", "127.0.0.1:6432", "--pooler-budget", "9")
    assert (await line.read("database", "show", "second"))["poolerBudget"] == 9
    await line.run("pooler", "run", "second", "--directory", str(files), "--once")
    assert "[databases]" in (files / "tenantry.ini").read_text()
    await line.run("object-store", "update", "second", "--max-buckets", "5")
    planned = await line.read("cluster", "plan", "-a", "ihatemoney", "--installations", "9", "--on", "region=eu")
    assert (planned["placed"], planned["runsOut"]) == (3, "cluster")
    for noun in ("cluster", "database"):
        await line.run(noun, "deregister", "local", "--yes", code=4)  # an installation lives there
    for noun in ("cluster", "database", "object-store"):
        assert "second is deregistered" in await line.run(noun, "deregister", "second", "--yes")
        assert [each["name"] for each in await line.read(noun, "list")] == ["local"]


async def _access(line: Line, stack: Stack) -> None:
    secret = (await line.run("token", "create", "ci", "--scope", "events:read")).strip()
    made = next(each for each in await line.read("token", "list") if each["name"] == "ci")
    events = await line.read("event", "list", "--limit", "5")
    assert len(events) == 5
    assert await line.first_line("event", "stream", "--after", "0")
    await line.run("context", "set", "ci", "--url", stack.provisioner_url, "--token", secret)
    await line.run("context", "use", "ci")
    assert (await line.read("context", "list"))[0]["isCurrent"] is True
    assert (await line.read("context", "show"))["url"] == stack.provisioner_url
    await line.run("event", "list", "--context", "ci")
    await line.run("installation", "list", "--context", "ci", code=5)
    await line.run("context", "remove", "ci")
    assert json.loads(await line.run("token", "revoke", made["id"], "-o", "json"))["revoked"] is True
