"""Synapse as its manifest describes it, for real."""

import base64
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tenantry.application import rendering

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(300)]

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Client:
    """A small Matrix client."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._headers: dict[str, str] = {}

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        async with self._session.request(
            method, f"{self._url}/_matrix{path}", json=body, headers=self._headers
        ) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def sign_in(self, password: str) -> None:
        identifier = {"type": "m.id.user", "user": "admin"}
        body = {"type": "m.login.password", "identifier": identifier, "password": password}
        answer = await self.ask("POST", "/client/v3/login", body)
        self._headers = {"Authorization": f"Bearer {answer['access_token']}"}

    async def upload(self, content: bytes) -> str:
        headers = self._headers | {"Content-Type": "image/png"}
        async with self._session.post(f"{self._url}/_matrix/media/v3/upload", data=content, headers=headers) as answer:
            return (await answer.json())["content_uri"].removeprefix("mxc://")

    async def download(self, media: str) -> bytes:
        path = f"{self._url}/_matrix/client/v1/media/download/{media}"
        async with self._session.get(path, headers=self._headers) as answer:
            return await answer.read()


@asynccontextmanager
async def signed_in(url: str, password: str) -> AsyncGenerator[Client]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        client = Client(session, url)
        await client.sign_in(password)
        yield client


async def test_an_administrator_posts_a_picture_that_is_in_the_bucket_at_once(host: Callable[[str], Any]) -> None:
    hosted = host("synapse")
    async with hosted.running() as rendered:
        administrator = rendered.jobs[rendering.JobName.FIRST_ADMINISTRATOR]
        assert await hosted.run(administrator) == (0, "")
        assert await hosted.run(administrator) == (0, "")  # once more changes nothing
        assert await hosted.run(rendered.jobs[rendering.JobName.SMOKE_CHECK]) == (0, "")
        async with signed_in(hosted.url, rendered.credentials.password) as client:
            media = await client.upload(PICTURE)
            kept = [path.read_bytes() for path in hosted.bucket_folder.rglob("*") if path.is_file()]
            assert PICTURE in kept  # beside its thumbnails
            assert await client.download(media) == PICTURE


async def test_a_picture_is_fetched_from_the_bucket_where_the_volume_has_lost_it(host: Callable[[str], Any]) -> None:
    hosted = host("synapse")
    async with hosted.running() as rendered:
        await hosted.run(rendered.jobs[rendering.JobName.FIRST_ADMINISTRATOR])
        async with signed_in(hosted.url, rendered.credentials.password) as client:
            media = await client.upload(PICTURE)
            local = [path for path in (hosted.folder / "data").rglob("*") if path.is_file() and path.suffix != ".pid"]
            for path in local:
                path.unlink()
            assert local
            assert await client.download(media) == PICTURE


async def test_an_upgrade_and_the_way_back_keep_what_was_said(host: Callable[[str], Any]) -> None:
    hosted = host("synapse")
    async with hosted.running("1.160.0") as rendered:
        await hosted.run(rendered.jobs[rendering.JobName.FIRST_ADMINISTRATOR])
        async with signed_in(hosted.url, rendered.credentials.password) as client:
            room = (await client.ask("POST", "/client/v3/createRoom", {"name": "Kitchen"}))["room_id"]
            message = {"msgtype": "m.text", "body": "The kettle is on."}
            await client.ask("PUT", f"/client/v3/rooms/{room}/send/m.room.message/1", message)
    for version in ("1.163.2", "1.160.0"):
        async with (
            hosted.running(version) as rendered,
            signed_in(hosted.url, rendered.credentials.password) as client,
        ):
            said = await client.ask("GET", f"/client/v3/rooms/{room}/messages?dir=b&limit=20")
            assert message in [event["content"] for event in said["chunk"]]


async def test_strangers_cannot_register_and_other_servers_are_not_served(host: Callable[[str], Any]) -> None:
    hosted = host("synapse")
    async with hosted.running(), aiohttp.ClientSession() as session:
        async with session.post(f"{hosted.url}/_matrix/client/v3/register", json={"auth": {}}) as answer:
            assert answer.status == 403
        async with session.get(f"{hosted.url}/_matrix/federation/v1/version") as answer:
            assert answer.status == 404
