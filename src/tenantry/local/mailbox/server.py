"""Wires the mailbox together and runs it until it is asked to end."""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors, ids
from tenantry.kernel import randomness as randoms
from tenantry.local.mailbox import letters, pages, receiving


class SettingMissingError(errors.CustomerMustActError):
    """A setting of the mailbox is missing."""

    code = "setting-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the mailbox is told by its environment (`TENANTRY_MAILBOX_…`)."""

    data: Path
    host: str
    port: int
    socket: Path
    key_file: Path


def settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingMissingError: one is missing; the message names it.
    """
    try:
        host, _, port = os.environ["TENANTRY_MAILBOX_SMTP"].rpartition(":")
        return Settings(
            data=Path(os.environ["TENANTRY_MAILBOX_DATA"]),
            host=host,
            port=int(port),
            socket=Path(os.environ["TENANTRY_MAILBOX_SOCKET"]),
            key_file=Path(os.environ["TENANTRY_MAILBOX_KEY_FILE"]),
        )
    except KeyError as error:
        raise SettingMissingError(f"The environment lacks {error.args[0]}.") from error


async def serve(given: Settings) -> None:
    """Take mails and show them until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    identifiers = ids.UlidIdentifiers(clocks.SystemClock(), randoms.SystemRandomness())
    kept = letters.Letters(given.data, identifiers)
    key = await asyncio.to_thread(given.key_file.read_text)
    runner = web.AppRunner(pages.Pages(kept, key.strip()).application(), access_log=None)
    await runner.setup()
    async with await receiving.listen(kept, host=given.host, port=given.port):
        await asyncio.to_thread(given.socket.unlink, missing_ok=True)
        await web.UnixSite(runner, str(given.socket)).start()
        await ended.wait()
    await runner.cleanup()
