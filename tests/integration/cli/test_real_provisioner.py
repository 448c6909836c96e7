"""The command line against a real provisioner on a real database: what one says, the other understands."""

import asyncio
import base64
import json
import os
import secrets
import socket
import sys
from asyncio.subprocess import STDOUT
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tenantry.client import provisioner
from tenantry.kernel import errors
from tenantry.wire import installations, tokens

Run = Callable[..., Awaitable[Any]]

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/applications/ihatemoney/application.yaml"
SECRET = "for-tests-only"


@pytest.fixture
async def url(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[str, None]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{probe.getsockname()[1]}"
    keys, known = tmp_path / "keys", tmp_path / "tokens.json"
    keys.write_text(_fernet_key())
    known.write_text(json.dumps([{"name": "cli", "scopes": list(tokens.Scope), "secret": SECRET}]))
    environment = {
        "TENANTRY_PROVISIONER_DATABASE_URL": database_url,
        "TENANTRY_PROVISIONER_LISTEN": listen,
        "TENANTRY_PROVISIONER_KEYS_FILE": str(keys),
        "TENANTRY_PROVISIONER_BOOTSTRAP_TOKENS_FILE": str(known),
    }
    async with _running(environment, f"http://{listen}", tmp_path / "log"):
        monkeypatch.setenv("TENANTRY_URL", f"http://{listen}")
        monkeypatch.setenv("TENANTRY_TOKEN", SECRET)
        yield f"http://{listen}"


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@asynccontextmanager
async def _running(environment: dict[str, str], url: str, log: Path) -> AsyncGenerator[None, None]:
    with log.open("wb") as output:
        command = [sys.executable, "-m", "tenantry.provisioner.server"]
        process = await asyncio.create_subprocess_exec(
            *command, env=os.environ | environment, stdout=output, stderr=STDOUT
        )
    try:
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while not await _is_ready(session, url):
                assert process.returncode is None, await asyncio.to_thread(log.read_text)
                await asyncio.sleep(0.05)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/ready") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def test_what_the_command_line_says_the_provisioner_understands(url: str, run: Run, tmp_path: Path) -> None:
    del url
    assert (await run("application", "list")).code == 0
    applied = await run("application", "apply", str(EXAMPLE), "-o", "json")
    assert (applied.code, json.loads(applied.out)["name"]) == (0, "ihatemoney")
    assert "ihatemoney" in (await run("application", "list")).out
    registered = await run("cluster", "register", "here", "--endpoint", f"unix://{tmp_path}/agent.sock")
    assert registered.code == 0
    again = await run("cluster", "register", "here", "--endpoint", f"unix://{tmp_path}/agent.sock")
    assert again.code == 4
    assert (await run("cluster", "cordon", "here")).out == "here is cordoned.\n"
    assert "yes" in (await run("cluster", "list")).out
    assert (await run("installation", "show", "nobody")).code == 3


async def test_a_token_lives_as_long_as_it_may(url: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    del url
    made = await run("token", "create", "ci", "--scope", "installations:read", "-o", "json")
    token = json.loads(made.out)
    monkeypatch.setenv("TENANTRY_TOKEN", token["secret"])
    assert (await run("installation", "list")).code == 0
    assert (await run("token", "list")).code == 5
    monkeypatch.setenv("TENANTRY_TOKEN", SECRET)
    assert (await run("token", "revoke", token["id"])).code == 0
    monkeypatch.setenv("TENANTRY_TOKEN", token["secret"])
    assert (await run("installation", "list")).code == 5


async def test_a_name_is_a_name_and_a_stream_brings_what_happens(url: str, run: Run) -> None:
    async with provisioner.Provisioner(url, SECRET) as client:
        assert (await client.installations.availability("acme")).is_available
        assert not (await client.installations.availability("www")).is_available
        with pytest.raises(errors.CustomerMustActError):
            await client.installations.create(installations.CreateInstallation(name="acme", application="nothing"))
        await run("application", "apply", str(EXAMPLE))
        async with asyncio.timeout(30), aclosing(client.events(after=0, follow=True)) as events:
            first = await anext(events)
    assert first.subject_kind == "application"
    listed = await run("event", "list", "-o", "json")
    assert json.loads(listed.out)[0]["sequence"] == first.sequence
