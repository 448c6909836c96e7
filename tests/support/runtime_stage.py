"""What the contract suite needs of whoever runs installations and of what is around it, in words that fit all of them.

Each runtime has a stage of its own (`agent_stage`, `cluster_stage`) on which everything is real.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from support import tiny
from tenantry.kernel import randomness
from tenantry.runtime import contract, document

_LOOK_EVERY = 0.05


class Stage(Protocol):
    """A runtime that knows the tiny application, and who visits what it runs."""

    @property
    def runtime(self) -> contract.Runtime:
        """The runtime under test."""
        ...

    @property
    def patience(self) -> timedelta:
        """How long whatever is waited for may take here."""
        ...

    def address(self, name: str) -> Mapping[str, Any]:
        """Return the parts of an installation's document that say where visitors find it."""
        ...

    async def answer(self, name: str, path: str = "/") -> str | None:
        """Return what a visitor is answered by the installation itself; None where nobody of its own answers."""
        ...

    async def running(self, name: str) -> Mapping[str, str]:
        """Return the program that runs for each workload; another program is another text, and that is all it says."""
        ...

    async def end(self, name: str, workload: str) -> None:
        """Let the program of a workload end without anybody having asked for it."""
        ...

    async def remains(self, name: str) -> set[str]:
        """Return what is there that was made for an installation, for people to read."""
        ...

    async def take_ready(self) -> str:
        """Return the name of an installation that is ready and that nobody else takes."""
        ...


def fresh() -> str:
    """Return the name of an installation that nobody has used."""
    return f"ins-{randomness.SystemRandomness().token_bytes(5).hex()}"


async def order(stage: Stage, name: str, *, generation: int = 1, **changes: Any) -> document.Installation:
    """Hand an installation of the tiny application over, with parts of its spec replaced."""
    return await stage.runtime.apply(bundle(stage, name, generation=generation, **changes))


def bundle(stage: Stage, name: str, *, generation: int = 1, **changes: Any) -> document.InstallationBundle:
    """Return an installation of the tiny application, with parts of its spec replaced."""
    return tiny.bundle(name, generation=generation, **{**stage.address(name), **changes})


async def comes_to(
    stage: Stage, name: str, phase: document.Phase, *, generation: int = 1
) -> document.InstallationStatus:
    """Wait until an installation is in the phase for this generation, and return what is said of it then."""
    seen: list[document.InstallationStatus | None] = [None]

    async def is_there() -> bool:
        found = await stage.runtime.get(name)
        seen[0] = found.status if found is not None else None
        return seen[0] is not None and (seen[0].phase, seen[0].observed_generation) == (phase, generation)

    await until(stage, is_there, what=lambda: f"{name} comes to {phase} of generation {generation}: {seen[0]}")
    assert seen[0] is not None
    return seen[0]


async def comes_to_answer(stage: Stage, name: str, begun: str | None, path: str = "/") -> None:
    """Wait until visitors are answered this, or None: nothing; a front door that nobody tells learns it by itself."""
    told: list[str | None] = [None]

    async def is_so() -> bool:
        told[0] = await stage.answer(name, path)
        return told[0] is None if begun is None else told[0] is not None and told[0].startswith(begun)

    await until(stage, is_so, what=lambda: f"{name} answers {begun!r}, not {told[0]!r}")


async def unmake(stage: Stage, name: str) -> None:
    """Ask for the removal of an installation, and wait until it is gone."""

    async def is_gone() -> bool:
        return await stage.runtime.delete(name)

    await until(stage, is_gone, what=lambda: f"{name} is gone")
    assert await stage.runtime.get(name) is None


async def until(stage: Stage, holds: Callable[[], Awaitable[bool]], *, what: Callable[[], str]) -> None:
    """Wait until something holds that others bring about.

    Args:
        stage: where.
        holds: whether it is so.
        what: that, for people, if it does not come to pass.
    """
    try:
        async with asyncio.timeout(stage.patience.total_seconds()):
            while not await holds():  # noqa: ASYNC110 - other processes act
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError as error:
        raise AssertionError(f"did not come to pass: {what()}") from error
