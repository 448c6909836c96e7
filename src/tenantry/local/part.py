"""A part of the stack: a program, what must be there before it, and how to know that it serves."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from tenantry.local import program


class PartName(StrEnum):
    """The parts, in the order in which they are shown."""

    POSTGRES = "postgres"
    OBJECTSTORE = "objectstore"
    FRONTDOOR = "frontdoor"
    MAILBOX = "mailbox"
    PROVISIONER = "provisioner"
    PORTAL = "portal"
    AGENT = "agent"


EMBEDDED = frozenset({PartName.POSTGRES, PartName.OBJECTSTORE, PartName.FRONTDOOR, PartName.MAILBOX})
"""What others made and we only start (and the mailbox)."""

EVERYTHING = frozenset(PartName)
"""The whole stack."""


async def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the stack.

    Attributes:
        name: which one.
        spec: its program, made when its needs are there.
        is_ready: tells whether it serves.
        address: where, for people.
        waits_for: what its readiness means, for people: “until it answers queries”.
        prepare: what must be made before its program can start.
        settle: what is done once it serves, before others that need it begin.
        needs: parts that must serve first.
        patience: how long it may take from its start until it serves.
    """

    name: PartName
    spec: Callable[[], program.ProgramSpec]
    is_ready: Callable[[], Awaitable[bool]]
    address: str
    waits_for: str
    prepare: Callable[[], Awaitable[None]] = _nothing
    settle: Callable[[], Awaitable[None]] = _nothing
    needs: frozenset[PartName] = field(default_factory=frozenset[PartName])
    patience: timedelta = timedelta(seconds=90)
