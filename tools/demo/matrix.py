"""Uses a Synapse workspace as a Matrix client would: signs in, posts a message with a picture, and reads both back."""

import secrets
import struct
import zlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from demo import browser, customer

TEXT = "Hello from the first customer"


@dataclass(frozen=True)
class Chat:
    """What was posted and read back."""

    room: str
    picture: bytes
    content_uri: str


async def chat(visitor: browser.Browser, url: str, sign_in: customer.SignIn) -> Chat:
    """Post a message and a picture into a new room, and read both back.

    Raises:
        PageUnexpectedError: what came back is not what was posted.
    """
    client = _Client(visitor.session, url)
    await client.sign_in(sign_in)
    room = (await client.call("POST", "client/v3/createRoom", {"name": "Welcome", "preset": "private_chat"}))["room_id"]
    picture = png(48, 32, tint=secrets.randbelow(256))
    content_uri = await client.upload(picture)
    await client.post(room, "text", {"msgtype": "m.text", "body": TEXT})
    await client.post(room, "picture", {"msgtype": "m.image", "body": "sea.png", "url": content_uri})
    await _check(client, room, picture)
    return Chat(room=room, picture=picture, content_uri=content_uri)


async def _check(client: "_Client", room: str, picture: bytes) -> None:
    messages = await client.call("GET", f"client/v3/rooms/{quote(room)}/messages?dir=b&limit=10")
    contents = [event["content"] for event in messages["chunk"] if event["type"] == "m.room.message"]
    texts = [content["body"] for content in contents if content["msgtype"] == "m.text"]
    pictures = [content["url"] for content in contents if content["msgtype"] == "m.image"]
    if texts != [TEXT] or len(pictures) != 1:
        message = f"Posted one text and one picture, read back {texts} and {len(pictures)} pictures."
        raise browser.PageUnexpectedError(message)
    if await client.download(pictures[0]) != picture:
        message = "The picture that was read back is not the one that was posted."
        raise browser.PageUnexpectedError(message)


class _Client:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._headers: dict[str, str] = {}

    async def sign_in(self, sign_in: customer.SignIn) -> None:
        request = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": sign_in.username},
            "password": sign_in.password,
        }
        answer = await self.call("POST", "client/v3/login", request)
        self._headers = {"Authorization": f"Bearer {answer['access_token']}"}

    async def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        url = f"{self._url}/_matrix/{path}"
        async with self._session.request(method, url, json=body, headers=self._headers) as response:
            answer = await response.json()
            if response.status != 200:  # noqa: PLR2004 - the protocol's only success
                message = f"{method} {urlsplit(url).path} answered {response.status}: {answer}"
                raise browser.PageUnexpectedError(message)
            return answer

    async def post(self, room: str, transaction: str, content: dict[str, str]) -> None:
        await self.call("PUT", f"client/v3/rooms/{quote(room)}/send/m.room.message/{transaction}", content)

    async def upload(self, picture: bytes) -> str:
        url = f"{self._url}/_matrix/media/v3/upload?filename=sea.png"
        headers = {**self._headers, "Content-Type": "image/png"}
        async with self._session.post(url, data=picture, headers=headers) as response:
            response.raise_for_status()
            return (await response.json())["content_uri"]

    async def download(self, content_uri: str) -> bytes:
        path = content_uri.removeprefix("mxc://")
        url = f"{self._url}/_matrix/client/v1/media/download/{path}"
        async with self._session.get(url, headers=self._headers) as response:
            response.raise_for_status()
            return await response.read()


def png(width: int, height: int, *, tint: int) -> bytes:
    """Draw a small picture: a gradient from sky to sea (PNG, 8-bit RGB); another tint makes another picture."""
    rows = b"".join(
        b"\0" + bytes(part for x in range(width) for part in (tint, 90 + y * 3, 140 + x * 2)) for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
