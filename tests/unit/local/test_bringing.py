"""Coming up, with parts that only remember."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from tenantry.kernel import errors
from tenantry.local import bringing, part, program, supervision

POSTGRES, PORTAL, MAILBOX = part.PartName.POSTGRES, part.PartName.PORTAL, part.PartName.MAILBOX


class Memory:
    """A supervisor and a reporter that remember the order of things."""

    def __init__(self, running: Mapping[str, int] | None = None) -> None:
        self.events: list[str] = []
        self.running = dict(running or {})

    async def put(self, spec: program.ProgramSpec) -> bool:
        self.events.append(f"put {spec.name}")
        return True

    async def start(self, name: str) -> None:
        self.events.append(f"start {name}")

    async def stop(self, name: str) -> None:
        self.events.append(f"stop {name}")

    async def restart(self, name: str) -> None:
        self.events.append(f"restart {name}")

    async def remove(self, name: str) -> None:
        self.events.append(f"remove {name}")

    async def programs(self) -> Mapping[str, supervision.ProgramInfo]:
        running = supervision.ProgramState.RUNNING
        return {name: supervision.ProgramInfo(name=name, state=running, pid=pid) for name, pid in self.running.items()}

    def step(self, part_name: str, message: str) -> None:
        self.events.append(f"say {part_name} {message}")

    def ready(self, part_name: str, took: timedelta, address: str) -> None:
        assert took >= timedelta(0)
        self.events.append(f"ready {part_name} {address}")


def make(
    memory: Memory, name: part.PartName, *, needs: frozenset[part.PartName] = frozenset(), looks: int = 2
) -> part.Part:
    answers = iter([False] * (looks - 1))

    async def prepare() -> None:
        memory.events.append(f"prepare {name}")

    async def settle() -> None:
        memory.events.append(f"settle {name}")

    async def is_ready() -> bool:
        return next(answers, True)

    return part.Part(
        name=name,
        spec=lambda: program.ProgramSpec(name=name, command=["/bin/true"], log_file=Path("/log")),
        prepare=prepare,
        settle=settle,
        is_ready=is_ready,
        address="here",
        waits_for="until it answers",
        needs=needs,
    )


async def test_a_part_waits_for_what_it_needs_and_says_so() -> None:
    memory = Memory()
    parts = [make(memory, PORTAL, needs=frozenset({POSTGRES})), make(memory, POSTGRES)]
    await bringing.Bringing(parts, memory, memory).run()
    assert memory.events == [
        "say portal waits for postgres",
        *(f"{verb} postgres" for verb in ("prepare", "put", "start", "settle")),
        "ready postgres here",
        *(f"{verb} portal" for verb in ("prepare", "put", "start", "settle")),
        "ready portal here",
    ]


async def test_independent_parts_come_up_at_the_same_time() -> None:
    memory = Memory()
    await bringing.Bringing([make(memory, POSTGRES), make(memory, MAILBOX)], memory, memory).run()
    assert memory.events.index("start mailbox") < memory.events.index("ready postgres here")


async def test_what_runs_already_is_not_prepared_again() -> None:
    memory = Memory(running={"postgres": 7})
    await bringing.Bringing([make(memory, POSTGRES)], memory, memory).run()
    assert "prepare postgres" not in memory.events
    assert "ready postgres here" in memory.events


async def test_the_first_reason_is_told_and_the_others_are_given_up() -> None:
    class BrokenError(errors.PermanentError):
        """It broke."""

    async def break_it() -> None:
        raise BrokenError

    memory = Memory()
    broken = part.Part(
        name=MAILBOX,
        spec=lambda: program.ProgramSpec(name=MAILBOX, command=["/bin/true"], log_file=Path("/log")),
        prepare=break_it,
        is_ready=lambda: asyncio.sleep(0, result=True),
        address="there",
        waits_for="until it answers",
    )
    with pytest.raises(BrokenError):
        await bringing.Bringing([broken, make(memory, POSTGRES, looks=10_000)], memory, memory).run()
    assert not [event for event in memory.events if event.startswith("ready")]


async def test_a_part_that_ends_again_and_again_is_given_up_long_before_its_patience_ends() -> None:
    class Dying(Memory):
        async def programs(self) -> Mapping[str, supervision.ProgramInfo]:
            self.running["portal"] = self.running.get("portal", 0) + 1
            return await super().programs()

    dying, never = Dying(), make(Memory(), PORTAL, looks=10_000)
    with pytest.raises(bringing.PartNotReadyError, match="portal did not come up"):
        await bringing.Bringing([never], dying, dying, silence=timedelta(0)).run()


def test_the_end_of_a_log_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert "has not logged" in bringing.last_lines(log)
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    assert bringing.last_lines(log, 2) == "  line 98\n  line 99"
