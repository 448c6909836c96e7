"""What is due, in any order in which processes end and others act: it comes to its end, and nothing breaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import operator_moving as moving
from tenantry.operator.migration import model, plan, step

ROUNDS = 80
Way = model.Way
ways = st.sampled_from(Way)


def act(town: moving.Town, way: Way, *, writes: int = 99) -> list[step.Step]:
    """Do what is due together, or only so many writes of it."""
    done: list[step.Step] = []
    for each in plan.together(town.observed(), way):
        if writes <= 0:
            break
        done.append(each)
        writes -= town.take(each, writes=writes)
    return done


def bring(town: moving.Town, way: Way, *, first: int = 0) -> list[str]:
    """Bring it to its end; return the steps that it took."""
    taken: list[str] = []
    for at in range(ROUNDS):
        done = act(town, way)
        if not done:
            return taken
        if isinstance(done[0], step.Wait):
            town.react(first + at)
        else:
            taken += [type(each).__name__ for each in done]
    raise AssertionError(f"does not end: {taken}")


@pytest.mark.parametrize("collides", [False, True])
def test_it_comes_over_and_back_in_this_order(collides: bool) -> None:
    town = moving.Town(collides=collides)
    room = ["Displace"] if collides else []
    over = ["Pause", "Create", "Remember", "HandOver", *room, "Release", "Forget", "Switch", "Retire"]
    assert bring(town, Way.OVER) == over
    assert bring(town, Way.OVER) == []
    assert bring(town, Way.BACK) == ["Revive", "SwitchBack", "Hold", "HandBack", "Delete", "Resume"]
    assert bring(town, Way.BACK) == []


def test_what_was_never_touched_is_not_touched_on_the_way_back() -> None:
    assert bring(moving.Town(), Way.BACK) == []


@pytest.mark.parametrize("first", range(moving.REACTIONS))
@pytest.mark.parametrize(("collides", "is_bare"), [(False, False), (True, False), (False, True)])
def test_it_turns_round_after_any_step(first: int, collides: bool, is_bare: bool) -> None:
    for way, other in ((Way.OVER, Way.BACK), (Way.BACK, Way.OVER)):
        for steps in range(ROUNDS // 2):
            town = moving.Town(collides=collides, is_bare=is_bare)
            if way is Way.BACK:
                bring(town, Way.OVER, first=first)
                settle(town)
            for number in range(steps):
                if isinstance(next(iter(act(town, way, writes=1)), None), step.Wait):
                    town.react(first + number)
            bring(town, other, first=first)
            expect(town, other)


def settle(town: moving.Town) -> None:
    """Let all the others do what they do."""
    for which in range(moving.REACTIONS):
        town.react(which)


def expect(town: moving.Town, way: Way) -> None:
    """Everything is with whom it is to be."""
    is_over = way is Way.OVER
    assert {each.owner for each in town.things} == {model.Side.OURS if is_over else model.Side.FORMER}
    assert (town.successor is not None and not town.successor.is_held) is is_over
    assert town.is_paused is is_over


@given(st.data(), st.booleans())
def test_wherever_it_ends_and_is_turned_round_it_goes_on_and_nothing_breaks(
    data: st.DataObject, collides: bool
) -> None:
    town = moving.Town(collides=collides)
    way = Way.OVER
    for _ in range(data.draw(st.integers(0, 40))):
        move = data.draw(st.sampled_from(["act", "act", "act", "react", "react", "react", "turn"]))
        if move == "turn":
            way = data.draw(ways)
        elif move == "react":
            town.react(data.draw(st.integers(0, moving.REACTIONS - 1)))
        else:
            act(town, way, writes=data.draw(st.integers(1, 4)))
    bring(town, way, first=data.draw(st.integers(0, moving.REACTIONS - 1)))
    settle(town)
    expect(town, way)
    assert town.door.serves is (model.Side.OURS if way is Way.OVER else model.Side.FORMER)
    assert town.runner is not None
    assert town.runner.wanted == (0 if way is Way.OVER else 1)


def test_data_of_another_version_do_not_go_back() -> None:
    town = moving.Town()
    bring(town, Way.OVER)
    town.successor = moving.replace(town.successor, has_newer_data=True) if town.successor else None
    due = next(plan.due(town.observed(), Way.BACK))
    assert isinstance(due, step.Leave)
    assert due.reason == "DataMigrated"


def test_what_is_over_is_left_to_the_operator() -> None:
    town = moving.Town()
    bring(town, Way.OVER)
    town.successor = moving.replace(town.successor, is_ready=False) if town.successor else None
    assert list(plan.due(town.observed(), Way.OVER)) == []
