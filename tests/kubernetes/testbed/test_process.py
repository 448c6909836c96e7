"""A program that ends too early or is never ready fails its start at once, with the end of its log."""

from datetime import timedelta
from pathlib import Path

import pytest

from testbed import process


async def never() -> bool:
    return False


def shell(script: str, folder: Path) -> process.Process:
    return process.Process("thing", ["/bin/sh", "-c", script], log=folder / "thing.log", ready=never)


class TestStart:
    async def test_one_that_ends_says_why(self, tmp_path: Path) -> None:
        with pytest.raises(process.ProgramEndedError, match=r"(?s)status 3.*no such flag"):
            await shell("echo no such flag >&2; exit 3", tmp_path).start()

    async def test_one_that_is_never_ready_is_given_up(self, tmp_path: Path) -> None:
        thing = shell("echo waiting; exec sleep 60", tmp_path)
        with pytest.raises(process.ProgramSlowError, match="waiting"):
            await thing.start(within=timedelta(seconds=0.5))
        await thing.stop()
        assert thing.pid is None


class TestStop:
    async def test_one_that_does_not_listen_is_ended_by_force(self, tmp_path: Path) -> None:
        ready = tmp_path / "ready"

        async def is_ready() -> bool:
            return ready.exists()

        stubborn = process.Process(
            "stubborn", ["/bin/sh", "-c", f"trap '' TERM; touch {ready}; while :; do sleep 1; done"],
            log=tmp_path / "log", ready=is_ready, grace=timedelta(seconds=0.2),
        )  # fmt: skip
        await stubborn.start()
        await stubborn.stop()
        assert stubborn.pid is None

    async def test_one_that_never_ran_is_stopped_already(self, tmp_path: Path) -> None:
        await shell("exit 0", tmp_path).stop()
