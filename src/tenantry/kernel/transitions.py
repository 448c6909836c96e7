"""State machines as tables: the one place where a kind's allowed moves are written.

Everything else derives from the table: the guard that refuses a wrong move, the set of states that are working, the
diagram in the reference, and the tests that try every pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from tenantry.kernel import errors

State = TypeVar("State", bound=StrEnum)
Input = TypeVar("Input", bound=StrEnum)


class TransitionRefusedError(errors.ConflictError):
    """This move is not allowed from the present state."""

    code = "transition-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionTable(Generic[State, Input]):
    """Which input leads from which state to which.

    Attributes:
        name: the kind of thing, for messages and diagrams.
        moves: state → input → next state; what is not listed is refused.
        working: the states in which something is being done; all others rest.
    """

    name: str
    moves: Mapping[State, Mapping[Input, State]]
    working: frozenset[State]

    def allows(self, state: State, given: Input) -> bool:
        """Tell whether the input is allowed in the state."""
        return given in self.moves.get(state, {})

    def next(self, state: State, given: Input) -> State:
        """Return the state that follows.

        Raises:
            TransitionRefusedError: the table has no such move; the message lists what is possible.
        """
        options = self.moves.get(state, {})
        if given not in options:
            possible = ", ".join(sorted(options)) or "nothing"
            message = f"A {self.name} that is {state} cannot take “{given}”. Possible now: {possible}."
            raise TransitionRefusedError(message)
        return options[given]

    def is_working(self, state: State) -> bool:
        """Tell whether something is being done in the state."""
        return state in self.working

    def mermaid(self) -> str:
        """Draw the table as a Mermaid state diagram, for the reference."""
        lines = ["stateDiagram-v2"]
        for state, options in self.moves.items():
            lines += [f"    {state} --> {target}: {given}" for given, target in options.items()]
        return "\n".join(lines)
