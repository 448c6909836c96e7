"""The program in the guide runs as it is printed, but for the address."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import orjson

from support import stage as stages
from support import things

GUIDE = Path(__file__).resolve().parents[3] / "docs/how-to/follow-events.md"


async def test_the_program_that_follows_events_prints_them(stage: stages.Stage) -> None:
    [program] = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    stage.answers = [stages.stream(b"id: 1\ndata: %s\n\n" % orjson.dumps(things.event(1)))]
    script = program.replace("http://127.0.0.1:8081", stage.url)
    process = await asyncio.create_subprocess_exec(sys.executable, "-u", "-c", script, stdout=PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        line = await process.stdout.readline()
    process.terminate()
    await process.wait()
    assert line == b"1 installation.changed Event 1.\n"
    assert stage.received[0].headers["Authorization"] == "Bearer TOKEN"
