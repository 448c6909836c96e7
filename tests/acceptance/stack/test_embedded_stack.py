"""The stack's promises about its own life, on real parts: what is killed comes back, what is ended is gone."""

import asyncio
import os
import signal
import smtplib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import boto3
import psycopg
import pytest
from botocore.config import Config

from tenantry.local import credentials, frontdoor, locking, ports, processes, s3_keys, status, up
from tenantry.local.stack import Stack

pytestmark = [pytest.mark.acceptance, pytest.mark.embedded]

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
EMBEDDED = {"postgres", "objectstore", "frontdoor", "mailbox"}


class Site(Protocol):
    """What `conftest.Site` is."""

    data: Path
    listen: str
    steps: Any

    @property
    def stack(self) -> Stack: ...
    async def up(self) -> up.Ending: ...
    async def down(self) -> bool: ...
    async def start_foreground(self) -> asyncio.subprocess.Process: ...
    async def pids(self) -> dict[str, int | None]: ...
    def left_over(self) -> set[int]: ...


def connect(stack: Stack) -> psycopg.Connection:
    server = stack.database_server
    password = credentials.read(stack.credentials.portal_database)
    return psycopg.connect(
        host="127.0.0.1", port=server.port, user="tenantry_portal", password=password, dbname="tenantry_portal"
    )


def s3(stack: Stack) -> Any:
    make: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - no types of its own
    return make(
        "s3",
        endpoint_url=stack.object_store.endpoint,
        aws_access_key_id="KEYONE",
        aws_secret_access_key="first-secret",
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )


def send_mail(stack: Stack) -> None:
    with smtplib.SMTP("127.0.0.1", stack.state.ports["mail"]) as client:
        client.sendmail("a@example.com", ["b@example.com"], "Subject: Kept\r\n\r\nStill here\r\n")


async def subjects(stack: Stack) -> list[str]:
    key = credentials.read(stack.credentials.mailbox_key)
    headers = {"Host": "mailbox.localhost", "Authorization": f"Bearer {key}"}
    url = f"http://{stack.state.listen}/messages.json?to=b@example.com"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return [message["subject"] for message in (await answer.json())["messages"]]


def store_things(stack: Stack) -> None:
    with connect(stack) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")
    s3_keys.put_key(stack.object_store.root, access_key="KEYONE", secret_key="first-secret", bucket="first-bucket")
    s3(stack).put_object(Bucket="first-bucket", Key="a/b", Body=b"still here")
    send_mail(stack)


async def check_things(stack: Stack) -> None:
    with connect(stack) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("still here",)]
    assert s3(stack).get_object(Bucket="first-bucket", Key="a/b")["Body"].read() == b"still here"
    assert await subjects(stack) == ["Kept"]


async def ready_parts(site: Site) -> set[str]:
    found = await status.status(site.data)
    return {row.name for row in found.rows if row.state == "ready"}


async def test_every_part_that_is_killed_comes_back(site: Site, until: Until) -> None:
    assert await site.up() is up.Ending.DETACHED
    store_things(site.stack)
    door = frontdoor.Frontdoor(site.stack.layout.socket("caddy"))
    await door.put_route("acme", ["acme.localhost"], "127.0.0.1:9")
    before = await site.pids()
    assert set(before) == EMBEDDED
    for pid in before.values():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    async def all_are_back() -> bool:
        after = await site.pids()
        return all(after[name] not in (None, pid) for name, pid in before.items()) and (
            await ready_parts(site) == EMBEDDED
        )

    await until(all_are_back)
    await check_things(site.stack)
    assert set(await door.list_routes()) == {"acme"}


async def test_a_killed_supervisor_takes_all_along_and_up_brings_all_back(site: Site, until: Until) -> None:
    await site.up()
    store_things(site.stack)
    pids = await site.pids()
    os.kill(await site.stack.supervisor.pid(), signal.SIGKILL)

    async def all_are_gone() -> bool:
        return not any(pid and processes.is_alive(pid) for pid in pids.values())

    await until(all_are_gone)
    assert await site.up() is up.Ending.DETACHED
    assert await ready_parts(site) == EMBEDDED
    await check_things(site.stack)


