"""A table allows what it lists and refuses every other pair."""

from enum import StrEnum
from itertools import product

import pytest

from tenantry.kernel import errors, transitions


class Door(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    CLOSING = "closing"


class Act(StrEnum):
    PUSH = "push"
    PULL = "pull"
    CLICK = "click"


MOVES = {
    Door.OPEN: {Act.PUSH: Door.CLOSING},
    Door.CLOSING: {Act.CLICK: Door.CLOSED, Act.PULL: Door.OPEN},
}
TABLE = transitions.TransitionTable(name="door", moves=MOVES, working=frozenset({Door.CLOSING}))


@pytest.mark.parametrize(("state", "given"), list(product(Door, Act)))
def test_every_pair_is_allowed_or_refused_as_the_table_says(state: Door, given: Act) -> None:
    wanted = MOVES.get(state, {}).get(given)
    assert TABLE.allows(state, given) is (wanted is not None)
    if wanted is not None:
        assert TABLE.next(state, given) is wanted
        return
    with pytest.raises(transitions.TransitionRefusedError, match=f"is {state} cannot take “{given}”"):
        TABLE.next(state, given)


def test_a_refusal_says_what_is_possible() -> None:
    with pytest.raises(errors.ConflictError, match=r"Possible now: click, pull\."):
        TABLE.next(Door.CLOSING, Act.PUSH)


def test_a_state_without_moves_allows_nothing() -> None:
    with pytest.raises(errors.ConflictError, match=r"Possible now: nothing\."):
        TABLE.next(Door.CLOSED, Act.PUSH)


@pytest.mark.parametrize(("state", "is_working"), [(Door.OPEN, False), (Door.CLOSING, True), (Door.CLOSED, False)])
def test_working_states_are_those_that_the_table_names(state: Door, *, is_working: bool) -> None:
    assert TABLE.is_working(state) is is_working


def test_the_diagram_has_every_move() -> None:
    assert TABLE.mermaid().splitlines() == [
        "stateDiagram-v2",
        "    open --> closing: push",
        "    closing --> closed: click",
        "    closing --> open: pull",
    ]