async def test_down_leaves_nothing_and_the_next_up_finds_everything(site: Site) -> None:
    await site.up()
    store_things(site.stack)
    before = site.stack.state
    assert await site.down() is True
    assert site.left_over() == set()
    assert await site.down() is False
    assert await ready_parts(site) == set()
    await site.up()
    assert site.stack.state == before
    await check_things(site.stack)


async def test_a_second_up_says_so_and_changes_nothing(site: Site) -> None:
    await site.up()
    before = await site.pids()
    assert await site.up() is up.Ending.RUNNING_ALREADY
    assert await site.pids() == before


async def test_up_in_the_foreground_holds_the_stack_and_ends_it(site: Site) -> None:
    foreground = await site.start_foreground()
    with pytest.raises(locking.StackBusyError, match=str(foreground.pid)):
        await site.up()
    before = await site.pids()
    os.kill(await site.stack.supervisor.pid(), signal.SIGKILL)
    assert foreground.stdout is not None
    async with asyncio.timeout(60):
        assert await foreground.stdout.readline() == b"serving\n"
    assert await site.pids() != before
    foreground.send_signal(signal.SIGINT)
    async with asyncio.timeout(60):
        assert await foreground.stdout.readline() == b"stopped\n"
        assert await foreground.wait() == 0
    assert site.left_over() == set()


async def test_down_ends_an_up_in_the_foreground(site: Site) -> None:
    foreground = await site.start_foreground()
    assert await site.down() is True
    async with asyncio.timeout(10):
        assert await foreground.wait() == 0
    assert site.left_over() == set()


async def test_what_a_killed_up_left_running_is_taken_over(site: Site) -> None:
    foreground = await site.start_foreground()
    before = await site.pids()
    foreground.kill()
    await foreground.wait()
    assert await site.up() is up.Ending.DETACHED
    assert await site.pids() == before


async def test_strays_are_ended_before_a_new_life_begins(site: Site) -> None:
    await site.up()
    await site.down()
    marker = site.stack.state.id
    stray = await asyncio.create_subprocess_exec("/bin/sleep", "600", env={"TENANTRY_STACK": marker})
    other = await asyncio.create_subprocess_exec("/bin/sleep", "600", env={"TENANTRY_STACK": f"{marker}-other"})
    await site.up()
    async with asyncio.timeout(10):
        assert await stray.wait() == -signal.SIGTERM
    assert other.returncode is None
    other.kill()
    await other.wait()


async def test_a_port_that_another_program_has_is_named(site: Site) -> None:
    await site.up()
    await site.down()
    port = site.stack.state.ports["postgres"]
    with socket.socket() as taker:
        # Connections of the stack that has ended still linger on the port; a listener may take it all the same.
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("127.0.0.1", port))
        taker.listen()
        with pytest.raises(ports.PortTakenError, match=f"{port}, needed by postgres"):
            await site.up()


async def test_two_stacks_stand_side_by_side(site: Site, new_site: Callable[[], Site]) -> None:
    other = new_site()
    await asyncio.gather(site.up(), other.up())
    assert await ready_parts(site) == await ready_parts(other) == EMBEDDED
    store_things(site.stack)
    assert await subjects(other.stack) == []
    await other.down()
    assert other.left_over() == set()
    await check_things(site.stack)


async def test_files_are_closed_to_others(site: Site) -> None:
    await site.up()
    stack = site.stack
    modes = {path: path.stat().st_mode & 0o777 for path in stack.layout.secrets.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stack.layout.data.stat().st_mode & 0o777 == 0o711
    closed = (stack.layout.secrets, stack.layout.logs, stack.layout.programs, stack.layout.object_store)
    assert {path.stat().st_mode & 0o777 for path in closed} == {0o700}
    assert {path.stat().st_mode & 0o077 for path in stack.layout.run.iterdir()} == {0}


async def test_databases_are_closed_to_each_other(site: Site) -> None:
    await site.up()
    server = site.stack.database_server
    password = credentials.read(site.stack.credentials.portal_database)
    for database in ("postgres", "template1", "tenantry_provisioner"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(
                host="127.0.0.1", port=server.port, user="tenantry_portal", password=password, dbname=database
            )
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host="127.0.0.1", port=server.port, user="postgres", password="guess", dbname="postgres")
